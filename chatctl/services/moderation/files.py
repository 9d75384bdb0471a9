"""Deleting the files of redacted and purged messages from Storage."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import psycopg

from chatctl.db.connection import Connection
from chatctl.db.files import query, sql_statement

if TYPE_CHECKING:
    from supabase import Client


def waiting(conn: Connection) -> list[str]:
    """The names of the files that wait to be deleted, in the bucket for attachments."""
    return [name for (name,) in conn.execute(query("moderation/files_to_delete"))]


def delete(conn: Connection, api: Client | None, *, without_storage: bool) -> int:
    """Delete the files that wait for it; returns how many still wait.

    ``api`` deletes them from Storage. ``without_storage``, on an embedded server, only their rows exist. With
    neither, they keep waiting, and nobody can read them.
    """
    names = waiting(conn)
    if not names:
        return 0
    if api:
        from chatctl.api import bucket  # noqa: PLC0415 - the Supabase client is slow to import

        bucket.remove(api, names)
    if without_storage:
        # An operator's role may not; the files wait for the owner's next deletion.
        with suppress(psycopg.errors.InsufficientPrivilege):
            conn.execute(sql_statement("moderation/delete_file_rows"))
    conn.execute(sql_statement("moderation/forget_deleted_files"))
    return len(waiting(conn))
