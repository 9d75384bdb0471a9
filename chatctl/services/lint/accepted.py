"""The findings of ``migrate lint`` that a team accepts, each with a reason: lints/accepted.yaml."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from chatctl.services.lint.findings import LintFinding, LintRule

PATH = "lints/accepted.yaml"
UNUSED_ENTRY = LintRule(
    "accepted_without_cause",
    "warning",
    PATH,
    "Every entry of accepted.yaml matches a finding.",
    "An unused entry would silently accept the next finding of its rule. Entries of rules that could not "
    "be checked are ignored.",
)


@dataclass(frozen=True)
class LintSuppression:
    """One entry: the rule, the place (everywhere, one file or one object) and the reason."""

    section: str
    line: int
    rule: str
    reason: str
    file: str | None = None
    object: str | None = None

    def matches(self, finding: LintFinding) -> bool:
        """Whether the entry accepts ``finding``."""
        return (
            self.rule == finding.rule
            and self.file in (None, finding.file)
            and self.object in (None, finding.object)
        )


def read(directory: Path, rules: Collection[str]) -> list[LintSuppression]:
    """The entries of ``directory``; empty if there is no file. ``rules`` are the names of chatctl's rules.

    Raises Invalid, with file, line and key, for invalid YAML, an unknown key or rule, or a missing reason.
    """
    path = directory / PATH
    if not path.exists():
        return []
    from chatctl.services.lint import acceptedfile  # noqa: PLC0415 - pydantic and yaml are slow to import

    return [
        LintSuppression(section=section, line=line, **vars(entry))
        for section, line, entry in acceptedfile.read(path, PATH, rules)
    ]


def partition(
    findings: Sequence[LintFinding], entries: Sequence[LintSuppression]
) -> tuple[list[LintFinding], list[tuple[LintFinding, LintSuppression]]]:
    """The findings that no entry accepts, and the accepted ones with their entry."""
    remaining: list[LintFinding] = []
    accepted: list[tuple[LintFinding, LintSuppression]] = []
    for finding in findings:
        entry = next((each for each in entries if each.matches(finding)), None)
        if entry is None:
            remaining.append(finding)
        else:
            accepted.append((finding, entry))
    return remaining, accepted


def unused_entries(
    entries: Sequence[LintSuppression], findings: Sequence[LintFinding], unchecked: Collection[str]
) -> Iterator[LintFinding]:
    """A finding for each entry that matches none of ``findings``, unless its rule was not checked."""
    for entry in entries:
        if entry.rule in unchecked or any(entry.matches(finding) for finding in findings):
            continue
        place = entry.object or entry.file
        yield UNUSED_ENTRY.finding(
            problem=f"{entry.rule} is accepted{f' for {place}' if place else ''}, but not found",
            remedy="remove the entry",
            file=PATH,
            line=entry.line,
        )
