"""Whether the audit would notice: every mutant of the rules is made, tried and undone."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import psycopg

from chatctl.db.connection import Connection
from chatctl.errors import Inconclusive
from chatctl.services.audit import fixture, inventory, privileges
from chatctl.services.audit.batch import Batch
from chatctl.services.audit.expectations import Access
from chatctl.services.audit.findings import Place
from chatctl.services.audit.kin import Kin
from chatctl.services.audit.mutation.catalogue import read
from chatctl.services.audit.mutation.equivalents import Equivalent
from chatctl.services.audit.mutation.mutant import Mutant
from chatctl.services.audit.mutation.mutants import mutants
from chatctl.services.audit.mutation.trace import traced
from chatctl.services.audit.outcome import Outcome
from chatctl.services.audit.places import Places
from chatctl.services.audit.probes import Probe, Stage, generate
from chatctl.services.audit.trial import Trial
from chatctl.services.audit.undone import undone
from chatctl.services.audit.verdicts import Verdict, told, verdict

# What the inventory does not look at: the conditions of policies, bodies, triggers.
_NOT_IN_INVENTORY = ("alter policy", "create or replace", "drop trigger")
# What a function does once it is called; a grant decides whether it is.
_ONCE_CALLED = ("create or replace function", "alter function")


class End(StrEnum):
    """What became of a mutant.

    Stale is one that is said to be equivalent, and was noticed or is not made any more.
    """

    killed = "killed"
    survived = "survived"
    equivalent = "equivalent"
    stillborn = "stillborn"
    stale = "stale"


@dataclass(frozen=True)
class Fate:
    """One mutant and its end; ``by`` is the id of what noticed it, the reason or the database's error."""

    id: str
    operator: str
    object: str
    part: str
    change: str
    end: End
    by: str
    place: Place | None


@dataclass(frozen=True)
class Score:
    """What became of all mutants, in their order."""

    fates: tuple[Fate, ...]
    probes: int
    seconds: float

    def of(self, *ends: End) -> tuple[Fate, ...]:
        """Those that ended so."""
        return tuple(each for each in self.fates if each.end in ends)

    @property
    def score(self) -> float:
        """Killed among those that could be noticed; 1 when there were none."""
        killed, survived = len(self.of(End.killed)), len(self.of(End.survived))
        return killed / (killed + survived) if killed + survived else 1.0

    @property
    def operators(self) -> dict[str, tuple[int, int]]:
        """(killed, killed or survived) by operator, where there is any."""
        made: dict[str, tuple[int, int]] = {}
        for each in self.of(End.killed, End.survived):
            killed, all_ = made.get(each.operator, (0, 0))
            made[each.operator] = killed + (each.end is End.killed), all_ + 1
        return dict(sorted(made.items()))


@dataclass(frozen=True)
class Step:
    """So many mutants of ``of`` are tried."""

    what: str
    done: int
    of: int


def mutate(
    conn: Connection,
    access: Access,
    equivalent: Mapping[str, Equivalent],
    *,
    only: Collection[str] = (),
    progress: Callable[[Step], None] = lambda step: None,
) -> Score:
    """Try every mutant of what ``access`` lists, or of the objects named ``only``; nothing of it stays.

    The rules are changed in the transaction that is rolled back, under exclusive locks on what is changed.
    Raises Inconclusive when the audit is not clean without any mutant.
    """
    start = time.perf_counter()
    with undone(conn):
        look = _Look(conn, access)
        made = [each for each in mutants(conn, access) if not only or each.object in only]
        ends: dict[str, tuple[End, str]] = {}
        for mutant in made:
            if end := _alone(look, mutant, listed=mutant.id in equivalent):
                ends[mutant.id] = end
                progress(Step("mutants", len(ends), len(made)))
        for group in _groups([each for each in made if each.id not in ends], look):
            ends |= _far(look, group)
            progress(Step("mutants", len(ends), len(made)))
        # What changes by itself, as time goes by, would be taken for the work of every mutant since.
        if by := look.far([]):
            raise Inconclusive(f"the audit is not clean any more without a mutant: {by}")
        places = Places(access)
        fates = [_fate(each, *ends[each.id], equivalent, places) for each in made]
    known = {each.id for each in made}
    gone = [] if only else [each for each in equivalent.values() if each.mutant not in known]
    return Score((*fates, *map(_gone, gone)), len(look.batch.probes), round(time.perf_counter() - start, 2))


def _fate(mutant: Mutant, end: End, by: str, equivalent: Mapping[str, Equivalent], places: Places) -> Fate:
    place = places.of_object(mutant.object)
    if (entry := equivalent.get(mutant.id)) is not None:
        place = entry.place
        end, by = (End.equivalent, entry.reason) if end is End.survived else (End.stale, f"{end} by {by}")
    return Fate(mutant.id, mutant.operator, mutant.object, mutant.part, mutant.change, end, by, place)


def _gone(entry: Equivalent) -> Fate:
    operator, name, *_ = [*entry.mutant.split(":"), ""]
    return Fate(entry.mutant, operator, name, "", "", End.stale, "no such mutant is made", entry.place)


def _alone(look: _Look, mutant: Mutant, *, listed: bool) -> tuple[End, str] | None:
    """Its end; None where it may change what is farther off, and nothing near shows it.

    What is ``listed`` as equivalent is not looked for near by: nobody expects to find it there.
    """
    with look.conn.transaction(force_rollback=True):
        try:
            with look.conn.transaction():
                look.conn.execute(mutant.sql.encode())
        except psycopg.errors.LockNotAvailable:
            raise
        except psycopg.Error as error:
            return End.stillborn, f"{error.diag.message_primary} [{error.sqlstate}]"
        if look.traces(mutant):
            by = look.far([mutant])
            return (End.killed, by) if by else (End.survived, "")
        by = None if listed else look.near(mutant)
    return (End.killed, by) if by else None


