"""Text for a terminal: each group of findings with SQL for psql, then a line with the counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from chatctl.formats.escaping import line, visible
from chatctl.services.audit.findings.finding import AuditRule
from chatctl.services.audit.formats.groups import FindingGroup, groups, located, people
from chatctl.services.audit.report import AuditReport


def render(report: AuditReport) -> str:
    return "\n".join(_lines(report)) + "\n"


def _lines(report: AuditReport) -> Iterator[str]:
    for group in groups(report.problems):
        yield from _group(group)
    accepted = ""
    if report.accepted:
        until = min(each.expires for each in report.accepted)
        accepted = f", {len(report.accepted)} accepted until {until}"
    counts = f"{len(report.findings)} findings, {len(report.invalid)} invalid, {len(report.vacuous)} vacuous"
    more = Counter(
        each.rule for each in report.doubts if each.rule not in (AuditRule.invalid, AuditRule.vacuous)
    )
    counts += "".join(f", {number} {rule}" for rule, number in sorted(more.items()))
    tried = f"{report.tables} tables and {report.functions} functions, {report.probes} probes"
    yield f"{counts}{accepted}: {tried}"
    if report.existing and report.existing.left_out:
        yield line(f"no user of this database was found for: {', '.join(report.existing.left_out)}")
    yield from map(line, report.notes)


def _group(group: FindingGroup) -> Iterator[str]:
    first = group.first
    yield line(f"{first.rule.upper()} {first.object}: {first.action}")
    yield f"  {line(first.message)}"
    if len(group.actions) > 1:
        yield f"  also: {line(', '.join(group.actions[1:]))}"
    if group.probes > 1:
        yield f"  {group.probes} probes, as {line(people(group))}"
    if first.place:
        yield f"  {line(located(first.place))}"
    yield from (f"    {each}" for each in visible(first.sql).splitlines())
    yield ""
