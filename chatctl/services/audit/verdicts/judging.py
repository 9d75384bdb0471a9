"""Turning outcomes into verdicts, and verdicts into findings."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from chatctl.services.audit.access.expectations import Access
from chatctl.services.audit.findings.finding import ALL_ROWS, DOUBTS, AuditFinding, AuditRule
from chatctl.services.audit.inventory.privileges import Privileges
from chatctl.services.audit.probes.context import NOT_WRITABLE
from chatctl.services.audit.probes.probe import Probe, write_targets
from chatctl.services.audit.probes.scope import Scope
from chatctl.services.audit.trials.outcome import ProbeOutcome, Tried
from chatctl.services.audit.trials.wording import (
    describe_expectation,
    describe_expected,
    describe_outcome,
    mask_times,
    shortened,
    with_names,
)
from chatctl.services.audit.verdicts.replay import replay
from chatctl.services.audit.verdicts.verdict import (
    ProbeVerdict,
    existence_oracles,
    had_effect,
    shows_access,
    surplus,
    verdict,
)

_SERIALIZATION = "40001"
_OF_A_CHECK = "violates row-level security policy"
_MOST_NAMED = 50  # rows of one identity that are listed


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A probe with its outcome and verdict.

    ``vacuous`` marks a refusal that proves nothing, because no identity is allowed. ``other`` is the probe of
    the same pair that got another answer, ``retried`` the probe of a second run with another verdict.
    """

    probe: Probe
    outcome: ProbeOutcome
    verdict: ProbeVerdict
    vacuous: bool
    other: Tried | None = None
    retried: Tried | None = None

    @property
    def proves(self) -> bool:
        """Whether the outcome is the expected one, and not vacuous."""
        return self.verdict is ProbeVerdict.passed and not self.vacuous

    @property
    def through(self) -> bool:
        """Whether the statement returned a row, changed one, or was a call that succeeded."""
        return had_effect(self.probe, self.outcome)


Group = list[Judged]


def judge(access: Access, tried: Sequence[Tried], privileges: Privileges, scope: Scope) -> list[Judged]:
    """The verdict on each probe that ``scope`` reports. ``privileges`` are those of the catalogue."""
    return [each for each in _judged(access, tried, privileges) if scope.shows(each.probe)]


def findings_and_doubts(
    access: Access, judged: Sequence[Judged], names: Mapping[str, str], scope: Scope
) -> tuple[list[AuditFinding], list[AuditFinding]]:
    """The findings, and those about probes that prove nothing."""
    groups: dict[tuple[AuditRule, str, str], Group] = defaultdict(list)
    for each in judged:
        if each.verdict is not ProbeVerdict.passed:
            groups[AuditRule(each.verdict), each.probe.object, each.probe.full_action].append(each)
        if each.vacuous:
            groups[AuditRule.vacuous, each.probe.object, each.probe.full_action].append(each)
    findings = [_finding(access, rule, group, names) for (rule, *_), group in groups.items()]
    doubts = [each for each in findings if each.rule in DOUBTS]
    doubts = [*sorted(doubts, key=lambda each: each.rule), *_never_written(access, judged, scope)]
    return [each for each in findings if each.rule not in DOUBTS], doubts


def _finding(access: Access, rule: AuditRule, group: Group, names: Mapping[str, str]) -> AuditFinding:
    first = group[0]
    other = first.other[0] if first.other else None
    return AuditFinding(
        rule=rule,
        object=first.probe.object,
        action=first.probe.full_action,
        message=with_names(_message(access, rule, first), names, first.probe),
        sql=replay(access, first.probe, other),
        identities=_identities(group),
        probes=len(group),
        command=first.probe.privilege,
        roles=_roles(group),
        rows=_rows(group, names),
    )


def _judged(access: Access, tried: Sequence[Tried], privileges: Privileges) -> list[Judged]:
    verdicts = [verdict(access, probe, outcome) for probe, outcome in tried]
    shapes_allowed = {
        probe.shape for probe, outcome in tried if probe.allowed and shows_access(access, probe, outcome)
    }
    failing = {
        probe.shape for (probe, _), each in zip(tried, verdicts, strict=True) if each is ProbeVerdict.invalid
    }
    oracles = existence_oracles(tried)

    def is_vacuous(probe: Probe, outcome: ProbeOutcome, first: ProbeVerdict) -> bool:
        if probe.allowed or probe.trusted or probe.pair or _is_proof_by_itself(access, probe, outcome):
            return False
        if probe.shape in shapes_allowed:
            return False
        # A missing privilege is proof enough; a refusal by a policy proves something if another passes it.
        is_held = (probe.identity.role, probe.object, probe.privilege, probe.column) in privileges
        return is_held and first is ProbeVerdict.passed

    def final(index: int, probe: Probe, first: ProbeVerdict) -> ProbeVerdict:
        if index in oracles:
            return ProbeVerdict.oracle
        # A policy that raises for every identity says nothing about claims.
        return ProbeVerdict.invalid if first is ProbeVerdict.raises and probe.shape in failing else first

    return [
        Judged(
            probe=probe,
            outcome=outcome,
            verdict=final(index, probe, first),
            vacuous=is_vacuous(probe, outcome, first),
            other=oracles.get(index),
        )
        for index, ((probe, outcome), first) in enumerate(zip(tried, verdicts, strict=True))
    ]


