"""``--baseline``: known findings that are accepted until a day, each with a reason and an owner.

The file is a YAML list. An entry without ``action``, ``identities`` or ``rows`` accepts any:

    - rule: leak
      object: public.messages
      action: select content
      identities: [colleague]
      rows: {colleague: {all rows: 12}}
      reason: support reads along until the export is there
      owner: ann@example.com
      expires: 2026-12-31
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from chatctl.errors import Invalid
from chatctl.services.audit.findings.finding import ALL_ROWS, DOUBTS, AuditFinding, AuditRule, Place
from chatctl.services.audit.findings.paths import name_of
from chatctl.services.audit.probes.scope import EVERYTHING, Scope
from chatctl.services.audit.report import Accepted, AuditReport
from chatctl.services.audit.verdicts.cells import state

HEAD = (
    "# What `chatctl audit-rls --baseline` accepts; an entry that is out of date or not needed is a finding."
)

_LISTED = 5  # excess rows in a message

_OF_PROBES = {
    AuditRule.leak,
    AuditRule.missing,
    AuditRule.effect,
    AuditRule.oracle,
    AuditRule.raises,
    *DOUBTS,
}


@dataclass(frozen=True, kw_only=True)
class BaselineEntry:
    """One accepted finding; no ``action`` and no ``identities`` mean all of them.

    ``rows`` limits the rows of each identity, see AuditFinding; identities without an entry have no limit.
    """

    rule: AuditRule
    object: str
    action: str | None
    identities: frozenset[str]
    reason: str
    owner: str
    expires: date
    place: Place
    rows: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str, str]:
        return self.rule.value, self.object, self.action or ""

    @property
    def name(self) -> str:
        """The finding's id, as far as the entry names it."""
        return ":".join(part for part in self.key if part)

    def concerns(self, finding: AuditFinding) -> bool:
        """Whether it is about ``finding``, regardless of identities and rows."""
        return (self.rule, self.object) == (finding.rule, finding.object) and (
            self.action in (None, finding.action)
        )

    def covers(self, finding: AuditFinding) -> bool:
        """Whether it accepts ``finding``: with no further identities, and no further rows."""
        return self.concerns(finding) and not self.excess(finding)

    def excess(self, finding: AuditFinding) -> str:
        """The identities and rows of ``finding`` that are not accepted; empty if there are none."""
        identities = [each for each in finding.identities if self.identities and each not in self.identities]
        more = [
            f"{who}: {count} x {name}"
            for who, rows in finding.rows.items()
            for name, count in _exceeding(rows, self.rows.get(who, rows))
        ]
        return ", ".join([*identities, *more[:_LISTED], *(["…"] if more[_LISTED:] else [])])

    @property
    def limits_rows(self) -> bool:
        """Whether it limits the rows, or applies to any identity."""
        return bool(self.rows) or not self.identities


def _exceeding(rows: Mapping[str, int], accepted: Mapping[str, int]) -> Iterator[tuple[str, int]]:
    if ALL_ROWS in accepted:
        rows = {ALL_ROWS: sum(rows.values())}
    yield from ((name, count) for name, count in rows.items() if count > accepted.get(name, 0))


def load(path: Path) -> list[BaselineEntry]:
    """The entries of ``path``. Raises Invalid naming the file and the line of a mistake."""
    from chatctl.services.audit.findings import entryfiles  # noqa: PLC0415 - pydantic and yaml are slow to import

    return [
        BaselineEntry(
            rule=AuditRule(entry.rule),
            object=entry.object,
            action=entry.action,
            identities=frozenset(entry.identities),
            reason=entry.reason,
            owner=entry.owner,
            expires=entry.expires,
            place=Place(name_of(path), line),
            rows=entry.rows,
        )
        for line, entry in entryfiles.read(path, entryfiles.AcceptedEntry, "baseline")
    ]


def apply(
    report: AuditReport, entries: Iterable[BaselineEntry], today: date, *, scope: Scope = EVERYTHING
) -> AuditReport:
    """``report`` without the accepted findings, and with a finding for each entry that is out of date.

    Entries about probes outside of ``scope`` are not changed.
    """
    entries = list(entries)
    active = [entry for entry in entries if entry.expires >= today]
    accepted: dict[str, Accepted] = {}
    for problem in report.problems:
        entry = next((each for each in active if each.covers(problem)), None)
        if entry:
            accepted[problem.id] = Accepted(problem, entry.reason, entry.owner, entry.expires.isoformat())
    stale = [_stale(each) for each in entries if not _needed(each, report, scope)]
    expired = [_expired(each) for each in entries if each not in active and _needed(each, report, scope)]
    return replace(
        report,
        findings=(*_remaining(report.findings, accepted, active), *stale, *expired),
        doubts=(*_remaining(report.doubts, accepted, active),),
        accepted=tuple(accepted.values()),
        cells=tuple(
            replace(
                cell,
                state=state(
                    (AuditRule(each.split(":")[0]) for each in cell.problems if each not in accepted),
                    allowed=cell.state == "allowed",
                    accepted=any(each in accepted for each in cell.problems),
                ),
            )
            for cell in report.cells
        ),
    )


