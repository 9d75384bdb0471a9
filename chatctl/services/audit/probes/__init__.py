"""Generating probes: every identity with every row, column, candidate and argument that access.yaml declares.

What is expected is computed in the database, as the operator: by the conditions of access.yaml over the
fixture, never by a policy. Each generator runs one query for all identities.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from chatctl.services.audit.probes import calls, copies, deletes, inserts, oracles, reads, updates
from chatctl.services.audit.probes.context import AuditContext, TableContext
from chatctl.services.audit.probes.probe import Probe

__all__ = ["AuditContext", "Probe", "generate"]


def generate(context: AuditContext, only: Collection[str] = (), *, brief: bool = False) -> list[Probe]:
    """Every probe, or those of the objects named ``only``, in the same order in every run.

    ``brief`` leaves out probes that privileges alone decide, since these do not change at a moment.
    """
    probes: list[Probe] = []
    for name, table in context.tables.items():
        if not only or name in only:
            probes += _of_table(table, brief=brief)
    for function in context.access.tried_functions:
        if not only or function.signature in only:
            probes += calls.probes(context, function, brief=brief)
    return probes


def _of_table(table: TableContext, *, brief: bool) -> Iterator[Probe]:
    yield from reads.probes(table, brief=brief)
    if table.rules.rows:  # a view; writes through it are not tried
        return
    if insert := table.rules.insert:
        yield from inserts.probes(table, insert, brief=brief)
        yield from oracles.probes(table, insert) if not brief else ()
    elif not brief:
        yield from copies.probes(table)
    if table.rows:
        yield from updates.probes(table, brief=brief)
        yield from deletes.probes(table, brief=brief)
