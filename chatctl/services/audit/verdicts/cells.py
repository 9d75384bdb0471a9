"""The matrix: what each identity can do to each object with each command, with a few sample probes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from chatctl.services.audit.access.expectations import Access
from chatctl.services.audit.findings.finding import DOUBTS, AuditRule
from chatctl.services.audit.trials.wording import describe_expected, describe_outcome, with_names
from chatctl.services.audit.verdicts.judging import Judged
from chatctl.services.audit.verdicts.replay import login, row_check, statement
from chatctl.services.audit.verdicts.verdict import ProbeVerdict

# Probes kept for a cell: those with a wrong outcome, then one of each kind.
SAMPLES = 4


class State(StrEnum):
    """The state of a cell, the worst first; the worst probe decides."""

    finding = "finding"
    invalid = "invalid"
    vacuous = "vacuous"
    accepted = "accepted"
    allowed = "allowed"
    denied = "denied"


@dataclass(frozen=True)
class ReportedIdentity:
    """An identity, and the SQL with which the operator impersonates it."""

    name: str
    says: str
    role: str
    login: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One probe, the expected and the actual outcome; ``sql`` runs after the login of the identity."""

    action: str
    subject: str
    expected: str
    came: str
    verdict: str
    sql: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One identity, object and command; ``problems`` are the ids of its findings.

    ``through`` counts the probes that returned or changed something.
    """

    identity: str
    object: str
    command: str
    state: State
    probes: int
    through: int
    problems: tuple[str, ...]
    samples: tuple[Sample, ...]


def people(access: Access) -> tuple[ReportedIdentity, ...]:
    """Every identity, in the order of access.yaml."""
    return tuple(
        ReportedIdentity(each.name, each.says, each.role, login(access, each)) for each in access.identities
    )


def cells(access: Access, judged: Iterable[Judged], names: Mapping[str, str]) -> tuple[Cell, ...]:
    """All cells that were tried, in the order of access.yaml."""
    groups: dict[tuple[str, str, str], list[Judged]] = {}
    for each in judged:
        probe = each.probe
        groups.setdefault((probe.object, probe.privilege, probe.identity.name), []).append(each)
    positions = {identity.name: number for number, identity in enumerate(access.identities)}
    objects = {name: number for number, name in enumerate(dict.fromkeys(name for name, _, _ in groups))}
    commands = {key: number for number, key in enumerate(dict.fromkeys((o, c) for o, c, _ in groups))}
    ordered = sorted(groups, key=lambda key: (objects[key[0]], commands[key[:2]], positions[key[2]]))
    return tuple(_cell(access, groups[key], names) for key in ordered)


def state(rules: Iterable[AuditRule], *, allowed: bool, accepted: bool = False) -> State:
    """The state of a cell with open problems of these ``rules``; ``accepted`` if it has accepted ones."""
    open_rules = set(rules)
    if open_rules - DOUBTS:
        return State.finding
    if open_rules:
        return State.vacuous if open_rules == {AuditRule.vacuous} else State.invalid
    if accepted:
        return State.accepted
    return State.allowed if allowed else State.denied


def _cell(access: Access, group: list[Judged], names: Mapping[str, str]) -> Cell:
    probe = group[0].probe
    problems = dict.fromkeys(problem for each in group for problem in _problems(each))
    allowed = any(each.through and each.probe.allowed for each in group)
    return Cell(
        identity=probe.identity.name,
        object=probe.object,
        command=probe.privilege,
        state=state((rule for rule, _ in problems), allowed=allowed),
        probes=len(group),
        through=sum(each.through for each in group),
        problems=tuple(f"{rule}:{probe.object}:{action}" for rule, action in problems),
        samples=tuple(_sample(access, each, names) for each in _samples(group)),
    )


def _problems(each: Judged) -> Iterator[tuple[AuditRule, str]]:
    if each.verdict is not ProbeVerdict.passed:
        yield AuditRule(each.verdict), each.probe.full_action
    if each.vacuous:
        yield AuditRule.vacuous, each.probe.full_action


def _samples(group: list[Judged]) -> list[Judged]:
    first: dict[tuple[object, ...], Judged] = {}
    for each in group:
        first.setdefault((each.verdict, each.vacuous, each.probe.full_action, each.through), each)
    ranked = sorted(first.values(), key=lambda each: (each.verdict is ProbeVerdict.passed, not each.vacuous))
    return ranked[:SAMPLES]


def _sample(access: Access, each: Judged, names: Mapping[str, str]) -> Sample:
    probe = each.probe
    return Sample(
        action=probe.full_action,
        subject=with_names(probe.subject, names, probe),
        expected=describe_expected(probe),
        came=with_names(describe_outcome(probe, each.outcome), names, probe),
        verdict=AuditRule.vacuous if each.vacuous and each.verdict is ProbeVerdict.passed else each.verdict,
        sql=(f"{statement(probe)};", *row_check(access, probe)),
    )
