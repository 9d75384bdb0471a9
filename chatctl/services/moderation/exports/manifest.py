"""The manifest of an export: the number of rows, and the size and SHA-256 of each file."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from chatctl.errors import Invalid, NotFound

FILE_NAME = "manifest.json"
_CHUNK = 1 << 20  # bytes


class _ManifestPart(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class ExportedFile(_ManifestPart):
    """A file of the export; ``path`` is relative, with slashes."""

    path: str
    size: int
    sha256: str


class OmittedFile(_ManifestPart):
    """A file in Storage that the export does not contain, and why."""

    message_id: str
    name: str
    reason: str


class Manifest(_ManifestPart):
    """What an export is about and consists of."""

    format: Literal["chatctl export"] = "chatctl export"
    version: Literal[1] = 1
    subject: Literal["conversation", "user"]
    subject_id: str
    data_format: str
    with_deleted: bool
    exported_at: str
    chatctl: str
    counts: dict[str, int]
    files: list[ExportedFile]
    not_included: list[OmittedFile]


@dataclass(frozen=True)
class ExportDifference:
    """A file that is not as the manifest says: ``changed``, ``missing`` or ``extra``."""

    path: str
    problem: str
    explanation: str


def write(directory: Path, manifest: Manifest) -> str:
    """Write the manifest; its SHA-256."""
    content = manifest.model_dump_json(indent=2, ensure_ascii=True).encode() + b"\n"
    (directory / FILE_NAME).write_bytes(content)
    return hashlib.sha256(content).hexdigest()


def read(directory: Path) -> tuple[Manifest, str]:
    """The manifest of an export and its SHA-256. Raises NotFound without one, Invalid if it is not one."""
    path = directory / FILE_NAME
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            raise Invalid(f"{path} is not a regular file")
        content = path.read_bytes()
        manifest = Manifest.model_validate_json(content)
    except FileNotFoundError:
        raise NotFound(f"there is no export in {directory}: no {FILE_NAME}") from None
    except OSError as error:
        raise Invalid(f"{path} cannot be read: {error.strerror}") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise Invalid(
            f"{path} is not the manifest of an export: {place + ': ' if place else ''}{first['msg']}"
        ) from None
    paths = [file.path for file in manifest.files]
    if len(set(paths)) < len(paths) or not all(map(_is_inside, paths)):
        raise Invalid(f"{path} is not the manifest of an export: it names files twice or outside of it")
    return manifest, hashlib.sha256(content).hexdigest()


def _is_inside(path: str) -> bool:
    parts = PurePosixPath(path).parts
    return (
        "\0" not in path and ".." not in parts and not path.startswith("/") and path == "/".join(parts) != ""
    )


def files_in(directory: Path) -> Iterator[ExportedFile]:
    """The files of a directory but the manifest, by path."""
    for path, entry in sorted(_entries(directory)):
        yield ExportedFile(path=path, size=entry.stat().st_size, sha256=_sha256(entry))


def verify(directory: Path, manifest: Manifest) -> list[ExportDifference]:
    """Where the files of the directory are not those of the manifest, by path."""
    listed = {file.path: file for file in manifest.files}
    present = dict(_entries(directory))
    differences = [
        ExportDifference(path, "missing", "the manifest lists it") for path in listed.keys() - present.keys()
    ]
    for path, entry in present.items():
        if path not in listed:
            explanation = "the manifest does not list it"
        elif not stat.S_ISREG(entry.lstat().st_mode):
            explanation = "it is not a regular file"
        elif entry.stat().st_size != listed[path].size:
            explanation = f"it has {entry.stat().st_size:,} bytes instead of {listed[path].size:,}"
        elif _sha256(entry) != listed[path].sha256:
            explanation = "its SHA-256 is another one"
        else:
            continue
        differences.append(ExportDifference(path, "changed" if path in listed else "extra", explanation))
    return sorted(differences, key=lambda each: each.path)


def _entries(directory: Path) -> Iterator[tuple[str, Path]]:
    """Everything in the directory but folders and the manifest; symbolic links are not followed."""

    def fail(error: OSError) -> None:
        raise Invalid(f"{error.filename} cannot be read: {error.strerror}")

    for folder, subfolders, names in os.walk(directory, onerror=fail):
        links = [name for name in subfolders if (Path(folder) / name).is_symlink()]
        for name in [*names, *links]:
            path = Path(folder) / name
            relative = path.relative_to(directory).as_posix()
            if relative != FILE_NAME:
                yield relative, path


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
    except OSError as error:
        raise Invalid(f"{path} cannot be read: {error.strerror}") from None
    return digest.hexdigest()


def utc(moment: datetime) -> str:
    """A moment in UTC as the manifest has it."""
    return moment.isoformat().replace("+00:00", "Z")
