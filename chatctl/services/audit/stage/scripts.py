"""SQL that people wrote for the audit to run: a fixture, and what happens at a moment.

It is sent statement by statement, each by itself, so that what looks like one is one, and nothing in it can
end the audit's transaction unseen. The session is left as it was: probes must not inherit its settings.
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
from chatctl.services.audit.access.scripts import unfit
from chatctl.services.audit.stage.transaction import asserted
from chatctl.sqltext.statements import Statement, statements

_SYNTAX = "42601"
# A schema, table, column or function that is missing, and a lock.
_LACKS = frozenset(("3F000", "42P01", "42703", "42883", "55P03"))


def run(conn: Connection, access: Access, script: str, *, where: str, failed: type[ChatctlError]) -> None:
    """Run ``script`` in the open transaction; ``where`` names it.

    Raises Invalid for a statement that no script can make, before anything is run, and ``failed`` with the
    line of one that PostgreSQL refuses.
    """
    for each in unfit(script):
        raise Invalid(f"{where}:{each.line}: `{each.words}`: {each.reason}")
    with asserted(conn, where), _settings_kept(conn, access):
        _run(conn, statements(script), where, failed)


def _run(conn: Connection, parts: Sequence[Statement], where: str, failed: type[ChatctlError]) -> None:
    cursors = []
    try:
        # One round trip for all; unlike a script sent at once, a part with two statements in it is refused.
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
        lacks = "is the database migrated, and nothing locked?" if error.sqlstate in _LACKS else None
        kind = Invalid if error.sqlstate == _SYNTAX else failed
        state = f" [{error.sqlstate}]" if error.sqlstate else ""
        raise kind(
            f"{where}:{line} fails: {reason(error)}{state}", hint=error.diag.message_hint or lacks
        ) from error


@contextmanager
def _settings_kept(conn: Connection, access: Access) -> Iterator[None]:
    """Give the session its settings back in the end; one that was not made before is empty then."""
    before = _settings(conn, access)
    yield
    for name, value in _settings(conn, access).items():
        if value != before.get(name):
            conn.execute("select set_config(%s, %s, true)", (name, before.get(name) or ""))


def _settings(conn: Connection, access: Access) -> dict[str, str | None]:
    # The role first: who has taken another may not be allowed to give back the rest.
    names = ["role", access.api.claims, *access.api.settings]
    found: dict[str, str | None] = dict(conn.execute(query("audit/settings"), {"names": names}).fetchall())
    return {name: found[name] for name in sorted(found, key=lambda name: name != "role")}
