"""Whether the audit would notice: every mutant of the rules is made, tried and undone."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

import psycopg

from chatctl.db.connection import Connection
from chatctl.db.sqlstate import reason
from chatctl.services.audit.access.expectations import Access
from chatctl.services.audit.findings.finding import Place
from chatctl.services.audit.findings.sources import Places
from chatctl.services.audit.mutation.equivalents import Equivalent
from chatctl.services.audit.mutation.look import TOO_LONG, Look, undone_in_time
from chatctl.services.audit.mutation.mutant import Mutant
from chatctl.services.audit.mutation.mutants import mutants
from chatctl.services.audit.stage.transaction import undone

T = TypeVar("T")


class End(StrEnum):
    """What became of a mutant.

    Stale is one that is said to be equivalent, and was noticed or is not made any more; inconclusive is one
    that only time-dependent probes noticed.
    """

    killed = "killed"
    survived = "survived"
    equivalent = "equivalent"
    stillborn = "stillborn"
    stale = "stale"
    inconclusive = "inconclusive"


@dataclass(frozen=True, kw_only=True)
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
    """What became of all mutants, in their order; ``unsteady`` is what changed by itself meanwhile."""

    fates: tuple[Fate, ...]
    probes: int
    seconds: float
    unsteady: tuple[str, ...] = ()

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
    What the audit says without any mutant is looked at again in the end. A probe that says something else by
    then changes by itself, and has noticed nothing: mutants that were noticed by such probes alone are judged
    again without these. Raises Inconclusive when the audit is not clean at first.
    """
    start = time.perf_counter()
    with undone(conn):
        look = Look(conn, access)
        made = [each for each in mutants(conn, access) if not only or each.object in only]
        ends = _ends(look, made, equivalent, progress)
        changed = look.leave_out(look.changed())
        again = [each for each in made if ends[each.id][1].partition(":")[2] in changed]
        if again:
            first, ends = ends, ends | _ends(look, again, equivalent, progress)
            still = look.leave_out(look.changed())
            for each in again:
                end, by = ends[each.id]
                unclear = end is End.survived and each.id not in equivalent
                if unclear or by.partition(":")[2] in still:
                    ends[each.id] = End.inconclusive, first[each.id][1]
        places = Places(access)
        fates = [_fate(each, *ends[each.id], equivalent, places) for each in made]
    known = {each.id for each in made}
    gone = [] if only else [each for each in equivalent.values() if each.mutant not in known]
    return Score(
        (*fates, *map(_gone, gone)),
        look.probes,
        round(time.perf_counter() - start, 2),
        tuple(look.unsteady.values()),
    )


def _ends(
    look: Look, made: Sequence[Mutant], equivalent: Collection[str], progress: Callable[[Step], None]
) -> dict[str, tuple[End, str]]:
    """What becomes of each mutant, and by what."""
    ends: dict[str, tuple[End, str]] = {}
    for mutant in made:
        if end := _alone(look, mutant, listed=mutant.id in equivalent):
            ends[mutant.id] = end
            progress(Step("mutants", len(ends), len(made)))
    for group in _groups([each for each in made if each.id not in ends], look):
        ends |= _far(look, group)
        progress(Step("mutants", len(ends), len(made)))
    return ends


def _fate(mutant: Mutant, end: End, by: str, equivalent: Mapping[str, Equivalent], places: Places) -> Fate:
    place = places.of_object(mutant.object)
    if (entry := equivalent.get(mutant.id)) and end is not End.inconclusive:
        place = entry.place
        end, by = (End.equivalent, entry.reason) if end is End.survived else (End.stale, f"{end} by {by}")
    return Fate(
        id=mutant.id,
        operator=mutant.operator,
        object=mutant.object,
        part=mutant.part,
        change=mutant.change,
        end=end,
        by=by,
        place=place,
    )


def _gone(entry: Equivalent) -> Fate:
    operator, name, *_ = [*entry.mutant.split(":"), ""]
    return Fate(
        id=entry.mutant,
        operator=operator,
        object=name,
        part="",
        change="",
        end=End.stale,
        by="no such mutant is made",
        place=entry.place,
    )


def _alone(look: Look, mutant: Mutant, *, listed: bool) -> tuple[End, str] | None:
    """Its end; None where it may change what is farther off, and nothing near shows it.

    What is ``listed`` as equivalent is not looked for near by: nobody expects to find it there.
    """

    def judged() -> tuple[End, str] | None:
        try:
            with look.conn.transaction():
                look.conn.execute(mutant.sql.encode())
        except (psycopg.errors.LockNotAvailable, psycopg.errors.QueryCanceled):
            raise
        except psycopg.Error as error:
            return End.stillborn, f"{reason(error)} [{error.sqlstate}]"
        if look.traces(mutant):
            by = look.far([mutant])
            return (End.killed, by) if by else (End.survived, "")
        by = None if listed else look.near(mutant)
        return (End.killed, by) if by else None

    too_long: tuple[End, str] | None = (End.killed, f"invalid:{mutant.object}:{TOO_LONG}")
    return undone_in_time(look, judged, too_long)


def _groups(suspects: list[Mutant], look: Look) -> list[list[Mutant]]:
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


def _far(look: Look, group: list[Mutant]) -> dict[str, tuple[End, str]]:
    """The ends of ``group``, made at once and looked at with every probe; halved until it is clear who."""

    def judged() -> str | None:
        for mutant in group:
            look.conn.execute(mutant.sql.encode())
        return look.far(group)

    too_long: str | None = f"invalid:{group[0].object}:{TOO_LONG}"
    by = undone_in_time(look, judged, too_long)
    if not by:
        return {mutant.id: (End.survived, "") for mutant in group}
    if len(group) == 1:
        return {group[0].id: (End.killed, by)}
    half = len(group) // 2
    return _far(look, group[:half]) | _far(look, group[half:])
