"""Uploading the missing attachments of a world."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from uuid import UUID

from psycopg.rows import class_row

from chatctl.db.connection import Connection
from chatctl.db.files import query
from chatctl.services.seed.chunkwriter import SeedProgress
from chatctl.services.seed.rows import StoredFile

if TYPE_CHECKING:
    from supabase import Client


def upload(
    conn: Connection,
    scope: dict[str, list[UUID]],
    api: Client,
    on_progress: Callable[[SeedProgress], None],
) -> int:
    """Upload the missing files; returns how many. After an interruption, the next run continues."""
    from chatctl.services.seed import upload as uploading  # noqa: PLC0415 - the Supabase client is slow to import

    with conn.cursor(row_factory=class_row(StoredFile)) as cursor:
        missing = cursor.execute(query("seed/missing_files"), scope).fetchall()
    return uploading.upload(
        api, missing, on_uploaded=lambda done: on_progress(SeedProgress("files", done, len(missing)))
    )
