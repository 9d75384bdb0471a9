"""Judging what came of the probes: what leaks, what is missing, what proved nothing."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from chatctl.services.audit.access.expectations import Access
from chatctl.services.audit.findings.finding import DOUBTS, TOGETHER, Finding, Rule
from chatctl.services.audit.inventory.privileges import Privileges
from chatctl.services.audit.probes.context import NOT_WRITABLE
from chatctl.services.audit.probes.probe import Probe, ways
from chatctl.services.audit.probes.scope import Scope
from chatctl.services.audit.trials.outcome import Outcome, Tried
from chatctl.services.audit.trials.wording import came, expectation, expected, masked, named, shortened
from chatctl.services.audit.verdicts.replay import replay
from chatctl.services.audit.verdicts.verdict import (
    Verdict,
    existence_oracles,
    got_through,
    had_effect,
    surplus,
    verdict,
)

_SERIALIZATION = "40001"
_OF_A_CHECK = "violates row-level security policy"
_MOST_NAMED = 50  # rows of one identity that are told apart


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What one probe says, and whether it is a refusal that proves nothing since nobody was let through.

    ``other`` is what it differs from where it should not, see Probe.pair; ``then`` what came of it when it
    was tried again, where that was something else.
    """

    probe: Probe
    outcome: Outcome
    verdict: Verdict
    vacuous: bool
    other: Tried | None = None
    then: Tried | None = None

    @property
    def proves(self) -> bool:
        """Whether it is as access.yaml says, and that means something."""
        return self.verdict is Verdict.passed and not self.vacuous

    @property
    def through(self) -> bool:
        """Whether the statement did something: brought a row, changed one, or was called."""
        return had_effect(self.probe, self.outcome)


Group = list[Judged]


def judge(access: Access, tried: Sequence[Tried], privileges: Privileges, scope: Scope) -> list[Judged]:
    """What each probe says that ``scope`` shows. ``privileges`` are those of the catalogue."""
    return [each for each in _judged(access, tried, privileges) if scope.shows(each.probe)]


def summed(
    access: Access, judged: Sequence[Judged], names: Mapping[str, str], scope: Scope
) -> tuple[list[Finding], list[Finding]]:
    """The findings and the doubts that ``judged`` come to."""
    groups: dict[tuple[Rule, str, str], Group] = defaultdict(list)
    for each in judged:
        if each.verdict is not Verdict.passed:
            groups[Rule(each.verdict), each.probe.object, each.probe.tried].append(each)
        if each.vacuous:
            groups[Rule.vacuous, each.probe.object, each.probe.tried].append(each)
    found = [_finding(access, rule, group, names) for (rule, *_), group in groups.items()]
    doubts = [each for each in found if each.rule in DOUBTS]
    doubts = [*sorted(doubts, key=lambda each: each.rule), *_never_written(access, judged, scope)]
    return [each for each in found if each.rule not in DOUBTS], doubts


def _finding(access: Access, rule: Rule, group: Group, names: Mapping[str, str]) -> Finding:
    first = group[0]
    other = first.other[0] if first.other else None
    return Finding(
        rule=rule,
        object=first.probe.object,
        action=first.probe.tried,
        message=named(_message(access, rule, first), names, first.probe),
        sql=replay(access, first.probe, other),
        identities=_people(group),
        probes=len(group),
        command=first.probe.privilege,
        roles=_roles(group),
        rows=_rows(group, names),
    )


def _judged(access: Access, tried: Sequence[Tried], privileges: Privileges) -> list[Judged]:
    verdicts = [verdict(access, probe, outcome) for probe, outcome in tried]
    through = {
        probe.shape for probe, outcome in tried if probe.allowed and got_through(access, probe, outcome)
    }
    broken = {
        probe.shape for (probe, _), each in zip(tried, verdicts, strict=True) if each is Verdict.invalid
    }
    tells = existence_oracles(tried)

    def unclear(probe: Probe, outcome: Outcome, first: Verdict) -> bool:
        if probe.allowed or probe.trusted or probe.pair or _refused_for_good(access, probe, outcome):
            return False
        if probe.shape in through:
            return False
        # Refused for want of a privilege is proof; refused by a policy needs somebody who passes it.
        held = (probe.identity.role, probe.object, probe.privilege, probe.column) in privileges
        return held and first is Verdict.passed

    def final(place: int, probe: Probe, first: Verdict) -> Verdict:
        if place in tells:
            return Verdict.oracle
        # What raises for everybody says nothing about claims.
        return Verdict.invalid if first is Verdict.raises and probe.shape in broken else first

    return [
        Judged(
            probe=probe,
            outcome=outcome,
            verdict=final(place, probe, first),
            vacuous=unclear(probe, outcome, first),
            other=tells.get(place),
        )
        for place, ((probe, outcome), first) in enumerate(zip(tried, verdicts, strict=True))
    ]


