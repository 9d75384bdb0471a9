"""Inserting: every combination of values, plain, with RETURNING, and with ON CONFLICT."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from psycopg import sql

from chatctl.services.audit.access.clauses import condition, raw_sql
from chatctl.services.audit.access.expectations import NEVER, Identity, Insert
from chatctl.services.audit.probes import updates
from chatctl.services.audit.probes.context import TableContext
from chatctl.services.audit.probes.probe import Probe
from chatctl.services.audit.stage.candidates import Candidate
from chatctl.services.audit.stage.fixture import created_rows
from chatctl.sqltext.quoting import column


def probes(table: TableContext, insert: Insert, *, brief: bool = False) -> Iterator[Probe]:
    """Every candidate as each identity, then one with each column that clients may not fill."""
    if brief and insert.allow == NEVER:
        return
    names = [*insert.values]
    plain, first = table.insert(names), names[0]
    returning = f"with made as ({plain} returning *) select array_agg('x'::text) from made"
    holds = _holds(table, insert)
    for identity, candidates in table.candidates:
        common: dict[str, Any] = {"privilege": "insert", "column": first}
        for each in candidates:
            subject, is_allowed = describe_values(names, each.values), table.trusts(identity) or each.allowed
            yield table.probe(
                identity, "insert", subject=subject, statement=plain, args=each.values,
                allowed=is_allowed, count=1,
                holds=holds if each.allowed and not table.trusts(identity) else None, **common,
            )  # fmt: skip
            # RETURNING also applies the select policies: what is refused without it is refused with it.
            if is_allowed:
                yield table.probe(
                    identity,
                    "insert returning",
                    subject=subject,
                    statement=returning,
                    args=each.values,
                    allowed=is_allowed,
                    fetches=True,
                    rows=("x",),
                    **common,
                )
        if brief:
            continue
        yield from _on_conflict_do_nothing(
            table, identity, candidates, f"{plain} on conflict do nothing", names
        )
        if not table.rules.platform_privileges:
            best = next((each for each in candidates if each.allowed), candidates[0])
            yield from _forbidden(table, identity, names, best.values)
    if set(table.rules.key) <= set(names) and not brief:
        yield from _upserts(table, insert)


def describe_values(names: Iterable[str], values: tuple[str | None, ...]) -> str:
    """The values of a candidate, as text."""
    return ", ".join(f"{name}={value}" for name, value in zip(names, values, strict=True))


def _holds(table: TableContext, insert: Insert) -> str | None:
    """The query that checks ``holds`` of the inserted row, the one that was not there before."""
    # On existing data only a sample of the previous rows is copied.
    if insert.holds is None or table.access.on_existing_data:
        return None
    same = " and ".join(f"this.{column(part)} = before.{column(part)}" for part in table.rules.key)
    select = sql.SQL(
        "select coalesce(bool_and({}), false) from ({}) this "
        "join chatctl_audit.identities me on me.position = $1 "
        "where not exists (select from {} before where {})"
    ).format(condition(insert.holds), created_rows(table.conn, table.rules), table.snapshot, raw_sql(same))
    return select.as_string(None)


def _on_conflict_do_nothing(
    table: TableContext, identity: Identity, candidates: list[Candidate], statement: str, names: list[str]
) -> Iterator[Probe]:
    # Check policies are applied before the conflict is detected, so one candidate of each kind is enough.
    by_verdict = {each.allowed: each for each in reversed(candidates)}
    for each in by_verdict.values():
        yield table.probe(
            identity,
            "insert or nothing",
            subject=describe_values(names, each.values),
            statement=statement,
            args=each.values,
            allowed=each.allowed or table.trusts(identity),
            count=1,
            privilege="insert",
            column=names[0],
        )


def _forbidden(
    table: TableContext, identity: Identity, listed: list[str], values: tuple[str | None, ...]
) -> Iterator[Probe]:
    for each in table.content.columns:
        if each.name not in listed and not each.generated:
            yield table.probe(
                identity, f"insert with {each.name}", subject=describe_values(listed, values),
                statement=table.insert([*listed, each.name]),
                args=(*values, table.other_value(each, None)),
                allowed=table.trusts(identity), count=1, privilege="insert", column=each.name,
            )  # fmt: skip


def _upserts(table: TableContext, insert: Insert) -> Iterator[Probe]:
    """Insert existing rows ON CONFLICT DO UPDATE, which needs INSERT, UPDATE and SELECT on the row."""
    names = [*insert.values]
    insert_allowed = table.allowed(insert.allow, "insert.allow")
    arbiter = ", ".join(column(name) for name in table.rules.key)
    for name, changes in table.rules.update.items():
        change = changes[0]
        where = f"update.{name}[0]"
        update_allowed, values = (
            table.allowed(change.allow, table.key(f"{where}.allow")),
            updates.values(table, name, change, where),
        )
        statement = (
            f"{table.insert(names)} on conflict ({arbiter}) "
            f"do update set {column(name)} = ${len(names) + 1}::{table.types[name]}"
        )
        for identity in table.writers:
            for row in table.rows_to_try(identity):
                pair = identity.name, row.key
                is_allowed = table.trusts(identity) or (
                    insert_allowed[pair] and update_allowed[pair] and row.key in table.readable[identity.name]
                )
                yield table.probe(
                    identity, f"upsert {name}", subject=row.key, statement=statement,
                    args=(*(row.values[each] for each in names), values[pair]),
                    allowed=is_allowed, count=1, privilege="insert", column=names[0], refused=change.refused,
                )  # fmt: skip
