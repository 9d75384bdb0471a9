"""Candidate rows to insert and arguments to call with, and which identity may use them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from psycopg import sql

from chatctl.db.connection import Connection
from chatctl.db.files import query
from chatctl.services.audit.access.clauses import condition, raw_sql
from chatctl.services.audit.access.expectations import NEVER, Access
from chatctl.services.audit.stage.workspace import errors_at, execute_single, prefer_samples


@dataclass(frozen=True, slots=True)
class Candidate:
    """Values for one identity to try, whether they are allowed, and the rows expected back (or None)."""

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
    """Every combination of values for every identity.

    ``arguments`` maps a name to the SQL of its values and its type.
    """
    texts = [sql.SQL("this.{}::text").format(sql.Identifier(name)) for name in arguments]
    select = sql.SQL(
        "select me.identity, array[{}]::text[], {}, {} from chatctl_audit.candidates this "
        "join chatctl_audit.identities me on me.position = this.chatctl_me "
        "where not {} order by me.position, 2"
    ).format(sql.SQL(", ").join(texts), condition(allow), rows, condition(unless or NEVER))
    with errors_at(access, key):
        with prefer_samples(conn, access):
            execute_single(
                conn, sql.SQL("create view chatctl_audit.candidates as {}").format(_combined(arguments))
            )
        candidates = execute_single(conn, select).fetchall()
        conn.execute("drop view chatctl_audit.candidates")
    return [
        Candidate(identity, tuple(values), allowed, None if expected is None else tuple(expected))
        for identity, values, allowed, expected in candidates
    ]


def argument_types(
    conn: Connection, access: Access, arguments: Mapping[str, tuple[str, str | None]], key: str
) -> dict[str, str]:
    """The type of each argument; a polymorphic one gets the type of its values."""
    if all(kind for _, kind in arguments.values()):
        return {name: str(kind) for name, (_, kind) in arguments.items()}
    with errors_at(access, key), conn.transaction(force_rollback=True), prefer_samples(conn, access):
        execute_single(
            conn, sql.SQL("create view chatctl_audit.candidates as {}").format(_combined(arguments))
        )
        columns = conn.execute(query("audit/columns"), {"relation": "chatctl_audit.candidates"}).fetchall()
    actual = {name: kind for name, kind, *_ in columns}
    return {name: kind or actual[name] for name, (_, kind) in arguments.items()}


def _combined(arguments: Mapping[str, tuple[str, str | None]]) -> sql.Composed:
    """The query for all combinations; the SQL of a value may refer to earlier ones."""
    sources: list[sql.Composable] = [sql.SQL("chatctl_audit.identities me")]
    fields: list[sql.Composable] = [sql.SQL("me.position as chatctl_me")]
    for name, (text, type_name) in arguments.items():
        values = text if text.lower().startswith("select") else f"select {text}"
        part = sql.Identifier(name)
        sources.append(sql.SQL("cross join lateral ({}) as {} (value)").format(raw_sql(values), part))
        cast = raw_sql(f"::{type_name}" if type_name else "")
        fields.append(sql.SQL("{}.value{} as {}").format(part, cast, part))
    return sql.SQL("select {} from {}").format(sql.SQL(", ").join(fields), sql.SQL(" ").join(sources))
