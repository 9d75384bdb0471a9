"""Inserting: every combination of values that a client may send, plain, returning and over what is there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from psycopg import sql

from chatctl.services.audit.access.clauses import condition, written
from chatctl.services.audit.access.expectations import NEVER, Identity, Insert
from chatctl.services.audit.probes import updates
from chatctl.services.audit.probes.context import TableStage
from chatctl.services.audit.probes.probe import Probe
from chatctl.services.audit.stage.candidates import Candidate
from chatctl.services.audit.stage.fixture import rows_made
from chatctl.sqltext.quoting import column


def probes(on: TableStage, insert: Insert, *, brief: bool = False) -> Iterator[Probe]:
    """The candidates as each identity; and its best one with a column more that is the server's to fill."""
    if brief and insert.allow == NEVER:
        return
    names = [*insert.values]
    plain, first = on.insert(names), names[0]
    returning = f"with made as ({plain} returning *) select array_agg('x'::text) from made"
    holds = _holds(on, insert)
    for identity, candidates in on.candidates:
        more: dict[str, Any] = {"privilege": "insert", "column": first}
        for each in candidates:
            told, may = said(names, each.values), on.trusts(identity) or each.allowed
            yield on.probe(
                identity, "insert", subject=told, statement=plain, args=each.values, allowed=may, count=1,
                holds=holds if each.allowed and not on.trusts(identity) else None, **more,
            )  # fmt: skip
            # RETURNING asks the select policies on top: what is refused without it is refused with it.
            if may:
                yield on.probe(
                    identity,
                    "insert returning",
                    subject=told,
                    statement=returning,
                    args=each.values,
                    allowed=may,
                    fetches=True,
                    rows=("x",),
                    **more,
                )
        if brief:
            continue
        yield from _or_nothing(on, identity, candidates, f"{plain} on conflict do nothing", names)
        if not on.table.platform_privileges:
            best = next((each for each in candidates if each.allowed), candidates[0])
            yield from _forbidden(on, identity, names, best.values)
    if set(on.table.key) <= set(names) and not brief:
        yield from _upserts(on, insert)


def said(names: Iterable[str], values: tuple[str | None, ...]) -> str:
    """The values of a candidate in words."""
    return ", ".join(f"{name}={value}" for name, value in zip(names, values, strict=True))


def _holds(on: TableStage, insert: Insert) -> str | None:
    """The query whether the row that was not there before is as access.yaml says."""
    # On existing data nothing keeps what the whole table held before.
    if insert.holds is None or on.access.on_existing_data:
        return None
    same = " and ".join(f"this.{column(part)} = before.{column(part)}" for part in on.table.key)
    asked = sql.SQL(
        "select coalesce(bool_and({}), false) from ({}) this "
        "join chatctl_audit.identities me on me.position = $1 "
        "where not exists (select from {} before where {})"
    ).format(condition(insert.holds), rows_made(on.conn, on.table), on.snapshot, written(same))
    return asked.as_string(None)


def _or_nothing(
    on: TableStage, identity: Identity, candidates: list[Candidate], statement: str, names: list[str]
) -> Iterator[Probe]:
    # The check policies are asked before the conflict is looked for: one candidate of each kind tells.
    kinds = {each.allowed: each for each in reversed(candidates)}
    for each in kinds.values():
        yield on.probe(
            identity,
            "insert or nothing",
            subject=said(names, each.values),
            statement=statement,
            args=each.values,
            allowed=each.allowed or on.trusts(identity),
            count=1,
            privilege="insert",
            column=names[0],
        )


def _forbidden(
    on: TableStage, identity: Identity, listed: list[str], values: tuple[str | None, ...]
) -> Iterator[Probe]:
    for owned in on.content.columns:
        if owned.name not in listed and not owned.generated:
            yield on.probe(
                identity, f"insert with {owned.name}", subject=said(listed, values),
                statement=on.insert([*listed, owned.name]), args=(*values, on.other(owned, None)),
                allowed=on.trusts(identity), count=1, privilege="insert", column=owned.name,
            )  # fmt: skip


def _upserts(on: TableStage, insert: Insert) -> Iterator[Probe]:
    """Every row once more, its updatable columns set where it is there: needs both rights, and reading."""
    names = [*insert.values]
    fresh = on.allowed(insert.allow, "insert.allow")
    arbiter = ", ".join(column(name) for name in on.table.key)
    for name, changes in on.table.update.items():
        change = changes[0]
        where = f"update.{name}[0]"
        may_set, values = (
            on.allowed(change.allow, on.key(f"{where}.allow")),
            updates.values(on, name, change, where),
        )
        statement = (
            f"{on.insert(names)} on conflict ({arbiter}) "
            f"do update set {column(name)} = ${len(names) + 1}::{on.types[name]}"
        )
        for identity in on.writers:
            for row in on.shown(identity):
                at = identity.name, row.key
                may = on.trusts(identity) or (
                    fresh[at] and may_set[at] and row.key in on.readable[identity.name]
                )
                yield on.probe(
                    identity, f"upsert {name}", subject=row.key, statement=statement,
                    args=(*(row.values[each] for each in names), values[at]),
                    allowed=may, count=1, privilege="insert", column=names[0], refused=change.refused,
                )  # fmt: skip
