"""The matrix: what one identity can do to one object by one command, and a few of the probes that say so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from chatctl.services.audit.access.expectations import Access
from chatctl.services.audit.findings.finding import DOUBTS, Rule
from chatctl.services.audit.trials.wording import came, expected, named
from chatctl.services.audit.verdicts.judging import Judged
from chatctl.services.audit.verdicts.replay import after, login, statement
from chatctl.services.audit.verdicts.verdict import Verdict

# So many probes of a cell are kept: those that are wrong, then one of each kind.
SAMPLES = 4


class State(StrEnum):
    """What a cell says, the worst first: one probe decides for all."""

    finding = "finding"
    invalid = "invalid"
    vacuous = "vacuous"
    accepted = "accepted"
    allowed = "allowed"
    denied = "denied"


@dataclass(frozen=True)
class Person:
    """An identity of the report, and the SQL that makes the operator it."""

    name: str
    says: str
    role: str
    login: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One probe: what it tried, what must come of it and what came; ``sql`` runs after the person's login."""

    action: str
    subject: str
    expected: str
    came: str
    verdict: str
    sql: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One identity, object and command; ``problems`` are the ids of the findings that are seen in it.

    ``through`` of ``probes`` did something. A cell is allowed when one may, denied when none may.
    """

    identity: str
    object: str
    command: str
    state: State
    probes: int
    through: int
    problems: tuple[str, ...]
    samples: tuple[Sample, ...]


def people(access: Access) -> tuple[Person, ...]:
    """Everybody that is impersonated, in the order of access.yaml."""
    return tuple(Person(each.name, each.says, each.role, login(access, each)) for each in access.identities)


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


def state(rules: Iterable[Rule], *, allowed: bool, accepted: bool = False) -> State:
    """The state of a cell with problems of these ``rules`` open, and others ``accepted``."""
    open_rules = set(rules)
    if open_rules - DOUBTS:
        return State.finding
    if open_rules:
        return State.vacuous if open_rules == {Rule.vacuous} else State.invalid
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
        samples=tuple(_sample(access, each, names) for each in _chosen(group)),
    )


def _problems(each: Judged) -> Iterator[tuple[Rule, str]]:
    if each.verdict is not Verdict.passed:
        yield Rule(each.verdict), each.probe.tried
    if each.vacuous:
        yield Rule.vacuous, each.probe.tried


def _chosen(group: list[Judged]) -> list[Judged]:
    first: dict[tuple[object, ...], Judged] = {}
    for each in group:
        first.setdefault((each.verdict, each.vacuous, each.probe.tried, each.through), each)
    ranked = sorted(first.values(), key=lambda each: (each.verdict is Verdict.passed, not each.vacuous))
    return ranked[:SAMPLES]


def _sample(access: Access, each: Judged, names: Mapping[str, str]) -> Sample:
    probe = each.probe
    return Sample(
        action=probe.tried,
        subject=named(probe.subject, names, probe),
        expected=expected(probe),
        came=named(came(probe, each.outcome), names, probe),
        verdict=Rule.vacuous if each.vacuous and each.verdict is Verdict.passed else each.verdict,
        sql=(f"{statement(probe)};", *after(access, probe)),
    )