def _remaining(
    findings: Iterable[AuditFinding], accepted: Collection[str], active: Sequence[BaselineEntry]
) -> Iterator[AuditFinding]:
    """Findings that are not accepted; the message says what exceeds an entry."""
    for each in findings:
        if each.id not in accepted:
            entry = next((entry for entry in active if entry.concerns(each)), None)
            excess_note = f"; more than {entry.owner} accepts: {entry.excess(each)}" if entry else ""
            yield replace(each, message=f"{each.message}{excess_note}")


def updated(
    report: AuditReport,
    entries: Iterable[BaselineEntry],
    today: date,
    accept: BaselineEntry | None,
    *,
    scope: Scope = EVERYTHING,
) -> list[BaselineEntry]:
    """The entries that are still needed, and a copy of the template ``accept`` for every other finding.

    An entry for one action gets the current rows. Raises Invalid if there are new findings and ``accept`` is
    None.
    """
    needed = [each for each in entries if each.expires >= today and _needed(each, report, scope)]
    new = [problem for problem in report.problems if not any(each.covers(problem) for each in needed)]
    if new and accept is None:
        raise Invalid(
            f"{len(new)} new {'finding' if len(new) == 1 else 'findings'}: "
            "a baseline requires --reason and --owner for each",
            hint="`chatctl audit-rls` shows them",
        )
    added = [
        replace(
            accept,
            rule=each.rule,
            object=each.object,
            action=each.action,
            identities=frozenset(each.identities),
            rows=dict(each.rows),
        )
        for each in new
        if accept
    ]
    added_keys = {each.key for each in added}
    problems = {each.id: each for each in report.problems}
    counted = [_counted(each, problems) for each in needed if each.key not in added_keys]
    return sorted([*counted, *added], key=lambda each: each.key)


def _counted(entry: BaselineEntry, findings: Mapping[str, AuditFinding]) -> BaselineEntry:
    current = findings.get(entry.name) if entry.action and entry.identities else None
    return replace(entry, rows=dict(current.rows)) if current else entry


def write(path: Path, entries: Iterable[BaselineEntry]) -> None:
    """Write ``entries``; the comment at the head of the file stays."""
    body = "".join(_written(each) for each in entries) or "[]\n"
    try:
        path.write_text("\n".join([*(_head(path) or [HEAD]), body]), encoding="utf-8")
    except OSError as error:
        raise Invalid(f"{path} cannot be written: {error.strerror}") from None


def _head(path: Path) -> list[str]:
    if not path.exists():
        return []
    head = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            break
        head.append(line)
    return head


def _written(entry: BaselineEntry) -> str:
    values = {
        "rule": entry.rule.value,
        "object": entry.object,
        "action": entry.action,
        "identities": sorted(entry.identities) or None,
        "rows": {who: dict(rows) for who, rows in sorted(entry.rows.items())} or None,
        "reason": entry.reason,
        "owner": entry.owner,
    }
    lines = [f"{key}: {_scalar(value)}" for key, value in values.items() if value is not None]
    return "- " + "\n  ".join([*lines, f"expires: {entry.expires}"]) + "\n"


def _scalar(value: object) -> str:
    """``value`` as YAML on one line."""
    import yaml  # noqa: PLC0415 - slow to import, and needed here only

    return yaml.safe_dump([value], default_flow_style=True, allow_unicode=True, width=10_000)[1:-2]


def _needed(entry: BaselineEntry, report: AuditReport, scope: Scope) -> bool:
    if entry.rule in _OF_PROBES and not scope.judges(entry.object):
        return True
    return any(entry.concerns(problem) for problem in report.problems)


def _stale(entry: BaselineEntry) -> AuditFinding:
    message = f"{entry.owner} accepts {entry.name}, which is no longer found; remove the entry"
    return AuditFinding(
        rule=AuditRule.baseline,
        object=entry.object,
        action=f"stale {entry.name}",
        message=message,
        sql="",
        place=entry.place,
    )


def _expired(entry: BaselineEntry) -> AuditFinding:
    message = f"{entry.owner} accepted {entry.name} until {entry.expires}; fix it, or renew the entry"
    return AuditFinding(
        rule=AuditRule.baseline,
        object=entry.object,
        action=f"expired {entry.name}",
        message=message,
        sql="",
        place=entry.place,
    )
