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
    found = f"{len(report.findings)} findings, {len(report.invalid)} invalid, {len(report.vacuous)} vacuous"
    more = Counter(
        each.rule for each in report.doubts if each.rule not in (AuditRule.invalid, AuditRule.vacuous)
    )
    found += "".join(f", {number} {rule}" for rule, number in sorted(more.items()))
    tried = f"{report.tables} tables and {report.functions} functions, {report.probes} probes"
    yield f"{found}{accepted}: {tried}"
    if report.existing and report.existing.left_out:
        yield line(f"no user of this database was found for: {', '.join(report.existing.left_out)}")
    yield from map(line, report.notes)


def _group(group: FindingGroup) -> Iterator[str]:
    found = group.first
    yield line(f"{found.rule.upper()} {found.object}: {found.action}")
    yield f"  {line(found.message)}"
    if len(group.actions) > 1:
        yield f"  also: {line(', '.join(group.actions[1:]))}"
    if group.probes > 1:
        yield f"  {group.probes} probes, as {line(people(group))}"
    if found.place:
        yield f"  {line(located(found.place))}"
    yield from (f"    {each}" for each in visible(found.sql).splitlines())
    yield ""
