"""JUnit XML: a test case for every cell, and one for each finding from the catalogue."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from xml.etree.ElementTree import Element

from chatctl.formats import junit
from chatctl.services.audit.findings.finding import AuditFinding
from chatctl.services.audit.findings.rules import MEANING
from chatctl.services.audit.formats.groups import located
from chatctl.services.audit.report import Accepted, AuditReport
from chatctl.services.audit.verdicts.cells import Cell, State

CATALOGUE = "catalogue"  # the suite for findings from the catalogue and the baseline

_TAGS = {State.finding: "failure", State.invalid: "error", State.vacuous: "error", State.accepted: "skipped"}


def render(report: AuditReport) -> str:
    problems = {each.id: each for each in report.problems}
    accepted = {each.finding.id: each for each in report.accepted}
    root = junit.suites("chatctl audit-rls")
    for name, cells in groupby(report.cells, key=lambda cell: cell.object):
        suite = junit.suite(root, name)
        for cell in cells:
            _cell(suite, cell, problems, accepted)
    _catalogue(junit.suite(root, CATALOGUE), report)
    return junit.document(root)


def _cell(
    suite: Element, cell: Cell, problems: dict[str, AuditFinding], accepted: dict[str, Accepted]
) -> None:
    case = junit.case(suite, f"{cell.object}.{cell.command}", cell.identity)
    findings = [problems[each] for each in cell.problems if each in problems]
    if cell.state is State.accepted:
        _skip(case, [accepted[each] for each in cell.problems if each in accepted])
    elif tag := _TAGS.get(cell.state):
        worst = sorted(findings, key=lambda each: (MEANING[each.rule].level, -MEANING[each.rule].severity))
        _problem(case, tag, worst, cell)


def _problem(case: Element, tag: str, findings: Sequence[AuditFinding], cell: Cell | None = None) -> None:
    rule = findings[0].rule.value if findings else tag
    what = ", ".join(dict.fromkeys(each.action for each in findings))
    message = f"{rule}: {what}" if cell else findings[0].message
    parts = [f"{each.message}\n{located(each.place)}\n\n{each.sql}" for each in findings[:1]]
    if cell:
        failed = [each for each in cell.samples if each.verdict != "passed"]
        sample_lines = [
            f"{each.action} of {each.subject}: {each.came}; must be: {each.expected}" for each in failed
        ]
        parts = ["\n".join(sample_lines), *parts]
    junit.problem(case, tag, kind=rule, message=message, text="\n\n".join(parts))


def _skip(case: Element, accepted: Sequence[Accepted]) -> None:
    reasons = [f"{each.finding.id}: {each.reason} ({each.owner}, {each.expires})" for each in accepted]
    junit.skip(case, "; ".join(reasons))


def _catalogue(suite: Element, report: AuditReport) -> None:
    for problem in report.problems:
        if not (problem.command and problem.identities):
            tag = "failure" if MEANING[problem.rule].level == "error" else "error"
            _problem(_of_finding(suite, problem), tag, [problem])
    for each in report.accepted:
        if not (each.finding.command and each.finding.identities):
            _skip(_of_finding(suite, each.finding), [each])
    if not len(suite):
        junit.case(suite, CATALOGUE, "nothing unlisted is within reach")
    if report.notes:
        junit.output(suite, report.notes)


def _of_finding(suite: Element, finding: AuditFinding) -> Element:
    return junit.case(suite, finding.rule.value, f"{finding.object}: {finding.action}")
