"""Running the SQL of access.yaml: the fixture, and the script of each moment.

Each statement is sent by itself, so that no statement hides in another, and none can end the audit's
transaction undetected. Session settings are restored, because probes must not inherit them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import psycopg

from chatctl.db.connection import Connection
from chatctl.db.files import query
from chatctl.db.sqlstate import reason
from chatctl.errors import ChatctlError, Invalid
from chatctl.services.audit.access.expectations import Access
from chatctl.services.audit.access.scripts import forbidden_statements
from chatctl.services.audit.stage.transaction import same_transaction
from chatctl.sqltext.statements import Statement, statements

_SYNTAX = "42601"
# A missing schema, table, column or function, and a lock.
_MISSING = frozenset(("3F000", "42P01", "42703", "42883", "55P03"))


def run(conn: Connection, access: Access, script: str, *, where: str, failed: type[ChatctlError]) -> None:
    """Run ``script`` in the open transaction; ``where`` names it in messages.

    Raises Invalid for a statement that scripts may not contain, before anything runs, and ``failed`` with
    the line of a statement that PostgreSQL rejects.
    """
    for each in forbidden_statements(script):
        raise Invalid(f"{where}:{each.line}: `{each.words}`: {each.reason}")
    with same_transaction(conn, where), _settings_restored(conn, access):
        _run(conn, statements(script), where, failed)


def _run(conn: Connection, parts: Sequence[Statement], where: str, failed: type[ChatctlError]) -> None:
    cursors = []
    try:
        # One round trip for all. Unlike a script sent as a whole, a part with two statements is rejected.
        with conn.pipeline():
            for statement in parts:
                cursor = conn.cursor()
                cursors.append(cursor)
                cursor.execute(statement.text.encode())
    except psycopg.Error as error:
        done = sum(cursor.statusmessage is not None for cursor in cursors)
        statement = parts[min(done, len(parts) - 1)]
        position = error.diag.statement_position
        line = statement.line_of(int(position)) if position else statement.first_line
        hint = (
            "check that the database is migrated and nothing is locked"
            if error.sqlstate in _MISSING
            else None
        )
        kind = Invalid if error.sqlstate == _SYNTAX else failed
        state = f" [{error.sqlstate}]" if error.sqlstate else ""
        raise kind(
            f"{where}:{line} fails: {reason(error)}{state}", hint=error.diag.message_hint or hint
        ) from error


@contextmanager
def _settings_restored(conn: Connection, access: Access) -> Iterator[None]:
    """Restore the settings of the session afterwards; one that did not exist before becomes empty."""
    before = _settings(conn, access)
    yield
    for name, value in _settings(conn, access).items():
        if value != before.get(name):
            conn.execute("select set_config(%s, %s, true)", (name, before.get(name) or ""))


def _settings(conn: Connection, access: Access) -> dict[str, str | None]:
    # The role first: another role may not be allowed to reset the others.
    names = ["role", access.api.claims, *access.api.settings]
    values: dict[str, str | None] = dict(conn.execute(query("audit/settings"), {"names": names}).fetchall())
    return {name: values[name] for name in sorted(values, key=lambda name: name != "role")}
