"""Judging what came of the probes: what leaks, what is missing, what proved nothing."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from chatctl.services.audit.expectations import Access
from chatctl.services.audit.privileges import Privileges
from chatctl.services.audit.probes.probe import Probe, ways
from chatctl.services.audit.replay import replay
from chatctl.services.audit.scope import EVERYTHING, Scope
from chatctl.services.audit.trial import Outcome

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_LISTED = 10  # so many values are named in a message
_UNIQUE = "23505"
_SERIALIZATION = "40001"
_TIME = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d(?::?\d\d)?)?")


class Rule(StrEnum):
    """What is wrong; the part of a finding's id that stays when its wording changes."""

    leak = "leak"
    missing = "missing"
    effect = "effect"
    oracle = "oracle"
    raises = "raises"
    unlisted = "unlisted"
    privilege = "privilege"
    row_security = "row-security"
    definer = "definer"
    absent = "absent"
    publication = "publication"
    bucket = "bucket"
    role = "role"
    lint = "lint"
    baseline = "baseline"
    invalid = "invalid"
    vacuous = "vacuous"


class Verdict(StrEnum):
    """What one probe says."""

    passed = "passed"
    leak = "leak"
    missing = "missing"
    effect = "effect"
    oracle = "oracle"
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


Tried = tuple[Probe, Outcome]


@dataclass(frozen=True, slots=True)
class Judged:
    """What one probe says, and whether it is a refusal that proves nothing since nobody was let through.

    ``other`` is what it differs from where it should not, see Probe.pair.
    """

    probe: Probe
    outcome: Outcome
    said: Verdict
    vacuous: bool
    other: Tried | None = None

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


Group = list[Judged]


def judge(
    access: Access,
    tried: Sequence[Tried],
    privileges: Privileges,
    names: Mapping[str, str],
    scope: Scope = EVERYTHING,
) -> Judgement:
    """Compare what came with what must come. ``privileges`` are those of the catalogue, see Privileges."""
    judged = [each for each in _judged(access, tried, privileges) if scope.shows(each.probe)]
    unclear: dict[tuple[str, str], Group] = defaultdict(list)
    groups: dict[tuple[Verdict, str, str], Group] = defaultdict(list)
    for each in judged:
        if each.said is not Verdict.passed:
            groups[each.said, each.probe.object, each.probe.tried].append(each)
        if each.vacuous:
            unclear[each.probe.object, each.probe.tried].append(each)

    def finding(said: Verdict, group: Group) -> Finding:
        first, other = group[0], group[0].other
        message = named(_message(access, first), names, first.probe)
        return Finding(
            Rule(said), first.probe.object, first.probe.tried, message,
            replay(access, first.probe, other[0] if other else None), _people(group),
            len(group), first.probe.privilege, _roles(group),
        )  # fmt: skip

    def doubt(group: Group, reason: str) -> Doubt:
        probe = group[0].probe
        return Doubt(
            probe.object, probe.tried, named(reason, names, probe), len(group), _people(group),
            replay(access, probe), probe.privilege, _roles(group),
        )  # fmt: skip

    nobody = "nobody was let through, so that a refusal proves nothing"
    return Judgement(
        findings=[finding(said, group) for (said, *_), group in groups.items() if said != Verdict.invalid],
        invalid=[
            doubt(group, _failed(group)) for (said, *_), group in groups.items() if said == Verdict.invalid
        ],
        vacuous=[
            *(doubt(group, nobody) for group in unclear.values()),
            *_never_written(access, judged, scope),
        ],
        judged=judged,
    )


def _judged(access: Access, tried: Sequence[Tried], privileges: Privileges) -> list[Judged]:
    said = [verdict(access, probe, outcome) for probe, outcome in tried]
    through = {
        probe.shape for probe, outcome in tried if probe.allowed and _got_through(access, probe, outcome)
    }
    broken = {probe.shape for (probe, _), each in zip(tried, said, strict=True) if each is Verdict.invalid}
    tells = told(tried)

    def unclear(probe: Probe, first: Verdict) -> bool:
        if probe.allowed or probe.trusted or probe.pair or probe.shape in through:
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
        Judged(probe, outcome, final(place, probe, first), unclear(probe, first), tells.get(place))
        for place, ((probe, outcome), first) in enumerate(zip(tried, said, strict=True))
    ]


def told(tried: Sequence[Tried]) -> dict[int, Tried | None]:
    """The probes whose answer tells that something exists, and what it is like where nothing does."""
    groups: dict[tuple[str, str | None], list[int]] = defaultdict(list)
    for place, (probe, _) in enumerate(tried):
        if probe.pair:
            groups[probe.pair, probe.moment].append(place)
    tells: dict[int, Tried | None] = {}
    for places in groups.values():
        there = tried[places[0]][1]
        if len(places) == 1:
            if there.state == _UNIQUE:
                tells[places[0]] = None
        # What was let in is a leak, and is found as one.
        elif there.state != "00000" and _look(there) != _look(tried[places[1]][1]):
            tells[places[0]] = tried[places[1]]
    return tells


