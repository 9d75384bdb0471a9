"""The rows to insert and the arguments to call with, and what each identity may do with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from psycopg import sql

from chatctl.db.connection import Connection
from chatctl.services.audit.expectations import NEVER, Access
from chatctl.services.audit.room import reading
from chatctl.services.audit.sqltext import condition, written


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
    arguments: Mapping[str, tuple[str, str]],
    allow: str,
    unless: str | None,
    rows: sql.Composable,
    key: str,
) -> list[Candidate]:
    """Every combination of values, for every identity; ``arguments`` is name -> (SQL of the values, type)."""
    sources = [sql.SQL("chatctl_audit.identities me")]
    for name, (text, _) in arguments.items():
        values = text if text.lower().startswith("select") else f"select {text}"
        sources.append(
            sql.SQL("cross join lateral ({}) as {} (value)").format(written(values), sql.Identifier(name))  # type: ignore[arg-type]
        )
    fields = [
        sql.SQL("{}.value::{} as {}").format(sql.Identifier(name), written(type_name), sql.Identifier(name))
        for name, (_, type_name) in arguments.items()
    ]
    sources.append(sql.SQL("cross join lateral (select {}) as this").format(sql.SQL(", ").join(fields)))  # type: ignore[arg-type]
    texts = [sql.SQL("this.{}::text").format(sql.Identifier(name)) for name in arguments]
    asked = sql.SQL(
        "select me.identity, array[{}]::text[], {}, {} from {} where not {} order by me.position, 2"
    ).format(
        sql.SQL(", ").join(texts), condition(allow), rows, sql.SQL(" ").join(sources),
        condition(unless or NEVER),
    )  # fmt: skip
    with reading(access, key):
        return [
            Candidate(identity, tuple(values), may, None if expected is None else tuple(expected))
            for identity, values, may, expected in conn.execute(asked)
        ]
