"""One audit from beginning to end, and what it says."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg

from chatctl.db.connection import Connection
from chatctl.db.files import data_directory, query
from chatctl.errors import Inconclusive, NotFound
from chatctl.services.audit import fixture, inventory
from chatctl.services.audit.cells import Cell, Person, cells, people
from chatctl.services.audit.expectations import Access, load
from chatctl.services.audit.findings import Doubt, Finding, Rule, judge
from chatctl.services.audit.places import Places, name_of
from chatctl.services.audit.probes import generate
from chatctl.services.audit.replay import setup, setup_files
from chatctl.services.audit.run import run


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
class Report:
    """What an audit says; ``sequences`` are those that the run advanced, which no rollback takes back.

    ``access`` is the file that was proved. Time is in ``seconds`` alone: two runs differ in nothing else.
    """

    identities: int
    tables: int
    functions: int
    probes: int
    by_action: dict[str, int]
    findings: tuple[Finding, ...]
    invalid: tuple[Doubt, ...]
    vacuous: tuple[Doubt, ...]
    sequences: tuple[str, ...]
    seconds: float
    access: str = "sql/access.yaml"
    people: tuple[Person, ...] = ()
    cells: tuple[Cell, ...] = ()
    accepted: tuple[Accepted, ...] = ()
    setup: Setup = Setup((), "")

    @property
    def conclusive(self) -> bool:
        """Whether every probe proved something."""
        return not self.invalid and not self.vacuous

    @property
    def problems(self) -> tuple[Finding, ...]:
        """Findings and doubts alike, doubts as findings of the rules ``invalid`` and ``vacuous``."""
        doubts = [(Rule.invalid, each) for each in self.invalid]
        doubts += [(Rule.vacuous, each) for each in self.vacuous]
        return (*self.findings, *(_as_finding(rule, doubt) for rule, doubt in doubts))


def default_file() -> Path:
    """The access.yaml that belongs to this chatctl."""
    return data_directory("sql") / "access.yaml"


def audit(conn: Connection, access: Access | None = None, *, only: Collection[str] = ()) -> Report:
    """Try what ``access`` declares on the database of ``conn``, an operator's connection, and undo it.

    ``only`` names the tables and functions to try; the inventory is always whole. No lock is waited for
    longer than two seconds. Raises Inconclusive when the fixture cannot be made, Invalid for SQL of
    access.yaml that the database does not understand, NotFound for an object that access.yaml does not list.
    """
    access = access or load(default_file())
    _check_listed(access, only)
    start = time.perf_counter()
    before = _sequences(conn)
    with _patience(), conn.transaction(force_rollback=True):
        conn.execute(query("audit/limits").encode())
        held = inventory.privileges(conn, access)
        reach = inventory.check(conn, access, held)
        contents = fixture.make(conn, access)
        probes = generate(conn, access, contents, only)
        outcomes = run(conn, access, probes)
        names = fixture.names(conn)
    if not probes:
        raise Inconclusive(f"{access.path.name} declares nothing to try")
    judgement = judge(access, probes, outcomes, held, names)
    places = Places(access)
    after = _sequences(conn)
    return Report(
        identities=len(access.identities),
        tables=len(access.tables),
        functions=len(access.functions),
        probes=len(probes),
        by_action=dict(sorted(Counter(probe.privilege for probe in probes).items())),
        findings=tuple(replace(each, place=places.of(each)) for each in (*reach, *judgement.findings)),
        invalid=_placed(judgement.invalid, places),
        vacuous=_placed(judgement.vacuous, places),
        sequences=tuple(name for name, value in after.items() if before.get(name) != value),
        access=name_of(access.path),
        people=people(access),
        cells=cells(access, judgement.judged, names),
        setup=Setup(
            setup(access), "\n".join(file.read_text(encoding="utf-8") for file in setup_files(access))
        ),
        seconds=round(time.perf_counter() - start, 2),
    )


def _placed(doubts: Iterable[Doubt], places: Places) -> tuple[Doubt, ...]:
    return tuple(replace(doubt, place=places.of(doubt)) for doubt in doubts)


def _as_finding(rule: Rule, doubt: Doubt) -> Finding:
    return Finding(
        rule, doubt.object, doubt.action, doubt.reason, doubt.sql, doubt.identities, doubt.probes,
        doubt.command, doubt.roles, doubt.place,
    )  # fmt: skip


@contextmanager
def _patience() -> Iterator[None]:
    try:
        yield
    except (psycopg.errors.LockNotAvailable, psycopg.errors.QueryCanceled) as error:
        said = error.diag.message_primary
        raise Inconclusive(
            f"the audit gave up: {said} [{error.sqlstate}]", hint="try again when nothing holds locks"
        ) from error


def _check_listed(access: Access, only: Collection[str]) -> None:
    listed = {each.name for each in access.tables} | {each.signature for each in access.functions}
    for name in only:
        if name not in listed:
            raise NotFound(f"{access.path.name} lists no table or function {name}")


def _sequences(conn: Connection) -> dict[str, int]:
    return dict(conn.execute(query("audit/sequences").encode()).fetchall())
