"""What Supabase provides, applied to the embedded server by its superuser: ``sql/platform``."""

from __future__ import annotations

import hashlib
from pathlib import Path

from chatctl.db.files import data_directory


def checksum() -> str:
    """The checksum of all files of ``sql/platform``, names and text."""
    digest = hashlib.sha256()
    for path in _files():
        text = path.read_bytes()
        digest.update(f"{path.name} {len(text)}\n".encode() + text)
    return digest.hexdigest()


def apply(url: str) -> None:
    """Apply ``sql/platform`` to the database of ``url``, all of it or nothing; each file can be applied again."""
    from chatctl.db.connection import connection  # noqa: PLC0415 - psycopg; mostly there is nothing to apply

    with connection(url, application_name="chatctl platform") as conn, conn.transaction():
        for path in _files():
            conn.execute(path.read_bytes())


def _files() -> list[Path]:
    return sorted((data_directory("sql") / "platform").glob("*.sql"))
