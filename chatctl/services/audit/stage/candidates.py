"""The rows to insert and the arguments to call with, and what each identity may do with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from psycopg import sql

from chatctl.db.connection import Connection
from chatctl.db.files import query
from chatctl.services.audit.access.clauses import condition, written
from chatctl.services.audit.access.expectations import NEVER, Access
from chatctl.services.audit.stage.workspace import among_samples, reading, single


@dataclass(frozen=True, slots=True)
class Candidate:
    """One combination of values for one identity, whether it may, and what must come back (or None)."""

    identity: str
    values: tuple[str | None, ...]
    allowed: bool
    rows: tuple[str | None, ...] | None


def candidates_of(
    conn: Connection,
    access: Access,
    *,
    arguments: Mapping[str, tuple[str, str]],
    allow: str,
    unless: str | None,
    rows: sql.Composable,
    key: str,
) -> list[Candidate]:
    """Every combination of values, for every identity; ``arguments`` is name -> (SQL of the values, type)."""
    texts = [sql.SQL("this.{}::text").format(sql.Identifier(name)) for name in arguments]
    asked = sql.SQL(
        "select me.identity, array[{}]::text[], {}, {} from chatctl_audit.candidates this "
        "join chatctl_audit.identities me on me.position = this.chatctl_me "
        "where not {} order by me.position, 2"
    ).format(sql.SQL(", ").join(texts), condition(allow), rows, condition(unless or NEVER))
    with reading(access, key):
        with among_samples(conn, access):
            single(conn, sql.SQL("create view chatctl_audit.candidates as {}").format(_combined(arguments)))
        found = single(conn, asked).fetchall()
        conn.execute("drop view chatctl_audit.candidates")
    return [
        Candidate(identity, tuple(values), may, None if expected is None else tuple(expected))
        for identity, values, may, expected in found
    ]


def types_of(
    conn: Connection, access: Access, arguments: Mapping[str, tuple[str, str | None]], key: str
) -> dict[str, str]:
    """The type of each argument; one that takes any has that of its values."""
    if all(kind for _, kind in arguments.values()):
        return {name: str(kind) for name, (_, kind) in arguments.items()}
    with reading(access, key), conn.transaction(force_rollback=True), among_samples(conn, access):
        single(conn, sql.SQL("create view chatctl_audit.candidates as {}").format(_combined(arguments)))
        found = conn.execute(query("audit/columns"), {"relation": "chatctl_audit.candidates"}).fetchall()
    made = {name: kind for name, kind, *_ in found}
    return {name: kind or made[name] for name, (_, kind) in arguments.items()}


def _combined(arguments: Mapping[str, tuple[str, str | None]]) -> sql.Composed:
    """The query for all combinations; a later value may ask for an earlier one."""
    sources: list[sql.Composable] = [sql.SQL("chatctl_audit.identities me")]
    fields: list[sql.Composable] = [sql.SQL("me.position as chatctl_me")]
    for name, (text, type_name) in arguments.items():
        values = text if text.lower().startswith("select") else f"select {text}"
        part = sql.Identifier(name)
        sources.append(sql.SQL("cross join lateral ({}) as {} (value)").format(written(values), part))
        cast = written(f"::{type_name}" if type_name else "")
        fields.append(sql.SQL("{}.value{} as {}").format(part, cast, part))
    return sql.SQL("select {} from {}").format(sql.SQL(", ").join(fields), sql.SQL(" ").join(sources))
