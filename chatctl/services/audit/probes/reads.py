"""Reading: exactly the rows that an identity may see, whole and column by column."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from psycopg import sql

from chatctl.services.audit.access.clauses import key_text, written
from chatctl.services.audit.probes.context import TableStage
from chatctl.services.audit.probes.probe import ALL, Probe
from chatctl.services.audit.stage.workspace import reading, single
from chatctl.sqltext.quoting import column


def probes(on: TableStage, *, brief: bool = False) -> Iterator[Probe]:
    """The rows by their keys, and every column by itself: a privilege may be missing for one of them."""
    table = on.table
    key, (among, args) = key_text(table.key), on.among()
    rows_read = (
        f"select coalesce(array_agg({key} order by {key}), '{{}}') from {on.target} this where {among}"
    )
    column_read = (
        "select array_fill('x'::text, array[count(*)::integer]) "
        f"from (select {{}} from {on.target} this where {among}) as seen"
    )
    seen = _declared(on) if table.rows else {name: tuple(sorted(keys)) for name, keys in on.readable.items()}
    for identity in on.access.identities:
        keys = seen[identity.name]
        more: dict[str, Any] = {"allowed": bool(keys), "fetches": True, "privilege": "select"}
        yield on.probe(
            identity,
            "select",
            subject=ALL,
            statement=rows_read,
            args=args,
            rows=keys,
            column=table.key[0],
            **more,
        )
        for each in on.content.columns if not (identity.reads_only or brief) else ():
            yield on.probe(
                identity,
                f"select {each.name}",
                subject=ALL,
                statement=column_read.format(column(each.name)),
                args=args,
                rows=("x",) * len(keys),
                column=each.name,
                **more,
            )


def _declared(on: TableStage) -> dict[str, tuple[str, ...]]:
    """What ``rows`` of access.yaml brings for every identity."""
    asked = sql.SQL(
        "select me.identity, array(select expected.key from ({}) as expected (key) order by 1) "
        "from chatctl_audit.identities me"
    ).format(written(on.table.rows or ""))
    with reading(on.access, on.key("rows")):
        return {name: tuple(keys) for name, keys in single(on.conn, asked)}