def _is_proof_by_itself(access: Access, probe: Probe, outcome: ProbeOutcome) -> bool:
    """Whether the refusal means something even if no identity is allowed."""
    # Not every row can be copied, such as one per user; but a copy that a check refuses satisfies the rest.
    by_a_check = _is_copy(access, probe) and _OF_A_CHECK in (outcome.message or "")
    return outcome.state in NOT_WRITABLE or by_a_check


def _is_copy(access: Access, probe: Probe) -> bool:
    """Whether it inserts where no insert is listed."""
    return probe.privilege == "insert" and any(
        each.name == probe.object and each.insert is None for each in access.tried_tables
    )


def _never_written(access: Access, judged: Sequence[Judged], scope: Scope) -> Iterator[AuditFinding]:
    """Tables that access.yaml lets a call or write change, but that none of them changed."""
    if access.on_existing_data:
        return  # existing rows may leave nothing to write
    writes: dict[str, set[str]] = defaultdict(set)
    for each in judged:
        if each.probe.changes is not None:
            writes[each.probe.object] |= each.outcome.writes
    declared = [(each.name, each.changes or {}) for each in access.tried_tables]
    declared += [(each.signature, each.changes) for each in access.tried_functions]
    for name, changes in declared:
        if name not in writes or not scope.judges(name):
            continue
        for write in sorted(write_targets(changes) - writes[name]):
            reason = f"{access.path.name} allows {write}, which no probe did"
            command = "execute" if "(" in name else write.split()[0]
            yield AuditFinding(
                rule=AuditRule.vacuous, object=name, action=write, message=reason, sql="", command=command
            )


def _message(access: Access, rule: AuditRule, judged: Judged) -> str:
    probe, outcome = judged.probe, judged.outcome
    if rule is AuditRule.vacuous:
        is_copy = _is_copy(access, probe)
        reason = "no identity could insert a copy of a row" if is_copy else "no identity was allowed"
        return f"{reason}, so a refusal proves nothing"
    if rule in (AuditRule.invalid, AuditRule.untried):
        return _describe_failure(probe, outcome)
    if rule is AuditRule.time_dependent:
        return _describe_change(access, judged)
    what = f"{probe.identity.name}: {probe.full_action} of {probe.subject} {describe_outcome(probe, outcome)}"
    if rule is AuditRule.effect:
        return what
    if rule is AuditRule.oracle:
        unseen = f"; for a missing row: {describe_outcome(*judged.other)}" if judged.other else ""
        return f"{what}{unseen}: the response reveals that the row exists"
    return f"{what}; {access.path.name} expects {describe_expected(probe)}"


def _describe_change(access: Access, judged: Judged) -> str:
    probe, outcome = judged.probe, judged.outcome

    def compared(probe: Probe, outcome: ProbeOutcome) -> str:
        expectation = describe_expectation(probe)
        return f"it {describe_outcome(probe, outcome)}, and {access.path.name} expected {expectation}"

    what = f"{probe.identity.name}: {probe.full_action} of {probe.subject} changed during the run"
    first = f"at first {compared(probe, outcome)}"
    if outcome.later:
        return f"{what}: {first}; at the end of the run it expected {outcome.later}"
    if judged.retried is None:
        return f"{what}: {first}; this happened in one of two runs"
    return f"{what}: {first}; tried again, {compared(*judged.retried)}"


def _describe_failure(probe: Probe, outcome: ProbeOutcome) -> str:
    if outcome.slow:
        what = f"{probe.identity.name}: {probe.full_action} of {probe.subject}"
        return f"{what}, {probe.object}, {outcome.message}"
    what = f"failed with {outcome.state}, which is not a refusal: {mask_times(probe, outcome.message or '')}"
    if outcome.state == _SERIALIZATION:
        return f"{what}; another session changed the row while the audit ran"
    # Constraints are checked after policies: a violation means that they passed, unless a trigger raised it.
    passed_policies = outcome.state.startswith("23") and not probe.allowed
    return f"{what}; the policies seem to have allowed it" if passed_policies else what


def _identities(group: Group) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each.probe.identity.name for each in group))


def _roles(group: Group) -> tuple[str, ...]:
    return tuple(sorted({each.probe.identity.role for each in group}))


def _rows(group: Group, names: Mapping[str, str]) -> dict[str, dict[str, int]]:
    """For each identity, the rows that it should not have got, or the subjects of its probes."""
    rows: dict[str, Counter[str]] = defaultdict(Counter)
    for each in group:
        probe = each.probe
        counts = surplus(probe, each.outcome) if probe.action == "select" else Counter[str]()
        if not counts:
            counts = Counter({probe.subject: max(1, surplus(probe, each.outcome).total())})
        for name, count in counts.items():
            rows[probe.identity.name][shortened(with_names(name, names, probe))] += count
    return {identity: _limited(counts) for identity, counts in rows.items()}


def _limited(rows: Counter[str]) -> dict[str, int]:
    return dict(sorted(rows.items())) if len(rows) <= _MOST_NAMED else {ALL_ROWS: rows.total()}
