"""What commands require of a database: Supabase's schema and roles, and the backend."""

from __future__ import annotations

from collections.abc import Sequence

from chatctl.db.connection import Connection
from chatctl.db.files import query
from chatctl.errors import Invalid, NotFound


def require_supabase(conn: Connection) -> None:
    """Raise Invalid if the database is not one of Supabase or of the embedded server."""
    missing, _ = _read(conn)
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        raise Invalid(
            f"this is not a Supabase database: {' and '.join(missing)} {verb} missing",
            hint="`chatctl local up` starts one",
        )


def require_backend(conn: Connection) -> None:
    """Raise NotFound if `chatctl migrate` has not installed the backend in the database."""
    _, has_backend = _read(conn)
    if not has_backend:
        raise NotFound("the backend is not installed in this database", hint="run `chatctl migrate` first")


def _read(conn: Connection) -> tuple[Sequence[str], bool]:
    ((missing, has_backend),) = conn.execute(query("requirements")).fetchall()
    return missing, has_backend
