"""Applying ``sql/platform``, the SQL that Supabase provides, to the embedded server as its superuser."""

from __future__ import annotations

import hashlib
from pathlib import Path

from chatctl.data import data_directory
from chatctl.errors import ChatctlError


def checksum() -> str:
    """The checksum of the names and contents of all files in ``sql/platform``."""
    digest = hashlib.sha256()
    for path in _files():
        text = path.read_bytes()
        digest.update(f"{path.name} {len(text)}\n".encode() + text)
    return digest.hexdigest()


def apply(url: str) -> None:
    """Apply ``sql/platform`` to the database of ``url`` in one transaction; it can be repeated."""
    # psycopg takes 0.2 s to import, and usually there is nothing to apply.
    from chatctl.db.connection import connection, translated  # noqa: PLC0415

    with connection(url, application_name="chatctl platform") as conn, conn.transaction():
        for path in _files():
            try:
                with translated():
                    conn.execute(path.read_bytes())
            except ChatctlError as error:
                raise type(error)(f"sql/platform/{path.name}: {error.message}", hint=error.hint) from error


def _files() -> list[Path]:
    return sorted((data_directory("sql") / "platform").glob("*.sql"))
