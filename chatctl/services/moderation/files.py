"""Deleting the files of redacted and purged messages from Storage."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg

from chatctl.db.connection import Connection
from chatctl.db.files import query, sql_statement
from chatctl.errors import ChatctlError

if TYPE_CHECKING:
    from supabase import Client


@dataclass(frozen=True)
class WaitingFiles:
    """How many files still wait to be deleted, and why."""

    count: int
    reason: str


def waiting(conn: Connection) -> list[str]:
    """The names of the files that wait to be deleted, in the bucket for attachments."""
    return [name for (name,) in conn.execute(query("moderation/files_to_delete"))]


def delete(
    conn: Connection, api: AbstractContextManager[Client | None], *, without_storage: bool
) -> WaitingFiles:
    """Delete the files that wait for it, and return those that still wait, which nobody can read.

    The client of ``api`` deletes them from Storage; its errors become the reason. ``without_storage``, on an
    embedded server, only their rows exist.
    """
    names = waiting(conn)
    if not names:
        return WaitingFiles(0, "")
    if without_storage:
        reason = "on an embedded server, only its owner can delete them"
        with suppress(psycopg.errors.InsufficientPrivilege):
            conn.execute(sql_statement("moderation/delete_file_rows"))
    else:
        reason = _delete_from_storage(api, names)
    conn.execute(sql_statement("moderation/forget_deleted_files"))
    return WaitingFiles(len(waiting(conn)), reason)


def _delete_from_storage(api: AbstractContextManager[Client | None], names: Sequence[str]) -> str:
    """Delete what Storage lets us delete; why the rest stays."""
    try:
        with api as client:
            if client is None:
                return "the target needs api_url and secret_key"
            from chatctl.api import bucket  # noqa: PLC0415 - the Supabase client is slow to import

            bucket.remove(client, names)
    except ChatctlError as error:
        return error.message
    return "Storage has not deleted them"
