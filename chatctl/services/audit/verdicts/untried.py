"""What access.yaml lists and no probe has tried: nothing of it goes without saying."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from chatctl.services.audit.access.expectations import NEVER, Access, Function, Identity
from chatctl.services.audit.findings.finding import Finding, Rule
from chatctl.services.audit.probes import Stage, callee
from chatctl.services.audit.probes.context import TableStage
from chatctl.services.audit.probes.scope import Scope
from chatctl.services.audit.trials.outcome import Tried

# (object, command)
Probed = Collection[tuple[str, str]]


@dataclass(frozen=True)
class Untried:
    """Something of an object that is not tried, and why; ``excused`` when that is as it should be."""

    object: str
    action: str
    reason: str
    excused: bool = False

    @property
    def doubt(self) -> Finding:
        """As a finding that proves nothing."""
        return Finding(
            rule=Rule.untried,
            object=self.object,
            action=self.action,
            message=f"not tried: {self.reason}",
            sql="",
        )


def check(stage: Stage, tried: Sequence[Tried], scope: Scope, absent: Collection[str]) -> list[Untried]:
    """All of it, as far as ``scope`` judges; what is ``absent`` is found to be so already."""
    probed = {(probe.object, probe.privilege) for probe, _ in tried}
    found = [*_internal(stage.access)]
    for table in stage.tables.values():
        found += _of_table(table, probed)
    for function in stage.access.tried_functions:
        if function.signature not in absent and (function.signature, "execute") not in probed:
            found.append(_of_function(stage, function))
    return [each for each in found if scope.judges(each.object)] + _of_people(stage, tried, scope)


def _internal(access: Access) -> Iterator[Untried]:
    """What access.yaml itself says is not tried."""
    for listed in (access.internal_tables, access.internal_functions):
        for name, reason in listed.items():
            if isinstance(reason, str):
                yield Untried(name, "all of it", reason, excused=True)


def _of_table(on: TableStage, probed: Probed) -> Iterator[Untried]:
    table, existing = on.table, on.access.on_existing_data
    if table.rows:
        declared = {"insert": table.insert, "update": table.update, "delete": table.delete.allow != NEVER}
        for command in (command for command, listed in declared.items() if listed):
            yield Untried(table.name, command, "nothing is written through a view that is read by `rows`")
        for command in _held(on) if table.platform_privileges else ():
            reason = (
                f"a role holds {command} on it, and nothing is written through a view that is read by `rows`"
            )
            yield Untried(table.name, command, reason)
        return
    if not on.rows:  # of a fixture there are some
        yield Untried(table.name, "writes to rows", "there is no row of it", excused=True)
    if table.insert and (table.name, "insert") not in probed:
        yield Untried(table.name, "insert", "`values` make no row that is tried", excused=existing)
    for each in on.content.columns if on.rows else ():
        # Where the checks of a column forbid all other values, its own is tried.
        if each.name in table.update or each.generated or each.checks:
            continue
        same = all(on.other(each, row.key) == row.values[each.name] for row in on.rows)
        if same and any(_holds(on, identity, each.name) for identity in on.writers):
            what = f"no other value of type {each.type} is known"
            reason = f"{what}; list the column under update"
            yield Untried(table.name, f"update {each.name}", reason, excused=existing)


def _held(on: TableStage) -> list[str]:
    """The writes that a role of the API holds on a view, on any of its columns."""
    mine = {
        privilege
        for role, name, privilege, _ in on.stage.held
        if name == on.table.name and role in on.access.api.roles
    }
    return [command for command in ("insert", "update", "delete") if command in mine]


def _holds(on: TableStage, identity: Identity, column: str) -> bool:
    return not on.trusts(identity) and on.stage.holds(identity, on.table.name, "update", column)


def _of_function(stage: Stage, function: Function) -> Untried:
    target = callee.find(stage, function)
    if target is None:
        reason = "the database finds no function by this signature; write its types with their schemas"
        return Untried(function.signature, "call", reason)
    if target.untriable:
        return Untried(function.signature, "call", target.untriable)
    reason = "`call` yields no argument values"
    return Untried(function.signature, "call", reason, excused=stage.access.on_existing_data)


def _of_people(stage: Stage, tried: Sequence[Tried], scope: Scope) -> list[Untried]:
    if scope != Scope():
        return []
    moments = {probe.moment for probe, _ in tried}
    found = [
        Untried(f"moment {each.name}", "do", "none of its identities has a probe")
        for each in stage.access.moments
        if each.name not in moments
    ]
    if not stage.writers:
        found.append(Untried("identities", "writes and calls", "every identity only reads"))
    return found
