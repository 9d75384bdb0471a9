"""GitHub Actions: annotations, and the summary of the step."""

from __future__ import annotations

from chatctl.formats.escaping import line
from chatctl.formats.github import SUMMARY_BYTES, Annotation, limited
from chatctl.services.audit.formats import markdown
from chatctl.services.audit.formats.groups import FindingGroup, groups, people, scope, verdict
from chatctl.services.audit.report import AuditReport

_TITLE = "chatctl audit-rls"


def render(report: AuditReport) -> str:
    annotations = limited([_annotation(group) for group in groups(report.problems)], _TITLE)
    notes = [Annotation("notice", _TITLE, each) for each in report.notes]
    return (
        "\n".join([*map(str, annotations), *map(str, notes), f"{verdict(report)}: {line(scope(report))}"])
        + "\n"
    )


def summary(report: AuditReport, written: int = 0) -> str:
    """The text to append to the file GITHUB_STEP_SUMMARY, which has ``written`` bytes already."""
    return markdown.text(report, SUMMARY_BYTES - written)


def _annotation(group: FindingGroup) -> Annotation:
    first = group.first
    more = f" ({group.probes} probes, as {people(group)})" if group.probes > 1 else ""
    title = f"{first.rule}: {first.object} {first.command or first.action}"
    level, message = group.meaning.level, first.message + more
    if first.place is None:
        return Annotation(level, title, message)
    return Annotation(level, title, message, first.place.file, first.place.line)
