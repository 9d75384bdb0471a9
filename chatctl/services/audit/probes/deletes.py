"""Deleting each row, all rows at once, and TRUNCATE, to which policies do not apply."""

from __future__ import annotations

from collections.abc import Iterator

from chatctl.services.audit.access.expectations import NEVER
from chatctl.services.audit.probes.context import TableContext
from chatctl.services.audit.probes.probe import ALL, WITHOUT_WHERE, Probe


def probes(table: TableContext, *, brief: bool = False) -> Iterator[Probe]:
    """Deletes of each row, of all rows, and TRUNCATE."""
    if brief and table.rules.delete.allow == NEVER:
        return
    allowed = table.allowed(table.rules.delete.allow, "delete")
    by_key = f"delete from {table.target} where {table.key_is(table.key_placeholder(0))}"
    for identity in table.writers:
        trusted = table.trusts(identity)
        if trusted and table.access.on_existing_data and table.cascades:
            continue  # it would also delete whatever refers to the rows
        for row in table.rows:
            yield table.probe(
                identity, "delete", subject=row.key, statement=by_key, args=tuple(row.keys.values()),
                allowed=trusted or allowed[identity.name, row.key], count=1, privilege="delete",
                refused=table.rules.delete.refused,
            )  # fmt: skip
        if not trusted and table.content.whole:
            allowed_keys = [row.key for row in table.rows if allowed[identity.name, row.key]]
            yield table.probe(
                identity, "delete" + WITHOUT_WHERE, subject=ALL, statement=f"delete from {table.target}",
                allowed=bool(allowed_keys), count=len(allowed_keys), privilege="delete",
                refused=table.rules.delete.refused,
                may_refuse=len(allowed_keys) > 1 and bool(table.rules.delete.refused),
            )  # fmt: skip
    if not (table.rules.platform_privileges or brief):
        # Decided by the privilege alone, which the inventory checks for every role.
        for identity in table.writers:
            if not table.trusts(identity):
                yield table.probe(
                    identity,
                    "truncate",
                    subject=ALL,
                    statement=f"truncate {table.target}",
                    allowed=False,
                    privilege="truncate",
                )
