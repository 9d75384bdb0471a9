"""What the beginning of a name may become, for the shell: people, organizations and conversations."""

from __future__ import annotations

from dataclasses import dataclass

from psycopg.rows import class_row

from chatctl.db.connection import Connection
from chatctl.db.files import query
from chatctl.services.moderation.names import as_id

_MOST = 50
TIMEOUT = "300ms"  # of the server, so that it does not go on when nobody waits any more


@dataclass(frozen=True)
class Completion:
    """A text that names a thing, and what else tells the thing apart."""

    value: str
    description: str


def users(conn: Connection, text: str) -> list[Completion]:
    """Emails, or, after the first letter, names of users."""
    return _candidates(conn, "users", text, None)


def organizations(conn: Connection, text: str) -> list[Completion]:
    """Slugs of organizations."""
    return _candidates(conn, "organizations", text, None)


def conversations(conn: Connection, text: str, *, organization: str | None) -> list[Completion]:
    """Names of the groups of an organization, by its slug or id; none without one."""
    return _candidates(conn, "conversations", text, organization)


def _candidates(conn: Connection, kind: str, text: str, organization: str | None) -> list[Completion]:
    parameters = {
        "text": text,
        "organization": organization,
        "organization_id": as_id(organization or ""),
        "count": _MOST,
    }
    with conn.transaction(), conn.cursor(row_factory=class_row(Completion)) as cursor:
        cursor.execute("set transaction read only")
        cursor.execute("select set_config('statement_timeout', %s, true)", (TIMEOUT,))
        return cursor.execute(query(f"moderation/complete/{kind}"), parameters).fetchall()
