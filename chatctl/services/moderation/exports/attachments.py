"""The files of the messages of an export: listed while the messages are read, downloaded afterwards."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from chatctl.services.moderation.exports.manifest import OmittedFile

FOLDER = "attachments"
_NAME_LENGTH = 60  # characters of the local name

# Downloads an object, named by its bucket and its name; None if it does not exist.
Storage = Callable[[str, str], bytes | None]


@dataclass(frozen=True)
class MessageFile:
    """An object in Storage, and its path in the export."""

    message_id: UUID
    bucket_id: str
    name: str
    path: str


class FileList:
    """The files to download, in a file of their own: there may be more than fit into memory."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self._file = place.open("w+", encoding="utf-8")
        self._count = 0

    def add(self, message_id: UUID, bucket_id: str, name: str) -> str:
        """Its path in the export, which is made of harmless characters."""
        self._count += 1
        path = f"{FOLDER}/{self._count:06}-{_harmless(name)}"
        entry = {"message_id": str(message_id), "bucket_id": bucket_id, "name": name, "path": path}
        self._file.write(json.dumps(entry) + "\n")
        return path

    def __iter__(self) -> Iterator[MessageFile]:
        self._file.seek(0)
        for line in self._file:
            entry = json.loads(line)
            yield MessageFile(UUID(entry.pop("message_id")), **entry)

    def close(self) -> None:
        """Remove the list."""
        self._file.close()
        self._place.unlink(missing_ok=True)


def _harmless(name: str) -> str:
    original = name.rsplit("/", 1)[-1].split("_", 1)[-1]
    return re.sub(r"[^A-Za-z0-9.-]+", "_", original)[-_NAME_LENGTH:].lstrip(".-") or "file"


def download(
    files: FileList, directory: Path, storage: Storage | None, *, on_file: Callable[[int], None]
) -> tuple[int, list[OmittedFile]]:
    """Download the files into ``directory``; how many, and those that are not included.

    Without ``storage``, none is. ``on_file`` is called with the number of files so far.
    """
    included = 0
    omitted: list[OmittedFile] = []
    for file in files:
        content = storage(file.bucket_id, file.name) if storage else None
        if content is None:
            reason = "it is not in Storage" if storage else "the target has no api_url and secret_key"
            omitted.append(OmittedFile(message_id=str(file.message_id), name=file.name, reason=reason))
            continue
        path = directory / file.path
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        included += 1
        on_file(included)
    return included, omitted
