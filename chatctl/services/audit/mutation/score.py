"""Running every mutant, and the mutation score."""

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
from chatctl.services.audit.findings.sources import SourceIndex
from chatctl.services.audit.mutation.detector import TOO_LONG, Detector, roll_back_within_limit
from chatctl.services.audit.mutation.equivalents import Equivalent
from chatctl.services.audit.mutation.mutant import Mutant
from chatctl.services.audit.mutation.mutants import mutants
from chatctl.services.audit.stage.transaction import rolled_back

T = TypeVar("T")


class End(StrEnum):
    """The outcome of a mutant.

    Stale: listed as equivalent, but detected or no longer generated. Inconclusive: detected by time-dependent
    probes only.
    """

    killed = "killed"
    survived = "survived"
    equivalent = "equivalent"
    stillborn = "stillborn"
    stale = "stale"
    inconclusive = "inconclusive"


@dataclass(frozen=True, kw_only=True)
class MutantResult:
    """One mutant and its end; ``by`` is the finding that detected it, the reason, or the database's error."""

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
    """The results of all mutants, in order; ``unstable`` describes probes that changed by themselves."""

    results: tuple[MutantResult, ...]
    probes: int
    seconds: float
    unstable: tuple[str, ...] = ()

    def of(self, *ends: End) -> tuple[MutantResult, ...]:
        """The results with one of these ends."""
        return tuple(each for each in self.results if each.end in ends)

    @property
    def score(self) -> float:
        """Killed / (killed + survived); 1 if there are none."""
        killed, survived = len(self.of(End.killed)), len(self.of(End.survived))
        return killed / (killed + survived) if killed + survived else 1.0

    @property
    def operators(self) -> dict[str, tuple[int, int]]:
        """(killed, killed or survived) for each operator."""
        tried: dict[str, tuple[int, int]] = {}
        for each in self.of(End.killed, End.survived):
            killed, all_ = tried.get(each.operator, (0, 0))
            tried[each.operator] = killed + (each.end is End.killed), all_ + 1
        return dict(sorted(tried.items()))


@dataclass(frozen=True)
class MutationStep:
    """``done`` of ``of`` mutants have run."""

    what: str
    done: int
    of: int


def mutate(
    conn: Connection,
    access: Access,
    equivalent: Mapping[str, Equivalent],
    *,
    only: Collection[str] = (),
    progress: Callable[[MutationStep], None] = lambda step: None,
) -> Score:
    """Run every mutant of what ``access`` lists, or of the objects named ``only``, and roll back.

    Mutants take exclusive locks on what they change. At the end the probes run again without a mutant. Those
    with another verdict change by themselves and have detected nothing, so mutants that they detected run
    again without them. Raises Inconclusive if the audit is not clean before.
    """
    start = time.perf_counter()
    with rolled_back(conn):
        detector = Detector(conn, access)
        tried = [each for each in mutants(conn, access) if not only or each.object in only]
        ends = _run_all(detector, tried, equivalent, progress)
        changed = detector.exclude(detector.changed_without_mutant())
        retried = [each for each in tried if ends[each.id][1].partition(":")[2] in changed]
        if retried:
            first, ends = ends, ends | _run_all(detector, retried, equivalent, progress)
            still_changed = detector.exclude(detector.changed_without_mutant())
            for each in retried:
                end, by = ends[each.id]
                no_longer_detected = end is End.survived and each.id not in equivalent
                if no_longer_detected or by.partition(":")[2] in still_changed:
                    ends[each.id] = End.inconclusive, first[each.id][1]
        sources = SourceIndex(access)
        results = [_result(each, *ends[each.id], equivalent, sources) for each in tried]
    ids = {each.id for each in tried}
    missing = [] if only else [each for each in equivalent.values() if each.mutant not in ids]
    return Score(
        (*results, *map(_missing, missing)),
        detector.probes,
        round(time.perf_counter() - start, 2),
        tuple(detector.unstable.values()),
    )


