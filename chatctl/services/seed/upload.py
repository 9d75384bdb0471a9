"""Uploading the files of a world to the bucket for attachments."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from supabase import Client

from chatctl.api.bucket import BUCKET, as_conflict
from chatctl.api.client import ApiRefused
from chatctl.api.concurrent import for_each
from chatctl.services.seed import files
from chatctl.services.seed.rows import StoredFile

_CONFLICT = 409


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
            raise as_conflict(refused) from None
        return True

    return sum(for_each(put, stored, on_uploaded))
