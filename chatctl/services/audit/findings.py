"""Judging what came of the probes: what leaks, what is missing, what proved nothing."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from chatctl.services.audit.expectations import Access
from chatctl.services.audit.probes import Probe
from chatctl.services.audit.replay import replay
from chatctl.services.audit.run import Outcome

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TIME = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d(?::?\d\d)?)?")


class Rule(StrEnum):
    """What is wrong; the part of a finding's id that stays when its wording changes."""

    leak = "leak"
    missing = "missing"
    effect = "effect"
    raises = "raises"
    unlisted = "unlisted"
    privilege = "privilege"
    row_security = "row-security"
    definer = "definer"
    absent = "absent"
    publication = "publication"
    bucket = "bucket"
    role = "role"
    baseline = "baseline"
    invalid = "invalid"
    vacuous = "vacuous"


class Verdict(StrEnum):
    """What one probe says."""

    passed = "passed"
    leak = "leak"
    missing = "missing"
    effect = "effect"
    raises = "raises"
    invalid = "invalid"


@dataclass(frozen=True)
class Place:
    """Where a reader starts to look: a file as the repository knows it, and a line from 1."""

    file: str
    line: int


@dataclass(frozen=True)
class Finding:
    """One thing that is not as access.yaml says, at one object; ``sql`` shows it in psql.

    ``command`` is that of the cells it is seen in, empty for what the catalogue says; ``roles`` are those of
    ``identities``. ``place`` is unknown until the report places it.
    """

    rule: Rule
    object: str
    action: str
    message: str
    sql: str
    identities: tuple[str, ...] = ()
    probes: int = 0
    command: str = ""
    roles: tuple[str, ...] = ()
    place: Place | None = None

    @property
    def id(self) -> str:
        return f"{self.rule}:{self.object}:{self.action}"


@dataclass(frozen=True)
class Doubt:
    """Probes that prove nothing: they failed for another reason than a refusal, or nobody got through."""

    object: str
    action: str
    reason: str
    probes: int
    identities: tuple[str, ...]
    sql: str
    command: str = ""
    roles: tuple[str, ...] = ()
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """What one probe says, and whether it is a refusal that proves nothing since nobody was let through."""

    probe: Probe
    outcome: Outcome
    said: Verdict
    vacuous: bool

    @property
    def through(self) -> bool:
        """Whether the statement did something: brought a row, changed one, or was called."""
        return _did(self.probe, self.outcome)


@dataclass(frozen=True)
class Judgement:
    """What all probes together say; ``judged`` is what each of them says, in their order."""

    findings: list[Finding]
    invalid: list[Doubt]
    vacuous: list[Doubt]
    judged: list[Judged]


Group = list[tuple[Probe, Outcome]]
# (role, object, privilege, column); the column is None where a privilege has none
Privileges = frozenset[tuple[str, str, str, str | None]]


def judge(
    access: Access,
    probes: Sequence[Probe],
    outcomes: Sequence[Outcome],
    privileges: Privileges,
    names: Mapping[str, str],
) -> Judgement:
    """Compare what came with what must come. ``privileges`` are those of the catalogue, see Privileges."""
    judged = _judged(access, probes, outcomes, privileges)
    unclear: dict[tuple[str, str], Group] = defaultdict(list)
    groups: dict[tuple[Verdict, str, str], Group] = defaultdict(list)
    for each in judged:
        probe = each.probe
        if each.said is not Verdict.passed:
            groups[each.said, probe.object, probe.action].append((probe, each.outcome))
        if each.vacuous:
            unclear[probe.object, probe.action].append((probe, each.outcome))

    def finding(said: Verdict, group: Group) -> Finding:
        probe, outcome = group[0]
        message = named(_message(said, probe, outcome), names, probe)
        return Finding(
            Rule(said), probe.object, probe.action, message, replay(access, probe), _people(group),
            len(group), probe.privilege, _roles(group),
        )  # fmt: skip

    def doubt(group: Group, reason: str) -> Doubt:
        probe, _ = group[0]
        return Doubt(
            probe.object, probe.action, named(reason, names, probe), len(group), _people(group),
            replay(access, probe), probe.privilege, _roles(group),
        )  # fmt: skip

    nobody = "nobody was let through, so that a refusal proves nothing"
    return Judgement(
        findings=[finding(said, group) for (said, *_), group in groups.items() if said != Verdict.invalid],
        invalid=[
            doubt(group, _failed(group)) for (said, *_), group in groups.items() if said == Verdict.invalid
        ],
        vacuous=[doubt(group, nobody) for group in unclear.values()],
        judged=judged,
    )


def _judged(
    access: Access, probes: Sequence[Probe], outcomes: Sequence[Outcome], privileges: Privileges
) -> list[Judged]:
    said = [verdict(access, probe, outcome) for probe, outcome in zip(probes, outcomes, strict=True)]
    pairs = list(zip(probes, outcomes, strict=True))
    through = {probe.shape for probe, outcome in pairs if probe.allowed and _did(probe, outcome)}
    broken = {probe.shape for probe, each in zip(probes, said, strict=True) if each is Verdict.invalid}

    def unclear(probe: Probe, first: Verdict) -> bool:
        if probe.allowed or probe.trusted or probe.shape in through or first is not Verdict.passed:
            return False
        # Refused for want of a privilege is proof; refused by a policy needs somebody who passes it.
        return (probe.identity.role, probe.object, probe.privilege, probe.column) in privileges

    def final(probe: Probe, first: Verdict) -> Verdict:
        # What raises for everybody says nothing about claims.
        return Verdict.invalid if first is Verdict.raises and probe.shape in broken else first

    return [
        Judged(probe, outcome, final(probe, first), unclear(probe, first))
        for (probe, outcome), first in zip(pairs, said, strict=True)
    ]


