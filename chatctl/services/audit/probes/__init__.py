"""What is tried: every identity against every row, column, candidate and argument that access.yaml declares.

What must happen is asked of the database beforehand, as the operator over the fixture: conditions of
access.yaml, never a policy. Each generator asks once for all identities and makes statements of the answers.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from chatctl.services.audit.probes import calls, copies, deletes, inserts, oracles, reads, updates
from chatctl.services.audit.probes.context import Stage, TableStage
from chatctl.services.audit.probes.probe import Probe

__all__ = ["Probe", "Stage", "generate"]


def generate(stage: Stage, only: Collection[str] = (), *, brief: bool = False) -> list[Probe]:
    """Every probe of the stage, or of the objects named ``only``; the order is the same in every run.

    ``brief`` leaves out what privileges alone decide, which the state of people does not change.
    """
    probes: list[Probe] = []
    for name, table in stage.tables.items():
        if not only or name in only:
            probes += _of_table(table, brief=brief)
    for function in stage.access.tried_functions:
        if not only or function.signature in only:
            probes += calls.probes(stage, function, brief=brief)
    return probes


def _of_table(on: TableStage, *, brief: bool) -> Iterator[Probe]:
    yield from reads.probes(on, brief=brief)
    if on.table.rows:  # a view: what is written through it goes to tables
        return
    if insert := on.table.insert:
        yield from inserts.probes(on, insert, brief=brief)
        yield from oracles.probes(on, insert) if not brief else ()
    elif not brief:
        yield from copies.probes(on)
    if on.rows:
        yield from updates.probes(on, brief=brief)
        yield from deletes.probes(on, brief=brief)