def _run_all(
    detector: Detector,
    tried: Sequence[Mutant],
    equivalent: Collection[str],
    progress: Callable[[MutationStep], None],
) -> dict[str, tuple[End, str]]:
    """The end of each mutant, with what caused it."""
    ends: dict[str, tuple[End, str]] = {}
    for mutant in tried:
        if end := _run_one(detector, mutant, is_equivalent=mutant.id in equivalent):
            ends[mutant.id] = end
            progress(MutationStep("mutants", len(ends), len(tried)))
    for group in _independent_groups([each for each in tried if each.id not in ends], detector):
        ends |= _run_group(detector, group)
        progress(MutationStep("mutants", len(ends), len(tried)))
    return ends


def _result(
    mutant: Mutant, end: End, by: str, equivalent: Mapping[str, Equivalent], sources: SourceIndex
) -> MutantResult:
    place = sources.place_of_object(mutant.object)
    if (entry := equivalent.get(mutant.id)) and end is not End.inconclusive:
        place = entry.place
        end, by = (End.equivalent, entry.reason) if end is End.survived else (End.stale, f"{end} by {by}")
    return MutantResult(
        id=mutant.id,
        operator=mutant.operator,
        object=mutant.object,
        part=mutant.part,
        change=mutant.change,
        end=end,
        by=by,
        place=place,
    )


def _missing(entry: Equivalent) -> MutantResult:
    operator, name, *_ = [*entry.mutant.split(":"), ""]
    return MutantResult(
        id=entry.mutant,
        operator=operator,
        object=name,
        part="",
        change="",
        end=End.stale,
        by="no such mutant is generated",
        place=entry.place,
    )


def _run_one(detector: Detector, mutant: Mutant, *, is_equivalent: bool) -> tuple[End, str] | None:
    """The end of one mutant; None if no nearby probe detects it and it may affect others.

    For mutants listed as equivalent the nearby probes are skipped, since they will not detect them.
    """

    def judge() -> tuple[End, str] | None:
        try:
            with detector.conn.transaction():
                detector.conn.execute(mutant.sql.encode())
        except (psycopg.errors.LockNotAvailable, psycopg.errors.QueryCanceled):
            raise
        except psycopg.Error as error:
            return End.stillborn, f"{reason(error)} [{error.sqlstate}]"
        if detector.has_trace(mutant):
            by = detector.detect([mutant])
            return (End.killed, by) if by else (End.survived, "")
        by = None if is_equivalent else detector.detect_near(mutant)
        return (End.killed, by) if by else None

    too_long: tuple[End, str] | None = (End.killed, f"invalid:{mutant.object}:{TOO_LONG}")
    return roll_back_within_limit(detector, judge, too_long)


def _independent_groups(undecided: list[Mutant], detector: Detector) -> list[list[Mutant]]:
    """``undecided`` in groups of mutants of different objects, which can be applied together."""
    groups: list[list[Mutant]] = []
    used: list[set[str]] = []
    for mutant in undecided:
        target = detector.nearest_tried_object(mutant.object)
        index = next((n for n, targets in enumerate(used) if target not in targets), len(groups))
        if index == len(groups):
            groups.append([])
            used.append(set())
        groups[index].append(mutant)
        used[index].add(target)
    return groups


def _run_group(detector: Detector, group: list[Mutant]) -> dict[str, tuple[End, str]]:
    """The ends of ``group``: all applied at once, and halved while a probe detects one of them."""

    def judge() -> str | None:
        for mutant in group:
            detector.conn.execute(mutant.sql.encode())
        return detector.detect(group)

    too_long: str | None = f"invalid:{group[0].object}:{TOO_LONG}"
    by = roll_back_within_limit(detector, judge, too_long)
    if not by:
        return {mutant.id: (End.survived, "") for mutant in group}
    if len(group) == 1:
        return {group[0].id: (End.killed, by)}
    half = len(group) // 2
    return _run_group(detector, group[:half]) | _run_group(detector, group[half:])
