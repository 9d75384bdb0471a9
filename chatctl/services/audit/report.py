"""One audit from beginning to end, and what it says."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from chatctl.db.connection import Connection
from chatctl.db.files import data_directory, query
from chatctl.errors import Inconclusive, NotFound
from chatctl.services.audit import existing, fixture, inventory, lints, moments, privileges, room
from chatctl.services.audit.cells import Cell, Person, cells, people
from chatctl.services.audit.clock import near_now
from chatctl.services.audit.expectations import Access, load
from chatctl.services.audit.findings import Finding, Rule
from chatctl.services.audit.judging import judge
from chatctl.services.audit.places import Places, name_of
from chatctl.services.audit.privileges import Privileges
from chatctl.services.audit.probes import Probe, Stage, generate
from chatctl.services.audit.replay import setup, setup_text
from chatctl.services.audit.scope import Scope
from chatctl.services.audit.trial import Outcome, Trial
from chatctl.services.audit.undone import undone

_NAMED = 8  # so many columns are named in a note


@dataclass(frozen=True)
class Accepted:
    """A finding that the baseline accepts: for what reason, by whom and until which day (ISO 8601)."""

    finding: Finding
    reason: str
    owner: str
    expires: str


@dataclass(frozen=True)
class Setup:
    """How the fixture is made: psql's commands where the audit ran, and the text of their files."""

    commands: tuple[str, ...]
    text: str


@dataclass(frozen=True)
class Existing:
    """What was looked at in place of a fixture: the row of each name, by uuid, and who has none."""

    names: Mapping[str, str]
    left_out: tuple[str, ...]


@dataclass(frozen=True)
class Report:
    """What an audit says; ``sequences`` are those that the run advanced, which no rollback takes back.

    ``access`` is the file that was proved, ``existing`` is set for existing data; ``near_now`` are
    columns of the fixture, see ``clock``. Time is in ``seconds`` alone: two runs differ in nothing else.
    """

    identities: int
    tables: int
    functions: int
    probes: int
    by_action: dict[str, int]
    findings: tuple[Finding, ...]
    doubts: tuple[Finding, ...]
    sequences: tuple[str, ...]
    seconds: float
    access: str = "sql/access.yaml"
    people: tuple[Person, ...] = ()
    cells: tuple[Cell, ...] = ()
    accepted: tuple[Accepted, ...] = ()
    setup: Setup = Setup((), "")
    existing: Existing | None = None
    near_now: tuple[str, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader should know beside the verdict, a sentence each."""
        near = _listed(self.near_now)
        return (
            *([f"sequences that stay advanced: {', '.join(self.sequences)}"] if self.sequences else []),
            *([f"times of the fixture within a day of now, if a rule asks for them: {near}"] if near else []),
        )

    @property
    def conclusive(self) -> bool:
        """Whether every probe proved something."""
        return not self.doubts

    @property
    def problems(self) -> tuple[Finding, ...]:
        """Findings and doubts alike."""
        return (*self.findings, *self.doubts)

    @property
    def invalid(self) -> tuple[Finding, ...]:
        return self._doubts(Rule.invalid)

    @property
    def vacuous(self) -> tuple[Finding, ...]:
        return self._doubts(Rule.vacuous)

    def _doubts(self, rule: Rule) -> tuple[Finding, ...]:
        return tuple(each for each in self.doubts if each.rule is rule)


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def default_file() -> Path:
    """The access.yaml that belongs to this chatctl."""
    return data_directory("sql") / "access.yaml"


def audit(
    conn: Connection,
    access: Access | None = None,
    *,
    only: Collection[str] = (),
    sample: int | None = None,
) -> Report:
    """Try what ``access`` declares on the database of ``conn``, an operator's connection, and undo it.

    It is tried on the fixture; or on up to ``sample`` rows of each table as it is. ``only`` names objects,
    identities and commands, see Scope; the inventory is always whole. No lock is waited for longer than two
    seconds. Raises Inconclusive when the fixture cannot be made, Invalid for SQL of access.yaml that the
    database does not understand, NotFound for what is named and not there.
    """
    declared = access or load(default_file())
    scope = Scope.of(declared, only)
    before = _sequences(conn)
    with undone(conn):
        start = time.perf_counter()
        held = privileges.held(conn, declared)
        reach = [*inventory.check(conn, declared, held), *lints.check(conn, declared)]
        stage = _stage(conn, declared, held, sample)
        near = near_now(conn) if sample is None else ()
        if missing := scope.identities - {each.name for each in stage.access.identities}:
            raise NotFound(f"nobody in this database stands for {', '.join(sorted(missing))}")
        tried = try_all(stage, Trial(conn, stage.access), scope)
        names = room.names(conn)
    if not tried:
        raise Inconclusive(f"{declared.path.name} declares nothing to try")
    access = stage.access
    judgement = judge(access, tried, held, names, scope)
    places = Places(access)
    after = _sequences(conn)
    return Report(
        identities=len(access.identities),
        tables=len(access.tables),
        functions=len(access.functions),
        probes=len(tried),
        by_action=dict(sorted(Counter(probe.privilege for probe, _ in tried).items())),
        findings=_placed([*reach, *judgement.findings], places),
        doubts=_placed(judgement.doubts, places),
        sequences=tuple(name for name, value in after.items() if before.get(name) != value),
        access=name_of(access.path),
        people=people(access),
        cells=cells(access, judgement.judged, names),
        setup=Setup(setup(access), setup_text(access)),
        existing=_existing(declared, access),
        near_now=near,
        seconds=round(time.perf_counter() - start, 2),
    )


def try_all(stage: Stage, trial: Trial, scope: Scope) -> list[tuple[Probe, Outcome]]:
    """Every probe of ``scope``, also at every moment, and what came of it."""
    probes = [probe for probe in generate(stage, scope.objects) if scope.tries(probe)]
    tried = list(zip(probes, trial.load(probes).run(), strict=True))
    return tried + moments.tried(stage, trial, scope)


def _stage(conn: Connection, access: Access, held: Privileges, sample: int | None) -> Stage:
    if sample is None:
        return Stage(conn, access, fixture.make(conn, access), held)
    there, contents = existing.make(conn, access, sample)
    return Stage(conn, there, contents, held)


def _existing(declared: Access, there: Access) -> Existing | None:
    if there.found is None:
        return None
    left_out = [each.name for each in declared.identities if each not in there.identities]
    return Existing(there.found, tuple(left_out))


def _placed(found: Iterable[Finding], places: Places) -> tuple[Finding, ...]:
    return tuple(replace(each, place=places.of(each)) for each in found)


def _sequences(conn: Connection) -> dict[str, int]:
    return dict(conn.execute(query("audit/sequences").encode()).fetchall())
