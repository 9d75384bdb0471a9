"""The bucket for attachments: deleting files in it."""

from __future__ import annotations

from collections.abc import Sequence

from supabase import Client

from chatctl.api.client import ApiRefused
from chatctl.api.concurrent import for_each
from chatctl.errors import Conflict

BUCKET = "attachments"

_PER_REQUEST = 100  # deletions
_NOT_FOUND = 404


def remove(client: Client, paths: Sequence[str]) -> int:
    """Delete the objects with these names, ignoring missing ones; returns how many were deleted.

    Raises Conflict if the bucket does not exist.
    """
    bucket = client.storage.from_(BUCKET)
    batches = [list(paths[start : start + _PER_REQUEST]) for start in range(0, len(paths), _PER_REQUEST)]
    try:
        return sum(for_each(lambda batch: len(bucket.remove(batch)), batches, lambda done: None))
    except ApiRefused as refused:
        raise as_conflict(refused) from None


def as_conflict(refused: ApiRefused) -> Conflict | ApiRefused:
    """``refused``, as Conflict if the bucket does not exist."""
    if refused.status == _NOT_FOUND:
        return Conflict(f"there is no bucket {BUCKET}: {refused.reason}", hint="run `chatctl migrate`")
    return refused