def verdict(access: Access, probe: Probe, outcome: Outcome) -> Verdict:  # noqa: PLR0911 - one return per case
    """What one probe says; a refusal counts when it is one of access.yaml's, or nothing came back."""
    ran = outcome.state == "00000"
    refused = outcome.state in access.denials or outcome.state in probe.refused
    if probe.privilege == "truncate":
        return Verdict.passed if refused else Verdict.leak  # the privilege is asked before anything else
    if not ran and not refused:
        if probe.trusted and probe.privilege != "execute" and probe.action != "select":
            return Verdict.passed  # the control is not judged; where it fails, it is no twin either
        return Verdict.raises if probe.identity.raw and _reads(probe) else Verdict.invalid
    if not probe.allowed:
        # A call that is refused says so; a read or a write that is refused may also find no row.
        return Verdict.leak if _did(probe, outcome) else Verdict.passed
    if probe.trusted and not _reads(probe) and probe.privilege != "execute":
        return Verdict.passed
    if refused:
        return Verdict.passed if probe.may_refuse else Verdict.missing
    if probe.rows is not None and sorted(map(str, outcome.brought)) != sorted(map(str, probe.rows)):
        return Verdict.leak if Counter(outcome.brought) - Counter(probe.rows) else Verdict.missing
    if probe.count is not None and outcome.changed != probe.count:
        return Verdict.leak if outcome.changed > probe.count else Verdict.missing
    return Verdict.effect if probe.holds and not outcome.holds else Verdict.passed


def _reads(probe: Probe) -> bool:
    return probe.privilege == "select"


def _did(probe: Probe, outcome: Outcome) -> bool:
    if outcome.state != "00000":
        return False
    if probe.privilege in ("execute", "truncate"):
        return True
    return bool(outcome.brought) if probe.fetches else bool(outcome.changed)


def _failed(group: Group) -> str:
    probe, outcome = group[0]
    what = f"failed with {outcome.state}, which is no refusal: {outcome.message}"
    # Constraints are asked after the policies: what fails there came through, unless a trigger said so.
    past = outcome.state.startswith("23") and not probe.allowed
    return f"{what}; the policies seem to have let it through" if past else what


def _message(rule: Verdict, probe: Probe, outcome: Outcome) -> str:
    what = f"{probe.identity.name}: {probe.action} of {probe.subject} {came(probe, outcome)}"
    return what if rule is Verdict.effect else f"{what}; access.yaml says {expected(probe)}"


def came(probe: Probe, outcome: Outcome) -> str:
    """What came of ``probe``, in words; uuids stand in it as they came."""
    if outcome.state != "00000":
        refusal = outcome.state == "42501" or outcome.state.startswith("PT")
        return f"{'refused' if refusal else 'failed'} with {outcome.state} ({outcome.message})"
    if not probe.fetches:
        wrong = ", and the row is not what access.yaml says must hold" if outcome.holds is False else ""
        return f"changed {_rows(outcome.changed)}{wrong}"
    got = f"brought {_rows(len(outcome.brought))}"
    if probe.rows is not None and (probe.action == "select" or probe.privilege == "execute"):
        surplus = sorted(map(str, (Counter(outcome.brought) - Counter(probe.rows)).keys()))
        lacking = sorted(map(str, (Counter(probe.rows) - Counter(outcome.brought)).keys()))
        got += f"; too many: {', '.join(surplus)}" if surplus else ""
        got += f"; too few: {', '.join(lacking)}" if lacking else ""
    return got


def expected(probe: Probe) -> str:
    """What access.yaml says must come of ``probe``, in words."""
    if not probe.allowed:
        return "a refusal"
    if probe.rows is None and probe.count is None:
        return "success"
    return _rows(len(probe.rows) if probe.rows is not None else probe.count or 0)


def _rows(count: int) -> str:
    return f"{count} row" if count == 1 else f"{count} rows"


def named(text: str, names: Mapping[str, str], probe: Probe) -> str:
    """``text`` with the fixture's names for uuids; what the server made up is masked, since it changes."""

    def known(match: re.Match[str], mask: str) -> str:
        value = match.group()
        given = value in probe.statement or any(arg and value in arg for arg in probe.args)
        return names.get(value, value if given else mask)

    text = _UUID.sub(lambda match: known(match, "a new uuid"), text)
    return _TIME.sub(lambda match: known(match, "a time"), text)


def _people(group: Group) -> tuple[str, ...]:
    return tuple(dict.fromkeys(probe.identity.name for probe, _ in group))


def _roles(group: Group) -> tuple[str, ...]:
    return tuple(sorted({probe.identity.role for probe, _ in group}))