def _refused_for_good(access: Access, probe: Probe, outcome: Outcome) -> bool:
    """Whether nobody who gets through is needed to show what refused it."""
    # Not every row can be copied, such as one for each user; but what a check refuses would satisfy the rest.
    by_a_check = _copies(access, probe) and _OF_A_CHECK in (outcome.message or "")
    return outcome.state in NOT_WRITABLE or by_a_check


def _copies(access: Access, probe: Probe) -> bool:
    """Whether it inserts where no insert is listed."""
    return probe.privilege == "insert" and any(
        each.name == probe.object and each.insert is None for each in access.tried_tables
    )


def _never_written(access: Access, judged: Sequence[Judged], scope: Scope) -> Iterator[Finding]:
    """What access.yaml lets a call or write change beside it, and none was seen to."""
    if access.on_existing_data:
        return  # the rows that are there may leave it nothing to write
    wrote: dict[str, set[str]] = defaultdict(set)
    for each in judged:
        if each.probe.changes is not None:
            wrote[each.probe.object] |= each.outcome.wrote
    declared = [(each.name, each.changes or {}) for each in access.tried_tables]
    declared += [(each.signature, each.changes) for each in access.tried_functions]
    for name, changes in declared:
        if name not in wrote or not scope.judges(name):
            continue
        for way in sorted(ways(changes) - wrote[name]):
            reason = f"{access.path.name} lets it {way}, which was never seen"
            command = "execute" if "(" in name else way.split()[0]
            yield Finding(rule=Rule.vacuous, object=name, action=way, message=reason, sql="", command=command)


def _message(access: Access, rule: Rule, judged: Judged) -> str:
    probe, outcome = judged.probe, judged.outcome
    if rule is Rule.vacuous:
        copied = _copies(access, probe)
        who = "no copy of a row could be inserted by anybody" if copied else "nobody was let through"
        return f"{who}, so that a refusal proves nothing"
    if rule in (Rule.invalid, Rule.untried):
        return _failed(probe, outcome)
    if rule is Rule.time_dependent:
        return _changed(access, judged)
    what = f"{probe.identity.name}: {probe.tried} of {probe.subject} {came(probe, outcome)}"
    if rule is Rule.effect:
        return what
    if rule is Rule.oracle:
        unseen = f"; what does not exist {came(*judged.other)}" if judged.other else ""
        return f"{what}{unseen}: the answer tells that it exists"
    return f"{what}; {access.path.name} says {expected(probe)}"


def _changed(access: Access, judged: Judged) -> str:
    probe, outcome = judged.probe, judged.outcome
    who = f"{probe.identity.name}: {probe.tried} of {probe.subject} changed during the run"
    wanted = f"{access.path.name} expected"
    first = f"at first it {came(probe, outcome)}, and {wanted} {expectation(probe)}"
    if outcome.later:
        return f"{who}: {first}; at the end of the run it expected {outcome.later}"
    if judged.then is None:
        return f"{who}: {first}; this happened in one of two runs"
    again, it = judged.then
    return f"{who}: {first}; tried again, it {came(again, it)}, and {wanted} {expectation(again)}"


def _failed(probe: Probe, outcome: Outcome) -> str:
    if outcome.slow:
        return f"{probe.identity.name}: {probe.tried} of {probe.subject}, {probe.object}, {outcome.message}"
    what = f"failed with {outcome.state}, which is no refusal: {masked(probe, outcome.message or '')}"
    if outcome.state == _SERIALIZATION:
        return f"{what}; somebody else changed the row while the audit ran"
    # Constraints are asked after the policies: what fails there came through, unless a trigger said so.
    past = outcome.state.startswith("23") and not probe.allowed
    return f"{what}; the policies seem to have let it through" if past else what


def _people(group: Group) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each.probe.identity.name for each in group))


def _roles(group: Group) -> tuple[str, ...]:
    return tuple(sorted({each.probe.identity.role for each in group}))


def _rows(group: Group, names: Mapping[str, str]) -> dict[str, dict[str, int]]:
    """What each identity shows it on: rows that it should not have got, or what its probes are about."""
    rows: dict[str, Counter[str]] = defaultdict(Counter)
    for each in group:
        probe = each.probe
        found = surplus(probe, each.outcome) if probe.action == "select" else Counter[str]()
        if not found:
            found = Counter({probe.subject: max(1, surplus(probe, each.outcome).total())})
        for name, count in found.items():
            rows[probe.identity.name][shortened(named(name, names, probe))] += count
    return {who: _few(found) for who, found in rows.items()}


def _few(rows: Counter[str]) -> dict[str, int]:
    return dict(sorted(rows.items())) if len(rows) <= _MOST_NAMED else {TOGETHER: rows.total()}
