"""Grouping findings for people: by rule, object and command, the worst first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from chatctl.formats.counting import counted
from chatctl.services.audit.findings.finding import AuditFinding, AuditRule, Place
from chatctl.services.audit.findings.rules import MEANING, Meaning
from chatctl.services.audit.report import AuditReport


@dataclass(frozen=True)
class FindingGroup:
    """Findings of one rule, object and command, represented by the first."""

    findings: tuple[AuditFinding, ...]

    @property
    def first(self) -> AuditFinding:
        return self.findings[0]

    @property
    def rule(self) -> AuditRule:
        return self.first.rule

    @property
    def meaning(self) -> Meaning:
        return MEANING[self.rule]

    @property
    def actions(self) -> tuple[str, ...]:
        """The distinct actions."""
        return tuple(dict.fromkeys(each.action for each in self.findings))

    @property
    def identities(self) -> tuple[str, ...]:
        """The distinct identities."""
        return tuple(dict.fromkeys(name for each in self.findings for name in each.identities))

    @property
    def probes(self) -> int:
        return sum(each.probes for each in self.findings)

    @property
    def title(self) -> str:
        """Rule, object and command."""
        what = self.first.command or self.first.action
        return f"{self.rule} · {self.first.object} · {what}"


def groups(findings: Iterable[AuditFinding]) -> list[FindingGroup]:
    """``findings`` in groups, the worst rule first."""
    ranked = sorted(findings, key=lambda each: (MEANING[each.rule].level, -MEANING[each.rule].severity))
    by_key: dict[tuple[AuditRule, str, str], list[AuditFinding]] = {}
    for each in ranked:
        # Findings from the catalogue have no command, and are grouped by action.
        by_key.setdefault((each.rule, each.object, each.command or each.action), []).append(each)
    return [FindingGroup(tuple(findings)) for findings in by_key.values()]


def verdict(report: AuditReport) -> str:
    """The counts of findings and doubts in a few words."""
    counts = Counter(each.rule for each in report.doubts)
    parts = [counted(len(report.findings), "finding")] if report.findings else []
    parts += [f"{counts[rule]:,} {rule}" for rule in sorted(counts)]
    if report.accepted:
        parts.append(f"{len(report.accepted)} accepted")
    return ", ".join(parts) if parts else "The rules hold"


def scope(report: AuditReport) -> str:
    """How much was tried, and which identities were left out."""
    tried = (
        f"{counted(report.probes, 'probe')} as {report.identities} identities "
        f"on {counted(report.tables, 'table')} and {counted(report.functions, 'function')}"
    )
    if report.existing is None:
        return tried
    missing = ", ".join(report.existing.left_out)
    return f"{tried}, on existing data" + (f"; no user was found for {missing}" if missing else "")


def people(group: FindingGroup, most: int = 6) -> str:
    """The identities of a group, at most ``most`` by name."""
    rest = len(group.identities) - most
    parts = ", ".join(group.identities[: most if rest > 1 else None])
    return f"{parts} and {rest} more" if rest > 1 else parts


def located(place: Place | None) -> str:
    """``file:line``, or nothing."""
    return f"{place.file}:{place.line}" if place else ""
