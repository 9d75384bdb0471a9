"""Judging what came of the probes: what leaks, what is missing, what proved nothing."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from psycopg import sql

from chatctl.db.files import data_directory
from chatctl.services.audit.expectations import Access
from chatctl.services.audit.fixture import token
from chatctl.services.audit.probes import Probe
from chatctl.services.audit.run import Outcome
from chatctl.services.audit.sqltext import filled, literal

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


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


class Verdict(StrEnum):
    """What one probe says."""

    passed = "passed"
    leak = "leak"
    missing = "missing"
    effect = "effect"
    raises = "raises"
    invalid = "invalid"


@dataclass(frozen=True)
class Finding:
    """One thing that is not as access.yaml says, at one object; ``sql`` shows it in psql."""

    rule: Rule
    object: str
    action: str
    message: str
    sql: str
    identities: tuple[str, ...] = ()
    probes: int = 0

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


@dataclass(frozen=True)
class Judgement:
    """What all probes together say."""

    findings: list[Finding]
    invalid: list[Doubt]
    vacuous: list[Doubt]


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
    judged = [
        (verdict(access, probe, outcome), probe, outcome)
        for probe, outcome in zip(probes, outcomes, strict=True)
    ]
    through = {probe.shape for _, probe, outcome in judged if probe.allowed and _did(probe, outcome)}
    unclear: dict[tuple[str, str], Group] = defaultdict(list)
    groups: dict[tuple[Verdict, str, str], Group] = defaultdict(list)
    broken = {probe.shape for said, probe, _ in judged if said is Verdict.invalid}
    for first, probe, outcome in judged:
        # What raises for everybody says nothing about claims.
        said = Verdict.invalid if first is Verdict.raises and probe.shape in broken else first
        if said is not Verdict.passed:
            groups[said, probe.object, probe.action].append((probe, outcome))
        if not probe.allowed and not probe.trusted and probe.shape not in through:
            needed = (probe.identity.role, probe.object, probe.privilege, probe.column)
            # Refused for want of a privilege is proof; refused by a policy needs somebody who passes it.
            if needed in privileges:
                unclear[probe.object, probe.action].append((probe, outcome))

    def finding(said: Verdict, group: Group) -> Finding:
        probe, outcome = group[0]
        message = _named(_message(said, probe, outcome), names)
        shown = replay(access, probe)
        return Finding(
            Rule(said), probe.object, probe.action, message, shown, _people(group), len(group)
        )  # fmt: skip

    def doubt(group: Group, reason: str) -> Doubt:
        probe, _ = group[0]
        shown = replay(access, probe)
        return Doubt(probe.object, probe.action, _named(reason, names), len(group), _people(group), shown)

    nobody = "nobody was let through, so that a refusal proves nothing"
    return Judgement(
        findings=[finding(said, group) for (said, *_), group in groups.items() if said != Verdict.invalid],
        invalid=[
            doubt(group, _failed(group)) for (said, *_), group in groups.items() if said == Verdict.invalid
        ],
        vacuous=[doubt(group, nobody) for group in unclear.values()],
    )


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


def replay(access: Access, probe: Probe) -> str:
    """SQL to paste into psql as the operator: the fixture, the identity, the statement, and all undone."""
    folder = data_directory("sql") / "queries" / "audit"
    role = sql.Identifier(probe.identity.role).as_string(None)
    lines = ["begin;", f"\\i {folder / 'prepare.sql'}", f"\\i {access.fixture}"]
    claims = token(probe.identity).as_string(None)
    if claims != "null":
        lines.append(f"select set_config('request.jwt.claims', {claims}, true) is not null as claims_set;")
    statement = filled(probe.statement, lambda position: literal(probe.args[position - 1]))
    lines += ["set local search_path = public, extensions;", f"set local role {role};"]
    lines += [f"{statement};", "rollback;"]
    return "\n".join(lines)


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
    what = f"{probe.action} of {probe.subject}"
    if outcome.state != "00000":
        got = f"refused with {outcome.state} ({outcome.message})"
    elif probe.fetches:
        got = f"brought {len(outcome.brought)} rows"
        surplus = sorted(map(str, (Counter(outcome.brought) - Counter(probe.rows or ())).keys()))
        lacking = sorted(map(str, (Counter(probe.rows or ()) - Counter(outcome.brought)).keys()))
        if probe.action == "select" or probe.privilege == "execute":
            got += f"; too many: {', '.join(surplus)}" if surplus else ""
            got += f"; too few: {', '.join(lacking)}" if lacking else ""
    else:
        got = f"changed {outcome.changed} rows"
    if rule is Verdict.effect:
        got += ", and the row is not what access.yaml says must hold"
    if probe.allowed:
        expected = f"{len(probe.rows)} rows" if probe.rows is not None else f"{probe.count} rows"
        expected = "success" if probe.rows is None and probe.count is None else expected
    else:
        expected = "a refusal"
    return f"{probe.identity.name}: {what} {got}; access.yaml says {expected}"


def _people(group: Group) -> tuple[str, ...]:
    return tuple(dict.fromkeys(probe.identity.name for probe, _ in group))


def _named(text: str, names: Mapping[str, str]) -> str:
    return _UUID.sub(lambda match: names.get(match.group(), match.group()), text)
