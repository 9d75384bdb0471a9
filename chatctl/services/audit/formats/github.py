"""GitHub Actions: workflow commands that annotate the lines of a change, and the summary of the step."""

from __future__ import annotations

from collections.abc import Iterator

from chatctl.services.audit.formats import markdown
from chatctl.services.audit.formats.groups import Group, groups, people, scope, verdict
from chatctl.services.audit.formats.harmless import line, shortened
from chatctl.services.audit.report import Report

# GitHub drops what is more than this, for each level of a step.
PER_LEVEL = 10
LONGEST = 4_000
SUMMARY_BYTES = 1_000_000  # of the 1 MiB that a step has for all it writes


def render(report: Report) -> str:
    said = [_note(each) for each in report.notes]
    return "\n".join([*_annotations(report), *said, f"{verdict(report)}: {line(scope(report))}"]) + "\n"


def summary(report: Report, written: int = 0) -> str:
    """What belongs into the file that GITHUB_STEP_SUMMARY names, which holds ``written`` bytes already."""
    return markdown.text(report, SUMMARY_BYTES - written)


def _annotations(report: Report) -> Iterator[str]:
    found = groups(report.problems)
    for level in ("error", "warning"):
        mine = [group for group in found if group.meaning.level == level]
        shown = mine if len(mine) <= PER_LEVEL else mine[: PER_LEVEL - 1]
        yield from (_annotation(level, group) for group in shown)
        if len(mine) > len(shown):
            more = f"{len(mine) - len(shown)} more of this kind stand in the summary of the step"
            yield f"::{level} title={_property('chatctl audit-rls')}::{_data(more)}"


def _note(text: str) -> str:
    return f"::notice title={_property('chatctl audit-rls')}::{_data(text)}"


def _annotation(level: str, group: Group) -> str:
    first = group.first
    where = ""
    if first.place:
        where = f"file={_property(first.place.file)},line={first.place.line},"
    more = f" ({group.probes} probes, as {people(group)})" if group.probes > 1 else ""
    title = f"{first.rule}: {first.object} {first.command or first.action}"
    return f"::{level} {where}title={_property(title)}::{_data(first.message + more)}"


def _data(text: str) -> str:
    # One line only, so that no text begins a command of its own.
    return shortened(line(text), LONGEST).replace("%", "%25")


def _property(text: str) -> str:
    return shortened(line(text), 200).replace("%", "%25").replace(":", "%3A").replace(",", "%2C")
