"""One audit from beginning to end, and what it says."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from psycopg.pq import TransactionStatus

from chatctl.data import data_directory
from chatctl.db.connection import Connection, connection, url_of
from chatctl.db.files import query
from chatctl.errors import ChatctlError, Inconclusive
from chatctl.services.audit import control
from chatctl.services.audit.batch import Trying, in_silence
from chatctl.services.audit.cells import Cell, Person, cells, people
from chatctl.services.audit.expectations import Access, load
from chatctl.services.audit.findings import Finding, Rule
from chatctl.services.audit.judging import judge, summed
from chatctl.services.audit.places import Places, name_of
from chatctl.services.audit.replay import setup, setup_text
from chatctl.services.audit.run import run
from chatctl.services.audit.scope import Scope
from chatctl.services.audit.untried import Untried

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

    ``access`` is the file that was proved, ``existing`` is set for existing data; ``not_tried`` was left out
    for a good reason; ``near_now`` are columns of the fixture, see ``clock``; ``unsettled`` is why the
    control could not be run. Time is in ``seconds`` alone: two runs differ in nothing else.
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
    not_tried: tuple[Untried, ...] = ()
    near_now: tuple[str, ...] = ()
    unsettled: str = ""

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader should know beside the verdict, a sentence each."""
        near = _listed(self.near_now)
        reasons: dict[str, list[str]] = defaultdict(list)
        for each in self.not_tried:
            reasons[each.reason].append(each.object)
        return (
            *(f"not tried: {', '.join(objects)}: {reason}" for reason, objects in reasons.items()),
            *([f"sequences that stay advanced: {', '.join(self.sequences)}"] if self.sequences else []),
            *([f"what was found could not be tried again: {self.unsettled}"] if self.unsettled else []),
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
        return self.of(Rule.invalid)

    @property
    def vacuous(self) -> tuple[Finding, ...]:
        return self.of(Rule.vacuous)

    def of(self, rule: Rule) -> tuple[Finding, ...]:
        """The problems of one rule."""
        return tuple(each for each in self.problems if each.rule is rule)


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
    trying: Trying = in_silence,
) -> Report:
    """Try what ``access`` declares on the database of ``conn``, an operator's connection, and undo it.

    It is tried on the fixture; or on up to ``sample`` rows of each table as it is. ``only`` names objects,
    identities and commands, see Scope; the inventory is always whole. ``trying`` is told what is tried. No
    lock is waited for longer than two seconds, and no probe longer than ``batch`` says. Raises Inconclusive
    when the fixture cannot be made, Invalid for SQL of access.yaml that the database does not understand,
    NotFound for what is named and not there.
    """
    declared = access or load(default_file())
    scope = Scope.of(declared, only)
    before = _sequences(conn)
    start = time.perf_counter()
    first = run(conn, declared, scope, sample, trying)
    if not first.tried:
        why = "; ".join(f"{each.object}: {each.reason}" for each in first.untried)
        raise Inconclusive(f"{declared.path.name} declares nothing that can be tried", hint=why or None)
    access = first.access
    judged = judge(access, first.tried, first.held, scope)
    slow = first.seconds > control.SLOW and bool(first.near_now)
    again, unsettled = control.doubtful(judged, all_of_it=slow), ""
    # Inside of somebody's transaction, which tests are, nobody else sees what it has made.
    if again and conn.info.transaction_status is TransactionStatus.IDLE:
        try:
            # A session of its own: claims that were set once are never unset again, only empty.
            with connection(url_of(conn), watched=True) as fresh:
                second = run(fresh, declared, replace(scope, objects=again), sample, trying)
        except ChatctlError as error:
            unsettled = error.message
        else:
            judged = control.settled(judged, judge(second.access, second.tried, second.held, scope))
    findings, doubts = summed(access, judged, first.names, scope)
    places = Places(access)
    after = _sequences(conn)
    return Report(
        identities=len(access.identities),
        tables=len(access.tables),
        functions=len(access.functions),
        probes=len(first.tried),
        by_action=dict(sorted(Counter(probe.privilege for probe, _ in first.tried).items())),
        findings=_placed([*first.reach, *findings], places),
        doubts=_placed([*doubts, *(each.doubt for each in first.untried if not each.excused)], places),
        sequences=tuple(name for name, value in after.items() if before.get(name) != value),
        access=name_of(access.path),
        people=people(access),
        cells=cells(access, judged, first.names),
        setup=Setup(setup(access), setup_text(access)),
        existing=_existing(declared, access),
        not_tried=tuple(each for each in first.untried if each.excused),
        near_now=first.near_now,
        unsettled=unsettled,
        seconds=round(time.perf_counter() - start, 2),
    )


def _existing(declared: Access, there: Access) -> Existing | None:
    if there.found is None:
        return None
    left_out = [each.name for each in declared.identities if each not in there.identities]
    return Existing(there.found, tuple(left_out))


def _placed(found: Iterable[Finding], places: Places) -> tuple[Finding, ...]:
    return tuple(replace(each, place=places.of(each)) for each in found)


def _sequences(conn: Connection) -> dict[str, int]:
    return dict(conn.execute(query("audit/sequences").encode()).fetchall())
