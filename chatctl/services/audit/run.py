"""Trying the probes, each as its identity, inside the caller's transaction.

Impersonation: PostgREST logs in as ``authenticator``, takes the role of the token and sets the claims, both
until the transaction ends. The role and the claims are taken in the same way here. The login is not: the
fixture is never committed, so that nothing of it survives, and is therefore visible to one session only, the
operator's, who has to make it. ``set role authenticator`` is not for postgres to say, and
``set session authorization`` a superuser's. What differs is ``session_user`` alone: row-level security,
privileges and ``current_user`` follow the role in force. The runner asserts that role before every statement,
and the inventory that it is subject to row-level security, and that ``authenticator`` may become the same
roles, no others, and has no rights of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from psycopg import sql

from chatctl.db.connection import Connection
from chatctl.db.files import query
from chatctl.services.audit.expectations import Access
from chatctl.services.audit.probes import Probe
from chatctl.services.audit.sqltext import filled, written


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a probe; ``state`` 00000 when the statement ran."""

    state: str
    message: str | None
    brought: tuple[str | None, ...]
    changed: int
    holds: bool | None


def run(conn: Connection, access: Access, probes: Sequence[Probe]) -> list[Outcome]:
    """The outcomes of ``probes``, in their order. Each is undone as soon as it was seen."""
    statements = {statement: number for number, statement in enumerate(_statements(probes))}
    _write(conn, access, probes, statements)
    for (statement, fetches), number in statements.items():
        _prepare(conn, number, statement, fetches=fetches)
    outcomes: dict[int, Outcome] = {}
    # A setting that was made once is never unset again, only empty: those without claims go first.
    for claimed in (False, True):
        for number in statements.values():
            asked = sql.SQL("select * from {}({})").format(_function(number), sql.Literal(claimed))
            for n, state, message, brought, changed, holds in conn.execute(asked):
                outcomes[n] = Outcome(state, message, tuple(brought or ()), changed or 0, holds)
    return [outcomes[n] for n in range(len(probes))]


def _statements(probes: Sequence[Probe]) -> dict[tuple[str, bool], None]:
    return dict.fromkeys((probe.statement, probe.fetches) for probe in probes)


def _write(
    conn: Connection, access: Access, probes: Sequence[Probe], statements: dict[tuple[str, bool], int]
) -> None:
    positions = {identity.name: position for position, identity in enumerate(access.identities)}
    rows = "copy chatctl_audit.probes (n, statement, identity, args, holds) from stdin"
    with conn.cursor() as cursor, cursor.copy(rows) as copy:
        for n, probe in enumerate(probes):
            number = statements[probe.statement, probe.fetches]
            copy.write_row((n, number, positions[probe.identity.name], list(probe.args), probe.holds))
    conn.execute("create index on chatctl_audit.probes (statement)")


def _prepare(conn: Connection, number: int, statement: str, *, fetches: bool) -> None:
    text = filled(statement, lambda position: f"probe.args[{position}]")
    text += " into brought" if fetches else ""
    conn.execute(
        written(query("audit/runner")).format(
            function=_function(number),
            number=sql.Literal(number),
            statement=written(text),
        )
    )


def _function(number: int) -> sql.Identifier:
    return sql.Identifier("chatctl_audit", f"try_{number}")
