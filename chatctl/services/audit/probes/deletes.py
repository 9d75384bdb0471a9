"""Deleting row by row, everything at once, and by TRUNCATE, which no policy is asked about."""

from __future__ import annotations

from collections.abc import Iterator

from chatctl.services.audit.access.expectations import NEVER
from chatctl.services.audit.probes.context import TableStage
from chatctl.services.audit.probes.probe import ALL, WITHOUT_WHERE, Probe


def probes(on: TableStage, *, brief: bool = False) -> Iterator[Probe]:
    """Deletes of each row, of all rows, and TRUNCATE."""
    if brief and on.table.delete.allow == NEVER:
        return
    allowed = on.allowed(on.table.delete.allow, "delete")
    one = f"delete from {on.target} where {on.key_is(on.place(0))}"
    for identity in on.writers:
        trusted = on.trusts(identity)
        if trusted and on.access.on_existing_data and on.cascades:
            continue  # of real rows, it would take along whatever refers to them
        for row in on.rows:
            yield on.probe(
                identity, "delete", subject=row.key, statement=one, args=tuple(row.keys.values()),
                allowed=trusted or allowed[identity.name, row.key], count=1, privilege="delete",
                refused=on.table.delete.refused,
            )  # fmt: skip
        if not trusted and on.content.whole:
            mine = [row.key for row in on.rows if allowed[identity.name, row.key]]
            yield on.probe(
                identity, "delete" + WITHOUT_WHERE, subject=ALL, statement=f"delete from {on.target}",
                allowed=bool(mine), count=len(mine), privilege="delete",
                refused=on.table.delete.refused, may_refuse=bool(on.table.delete.refused and len(mine) > 1),
            )  # fmt: skip
    if not (on.table.platform_privileges or brief):
        # Decided by the privilege alone, so the inventory's look into the catalogue is its twin.
        for identity in on.writers:
            if not on.trusts(identity):
                yield on.probe(
                    identity,
                    "truncate",
                    subject=ALL,
                    statement=f"truncate {on.target}",
                    allowed=False,
                    privilege="truncate",
                )