def _groups(suspects: list[Mutant], look: _Look) -> list[list[Mutant]]:
    """``suspects`` in groups that can be made together: no two of one group change the same thing."""
    groups: list[list[Mutant]] = []
    taken: list[set[str]] = []
    for mutant in suspects:
        site = look.site(mutant.object)
        place = next((n for n, sites in enumerate(taken) if site not in sites), len(groups))
        if place == len(groups):
            groups.append([])
            taken.append(set())
        groups[place].append(mutant)
        taken[place].add(site)
    return groups


def _far(look: _Look, group: list[Mutant]) -> dict[str, tuple[End, str]]:
    """The ends of ``group``, made at once and looked at with every probe; halved until it is clear who."""
    with look.conn.transaction(force_rollback=True):
        for mutant in group:
            look.conn.execute(mutant.sql.encode())
        by = look.far(group)
    if not by:
        return {mutant.id: (End.survived, "") for mutant in group}
    if len(group) == 1:
        return {group[0].id: (End.killed, by)}
    half = len(group) // 2
    return _far(look, group[:half]) | _far(look, group[half:])


class _Look:
    """The stage of an audit, looked at again and again.

    Left out are probes that could not tell a mutant from the original: what trusted roles do to tables, what
    is refused for want of a privilege on it and what reads one column: the inventory has every privilege.
    """

    def __init__(self, conn: Connection, access: Access) -> None:
        self.conn, self._access = conn, access
        stage = Stage(conn, access, fixture.make(conn, access), privileges.held(conn, access))
        trial, probes = Trial(conn, access), generate(stage)
        self._known = self._reach()  # the fixture makes buckets of its own
        tried = list(zip(probes, trial.load(probes).run(), strict=True))
        for probe, outcome in tried:
            if (said := verdict(access, probe, outcome)) is not Verdict.passed:
                raise Inconclusive(
                    f"the audit is not clean without a mutant: {said} of {probe.object}, {probe.tried}",
                    hint="run `chatctl audit-rls` first",
                )
        self.batch: Batch = trial.load([probe for probe, outcome in tried if _tells(probe, outcome)])
        self._about = {
            number: probe.object for probe, number in zip(self.batch.probes, self.batch.numbers, strict=True)
        }
        self._kin = Kin(conn)
        self._trace = traced(conn, read(conn, access), self.batch)

    def site(self, name: str) -> str:
        """The object that is tried nearest to the one called ``name``: what hides behind it stays hidden."""
        tried = set(self._about.values())
        return next((each for each in [name, *self._kin.users_of(name)] if each in tried), name)

    def near(self, mutant: Mutant) -> str | None:
        """The id of the first finding at what ``mutant`` changes, or at what asks it first."""
        around = {mutant.object, self.site(mutant.object)}
        return self._first([mutant], [number for number, about in self._about.items() if about in around])

    def far(self, group: Sequence[Mutant]) -> str | None:
        """The id of the first finding anywhere, looking at what ``group`` changes and its kin first."""
        order = [each for mutant in group for each in (mutant.object, *self._kin.users_of(mutant.object))]
        near = {each: place for place, each in reversed(list(enumerate(order)))}
        return self._first(
            group, sorted(self._changed(group), key=lambda number: near.get(self._about[number], len(order)))
        )

    def traces(self, mutant: Mutant) -> bool:
        """Whether it is known which statements it may change: those that call the function."""
        return mutant.object in self._trace and mutant.sql.lower().startswith(_ONCE_CALLED)

    def _changed(self, group: Sequence[Mutant]) -> Collection[int]:
        """The statements that ``group`` may have changed; all when it is empty."""
        if not group or not all(map(self.traces, group)):
            return self._about
        return frozenset[int]().union(*(self._trace[mutant.object] for mutant in group))

    def _first(self, group: Sequence[Mutant], statements: Iterable[int]) -> str | None:
        in_inventory = [each for each in group if not each.sql.lower().startswith(_NOT_IN_INVENTORY)]
        if (in_inventory or not group) and (found := sorted(self._reach() - self._known)):
            return found[0]
        return next((by for number in statements if (by := self._noticed(number))), None)

    def _reach(self) -> set[str]:
        held = privileges.held(self.conn, self._access)
        return {each.id for each in inventory.check(self.conn, self._access, held)}

    def _noticed(self, statement: int) -> str | None:
        tried = list(self.batch.of(statement))
        for probe, outcome in tried:
            said = verdict(self._access, probe, outcome)
            if said is not Verdict.passed:
                return f"{said}:{probe.object}:{probe.tried}"
        return next((f"oracle:{tried[n][0].object}:{tried[n][0].tried}" for n in told(tried)), None)


def _tells(probe: Probe, outcome: Outcome) -> bool:
    if (probe.trusted and probe.privilege != "execute") or probe.action.startswith("select "):
        return False
    schema, name = map(re.escape, probe.object.partition("(")[0].split(".", 1))
    # What is missing on something else, inside a function, may be there with somebody else's rights.
    own = rf"permission denied for (?:schema {schema}|[a-z ]+ {name})"
    return not (outcome.state == "42501" and re.fullmatch(own, outcome.message or ""))
