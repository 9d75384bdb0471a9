"""Uploading and deleting files in the bucket for attachments."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from supabase import Client

from chatctl.api.client import ApiRefused
from chatctl.api.concurrent import for_each
from chatctl.errors import Conflict
from chatctl.services.seed import files
from chatctl.services.seed.rows import StoredFile

BUCKET = "attachments"

_PER_REQUEST = 100  # deletions
_NOT_FOUND, _CONFLICT = 404, 409


def upload(
    client: Client, stored: Iterable[StoredFile], *, on_uploaded: Callable[[int], None] = lambda there: None
) -> int:
    """Upload files that do not exist yet, without an owner; returns how many.

    ``on_uploaded`` is called with the number of files done. Raises Conflict if the bucket does not exist.
    """
    bucket = client.storage.from_(BUCKET)

    def put(file: StoredFile) -> bool:
        attachment = file.attachment
        content = files.content(attachment["name"], attachment["type"])
        try:
            bucket.upload(attachment["url"], content, {"content-type": attachment["type"]})
        except ApiRefused as refused:
            if refused.status == _CONFLICT:
                return False
            raise _as_conflict(refused) from None
        return True

    return sum(for_each(put, stored, on_uploaded))


def remove(client: Client, paths: Sequence[str]) -> int:
    """Delete the objects with these names, ignoring missing ones; returns how many were deleted."""
    bucket = client.storage.from_(BUCKET)
    batches = [list(paths[start : start + _PER_REQUEST]) for start in range(0, len(paths), _PER_REQUEST)]
    try:
        return sum(for_each(lambda batch: len(bucket.remove(batch)), batches, lambda done: None))
    except ApiRefused as refused:
        raise _as_conflict(refused) from None


def _as_conflict(refused: ApiRefused) -> Conflict | ApiRefused:
    if refused.status == _NOT_FOUND:
        return Conflict(f"there is no bucket {BUCKET}: {refused.reason}", hint="run `chatctl migrate`")
    return refused