def _look(outcome: Outcome) -> tuple[str, str, int]:
    return outcome.state, _UUID.sub("…", outcome.message or ""), len(outcome.brought)


def _never_written(access: Access, judged: Sequence[Judged], scope: Scope) -> Iterator[Doubt]:
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
            yield Doubt(name, way, reason, 0, (), "", "execute" if "(" in name else way.split()[0])


def verdict(access: Access, probe: Probe, outcome: Outcome) -> Verdict:  # noqa: PLR0911 - one return per case
    """What one probe says; a refusal counts when it is one of access.yaml's, or nothing came back."""
    ran = outcome.state == "00000"
    refused = outcome.state in access.denials or outcome.state in probe.refused
    if probe.pair:
        return Verdict.passed  # what it says, it says beside the other
    if probe.privilege == "truncate":
        # The privilege is asked before anything else; but that it is no table (42809), which a view is not.
        return Verdict.passed if refused or outcome.state == "42809" else Verdict.leak
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
    if probe.changes is not None and outcome.wrote - probe.changes:
        return Verdict.effect
    return Verdict.effect if probe.holds and not outcome.holds else Verdict.passed


def _reads(probe: Probe) -> bool:
    return probe.privilege == "select"


def _did(probe: Probe, outcome: Outcome) -> bool:
    if outcome.state != "00000":
        return False
    if probe.privilege in ("execute", "truncate"):
        return True
    return bool(outcome.brought) if probe.fetches else bool(outcome.changed)


def _got_through(access: Access, probe: Probe, outcome: Outcome) -> bool:
    """Whether it is a twin of what is refused: it did something, or only a constraint stopped it.

    The latter counts for the control on existing data, whose rows others refer to. A fixture can do better.
    """
    stopped = access.on_existing_data and probe.trusted and outcome.state.startswith("23")
    return stopped or _did(probe, outcome)


def _failed(group: Group) -> str:
    probe, outcome = group[0].probe, group[0].outcome
    what = f"failed with {outcome.state}, which is no refusal: {outcome.message}"
    if outcome.state == _SERIALIZATION:
        return f"{what}; somebody else changed the row while the audit ran"
    # Constraints are asked after the policies: what fails there came through, unless a trigger said so.
    past = outcome.state.startswith("23") and not probe.allowed
    return f"{what}; the policies seem to have let it through" if past else what


def _message(access: Access, judged: Judged) -> str:
    probe, outcome = judged.probe, judged.outcome
    what = f"{probe.identity.name}: {probe.tried} of {probe.subject} {came(probe, outcome)}"
    if judged.said is Verdict.effect:
        return what
    if judged.said is Verdict.oracle:
        unseen = f"; what does not exist {came(*judged.other)}" if judged.other else ""
        return f"{what}{unseen}: the answer tells that it exists"
    return f"{what}; {access.path.name} says {expected(probe)}"


def came(probe: Probe, outcome: Outcome) -> str:
    """What came of ``probe``, in words; uuids stand in it as they came."""
    if outcome.state != "00000":
        refusal = outcome.state == "42501" or outcome.state.startswith("PT")
        return f"{'refused' if refusal else 'failed'} with {outcome.state} ({outcome.message})"
    wrong = ", and what must hold afterwards does not" if outcome.holds is False else ""
    what, rows = ("brought", len(outcome.brought)) if probe.fetches else ("changed", outcome.changed)
    got = f"{what} {_rows(rows)}{wrong}"
    if surplus_writes := sorted(outcome.wrote - (probe.changes or frozenset())):
        got += f", with {', '.join(surplus_writes)}, which it may not"
    if probe.rows is not None and (probe.action == "select" or probe.privilege == "execute"):
        surplus = sorted(map(str, (Counter(outcome.brought) - Counter(probe.rows)).keys()))
        lacking = sorted(map(str, (Counter(probe.rows) - Counter(outcome.brought)).keys()))
        got += f"; too many: {_listed(surplus, probe)}" if surplus else ""
        got += f"; too few: {_listed(lacking, probe)}" if lacking else ""
    return got


def _listed(values: list[str], probe: Probe) -> str:
    if probe.private:
        return f"{_rows(len(values))} of people's own"
    more = f" and {len(values) - _LISTED} more" if len(values) > _LISTED else ""
    return ", ".join(values[:_LISTED]) + more


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
    return tuple(dict.fromkeys(each.probe.identity.name for each in group))


def _roles(group: Group) -> tuple[str, ...]:
    return tuple(sorted({each.probe.identity.role for each in group}))
