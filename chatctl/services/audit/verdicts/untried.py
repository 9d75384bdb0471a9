"""What access.yaml lists but no probe has tried, with the reasons."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from chatctl.services.audit.access.expectations import NEVER, Access, FunctionRules, Identity
from chatctl.services.audit.findings.finding import AuditFinding, AuditRule
from chatctl.services.audit.probes import AuditContext, callee
from chatctl.services.audit.probes.context import TableContext
from chatctl.services.audit.probes.scope import Scope
from chatctl.services.audit.trials.outcome import Tried

# (object, command)
Probed = Collection[tuple[str, str]]


@dataclass(frozen=True)
class Untried:
    """A part of an object that is not tried, and why; ``excused`` if the reason is a good one."""

    object: str
    action: str
    reason: str
    excused: bool = False

    @property
    def finding(self) -> AuditFinding:
        """As a finding."""
        return AuditFinding(
            rule=AuditRule.untried,
            object=self.object,
            action=self.action,
            message=f"not tried: {self.reason}",
            sql="",
        )


def check(
    context: AuditContext, tried: Sequence[Tried], scope: Scope, absent: Collection[str]
) -> list[Untried]:
    """Everything untried within ``scope``; objects in ``absent`` have a finding already."""
    probed = {(probe.object, probe.privilege) for probe, _ in tried}
    untried = [*_internal(context.access)]
    for table in context.tables.values():
        untried += _of_table(table, probed)
    for function in context.access.tried_functions:
        if function.signature not in absent and (function.signature, "execute") not in probed:
            untried.append(_of_function(context, function))
    return [each for each in untried if scope.judges(each.object)] + _of_people(context, tried, scope)


def _internal(access: Access) -> Iterator[Untried]:
    """What access.yaml excludes with a reason."""
    for listed in (access.internal_tables, access.internal_functions):
        for name, reason in listed.items():
            if isinstance(reason, str):
                yield Untried(name, "all of it", reason, excused=True)


def _of_table(table: TableContext, probed: Probed) -> Iterator[Untried]:
    rules, existing = table.rules, table.access.on_existing_data
    if rules.rows:
        declared = {"insert": rules.insert, "update": rules.update, "delete": rules.delete.allow != NEVER}
        for command in (command for command, listed in declared.items() if listed):
            yield Untried(rules.name, command, "nothing is written through a view that is read by `rows`")
        for command in _write_privileges(table) if rules.platform_privileges else ():
            reason = (
                f"a role holds {command} on it, and nothing is written through a view that is read by `rows`"
            )
            yield Untried(rules.name, command, reason)
        return
    if not table.rows:  # a fixture always has some
        yield Untried(rules.name, "writes to rows", "the table has no row", excused=True)
    if rules.insert and (rules.name, "insert") not in probed:
        yield Untried(rules.name, "insert", "`values` produce no row to try", excused=existing)
    for each in table.content.columns if table.rows else ():
        # If its checks forbid all other values, the current one is tried.
        if each.name in rules.update or each.generated or each.checks:
            continue
        same = all(table.other_value(each, row.key) == row.values[each.name] for row in table.rows)
        if same and any(_holds(table, identity, each.name) for identity in table.writers):
            what = f"no other value of type {each.type} is known"
            reason = f"{what}; list the column under update"
            yield Untried(rules.name, f"update {each.name}", reason, excused=existing)


def _write_privileges(table: TableContext) -> list[str]:
    """The write privileges that a role of the API holds on a view or any of its columns."""
    privileges = {
        privilege
        for role, name, privilege, _ in table.context.held
        if name == table.rules.name and role in table.access.api.roles
    }
    return [command for command in ("insert", "update", "delete") if command in privileges]


def _holds(table: TableContext, identity: Identity, column: str) -> bool:
    return not table.trusts(identity) and table.context.holds(identity, table.rules.name, "update", column)


def _of_function(context: AuditContext, function: FunctionRules) -> Untried:
    target = callee.find(context, function)
    if target is None:
        reason = "no function has this signature; write its types with their schemas"
        return Untried(function.signature, "call", reason)
    if target.untriable:
        return Untried(function.signature, "call", target.untriable)
    reason = "`call` yields no argument values"
    return Untried(function.signature, "call", reason, excused=context.access.on_existing_data)


def _of_people(context: AuditContext, tried: Sequence[Tried], scope: Scope) -> list[Untried]:
    if scope != Scope():
        return []
    moments = {probe.moment for probe, _ in tried}
    untried = [
        Untried(f"moment {each.name}", "do", "none of its identities has a probe")
        for each in context.access.moments
        if each.name not in moments
    ]
    if not context.writers:
        untried.append(Untried("identities", "writes and calls", "every identity only reads"))
    return untried
