"""Whether the audit would notice: every mutant of the rules is made, tried and undone."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

import psycopg

from chatctl.db.connection import Connection
from chatctl.errors import Inconclusive
from chatctl.services.audit import fixture, inventory, privileges
from chatctl.services.audit.expectations import Access
from chatctl.services.audit.findings import Place, Verdict, told, verdict
from chatctl.services.audit.kin import Kin
from chatctl.services.audit.mutation.equivalents import Equivalent
from chatctl.services.audit.mutation.mutant import Mutant
from chatctl.services.audit.mutation.mutants import mutants
from chatctl.services.audit.places import Places
from chatctl.services.audit.probes import Stage, generate
from chatctl.services.audit.report import undone
from chatctl.services.audit.trial import Batch, Trial


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
        if noticed := look.at(None):
            raise Inconclusive(
                f"the audit is not clean without a mutant: {noticed}", hint="run `chatctl audit-rls` first"
            )
        made = [each for each in mutants(conn, access) if not only or each.object in only]
        places, fates = Places(access), []
        for number, mutant in enumerate(made, 1):
            fates.append(_fate(mutant, *_end(look, mutant), equivalent, places))
            progress(Step("mutants", number, len(made)))
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


def _end(look: _Look, mutant: Mutant) -> tuple[End, str]:
    with look.conn.transaction(force_rollback=True):
        try:
            with look.conn.transaction():
                look.conn.execute(mutant.sql.encode())
        except psycopg.errors.LockNotAvailable:
            raise
        except psycopg.Error as error:
            return End.stillborn, f"{error.diag.message_primary} [{error.sqlstate}]"
        by = look.at(mutant.object)
        return (End.killed, by) if by else (End.survived, "")


class _Look:
    """The stage of an audit, looked at again and again."""

    def __init__(self, conn: Connection, access: Access) -> None:
        self.conn, self._access = conn, access
        stage = Stage(conn, access, fixture.make(conn, access), privileges.held(conn, access))
        self.batch: Batch = Trial(conn, access).load(generate(stage))
        self._kin = Kin(conn)
        self._known = self._reach()  # the fixture makes buckets of its own

    def at(self, name: str | None) -> str | None:
        """The id of the first finding, looking at the object called ``name`` and its kin first."""
        if found := sorted(self._reach() - self._known):
            return found[0]
        numbers = self._kin.order(name, self.batch) if name else dict.fromkeys(self.batch.numbers)
        return next((by for number in numbers if (by := self._noticed(number))), None)

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
