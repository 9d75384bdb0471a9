"""JUnit XML: a test case for every cell, so that it shows what was tried, and one for each other finding."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from xml.etree import ElementTree as ET

from chatctl.services.audit.cells import Cell, State
from chatctl.services.audit.findings import Finding
from chatctl.services.audit.formats.groups import located
from chatctl.services.audit.formats.harmless import line, visible
from chatctl.services.audit.report import Accepted, Report
from chatctl.services.audit.rules import MEANING

CATALOGUE = "catalogue"  # the suite of what the catalogue and the baseline say

_TAGS = {State.finding: "failure", State.invalid: "error", State.vacuous: "error", State.accepted: "skipped"}


def render(report: Report) -> str:
    problems = {each.id: each for each in report.problems}
    accepted = {each.finding.id: each for each in report.accepted}
    root = ET.Element("testsuites", name="chatctl audit-rls")
    for name, cells in groupby(report.cells, key=lambda cell: cell.object):
        suite = ET.SubElement(root, "testsuite", name=line(name))
        for cell in cells:
            _cell(suite, cell, problems, accepted)
    _catalogue(ET.SubElement(root, "testsuite", name=CATALOGUE), report)
    for suite in root:
        _count(suite, [suite])
    _count(root, list(root))
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _cell(suite: ET.Element, cell: Cell, problems: dict[str, Finding], accepted: dict[str, Accepted]) -> None:
    case = ET.SubElement(
        suite, "testcase", classname=line(f"{cell.object}.{cell.command}"), name=line(cell.identity)
    )
    found = [problems[each] for each in cell.problems if each in problems]
    if cell.state is State.accepted:
        _skip(case, [accepted[each] for each in cell.problems if each in accepted])
    elif tag := _TAGS.get(cell.state):
        worst = sorted(found, key=lambda each: (MEANING[each.rule].level, -MEANING[each.rule].severity))
        _problem(case, tag, worst, cell)


def _problem(case: ET.Element, tag: str, found: Sequence[Finding], cell: Cell | None = None) -> None:
    rule = found[0].rule.value if found else tag
    what = ", ".join(dict.fromkeys(each.action for each in found))
    message = f"{rule}: {what}" if cell else found[0].message
    made = ET.SubElement(case, tag, type=rule, message=line(message))
    parts = [f"{each.message}\n{located(each.place)}\n\n{each.sql}" for each in found[:1]]
    if cell:
        wrong = [each for each in cell.samples if each.verdict != "passed"]
        seen = [f"{each.action} of {each.subject}: {each.came}; must be: {each.expected}" for each in wrong]
        parts = ["\n".join(seen), *parts]
    made.text = visible("\n\n".join(parts))


def _skip(case: ET.Element, accepted: Sequence[Accepted]) -> None:
    said = "; ".join(f"{each.finding.id}: {each.reason} ({each.owner}, {each.expires})" for each in accepted)
    ET.SubElement(case, "skipped", message=line(said))


def _catalogue(suite: ET.Element, report: Report) -> None:
    for found in report.problems:
        if not (found.command and found.identities):
            tag = "failure" if MEANING[found.rule].level == "error" else "error"
            _problem(_of_finding(suite, found), tag, [found])
    for each in report.accepted:
        if not (each.finding.command and each.finding.identities):
            _skip(_of_finding(suite, each.finding), [each])
    if not len(suite):
        ET.SubElement(suite, "testcase", classname=CATALOGUE, name="nothing else is within reach")
    if report.notes:
        ET.SubElement(suite, "system-out").text = "\n".join(map(line, report.notes))


def _of_finding(suite: ET.Element, found: Finding) -> ET.Element:
    name = line(f"{found.object}: {found.action}")
    return ET.SubElement(suite, "testcase", classname=found.rule.value, name=name)


def _count(element: ET.Element, suites: Sequence[ET.Element]) -> None:
    for name, path in (
        ("tests", ""),
        ("failures", "/failure"),
        ("errors", "/error"),
        ("skipped", "/skipped"),
    ):
        element.set(name, str(sum(len(suite.findall(f"testcase{path}")) for suite in suites)))
