"""What an audit reports: the data that ``formats`` renders and ``baseline`` filters."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chatctl.services.audit.findings.finding import AuditFinding, AuditRule
from chatctl.services.audit.verdicts.cells import Cell, ReportedIdentity
from chatctl.services.audit.verdicts.untried import Untried

_NAMED = 8  # columns in a note


@dataclass(frozen=True)
class Accepted:
    """A finding that the baseline accepts, with the reason, the owner and the last day (ISO 8601)."""

    finding: AuditFinding
    reason: str
    owner: str
    expires: str


@dataclass(frozen=True)
class Setup:
    """How to create the fixture: psql commands with paths of files, and the SQL of these files."""

    commands: tuple[str, ...]
    text: str


@dataclass(frozen=True)
class Existing:
    """With ``--on-existing-data``: the uuid of each name, and the identities without one."""

    names: Mapping[str, str]
    left_out: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class AuditReport:
    """The result of an audit. Two runs on the same database differ in ``seconds`` only.

    ``access`` is the file with the rules. ``existing`` is set with ``--on-existing-data``. ``not_tried``
    lists what was left out for a good reason. ``sequences`` are those that the run advanced, which no
    rollback undoes. ``near_now`` are columns of the fixture, see ``stage.clock``. ``unsettled`` says why
    findings could not be tried again.
    """

    identities: int
    tables: int
    functions: int
    probes: int
    by_action: dict[str, int]
    findings: tuple[AuditFinding, ...]
    doubts: tuple[AuditFinding, ...]
    sequences: tuple[str, ...]
    seconds: float
    access: str = "sql/access.yaml"
    people: tuple[ReportedIdentity, ...] = ()
    cells: tuple[Cell, ...] = ()
    accepted: tuple[Accepted, ...] = ()
    setup: Setup = Setup((), "")
    existing: Existing | None = None
    not_tried: tuple[Untried, ...] = ()
    near_now: tuple[str, ...] = ()
    unsettled: str = ""

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes in addition to the verdict, a sentence each."""
        near = _listed(self.near_now)
        reasons: dict[str, list[str]] = defaultdict(list)
        for each in self.not_tried:
            reasons[each.reason].append(each.object)
        return (
            *(f"not tried: {', '.join(objects)}: {reason}" for reason, objects in reasons.items()),
            *([f"sequences that stay advanced: {', '.join(self.sequences)}"] if self.sequences else []),
            *([f"the findings could not be tried again: {self.unsettled}"] if self.unsettled else []),
            *(
                [f"times of the fixture within a day of now, which matter if a rule reads them: {near}"]
                if near
                else []
            ),
        )

    @property
    def conclusive(self) -> bool:
        """Whether every probe proved something."""
        return not self.doubts

    @property
    def problems(self) -> tuple[AuditFinding, ...]:
        """The findings, then the doubts."""
        return (*self.findings, *self.doubts)

    @property
    def invalid(self) -> tuple[AuditFinding, ...]:
        return self.of(AuditRule.invalid)

    @property
    def vacuous(self) -> tuple[AuditFinding, ...]:
        return self.of(AuditRule.vacuous)

    def of(self, rule: AuditRule) -> tuple[AuditFinding, ...]:
        """The problems of one rule."""
        return tuple(each for each in self.problems if each.rule is rule)


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
