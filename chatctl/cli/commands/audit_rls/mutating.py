"""``--mutate``: how many broken rules the audit would notice, and what is missing where it would not."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from chatctl.cli.options import Options
from chatctl.cli.output import note, show_document
from chatctl.cli.progress import progress
from chatctl.db.connection import Connection
from chatctl.errors import Found, Inconclusive
from chatctl.services.audit.access.expectations import Access
from chatctl.services.audit.mutation import equivalents
from chatctl.services.audit.mutation.score import End, Fate, Score, mutate


def run(conn: Connection, access: Access, only: Collection[str], shared: Options) -> None:
    """Try every mutant; exit 7 when one survives without a reason, or a reason is out of date.

    Exit 9 when only time-dependent probes noticed one.
    """
    known = equivalents.load(equivalents.beside(access.path))
    with progress(shared) as told:
        score = mutate(conn, access, known, only=only, progress=told)
    show_document(_document(score), shared, text="\n".join(_lines(score)))
    note(f"{len(score.fates)} mutants, {score.probes} probes at most for each, in {score.seconds} s", shared)
    if score.of(End.survived, End.stale):
        raise Found(_counted(score, End.survived, End.stale))
    if score.of(End.inconclusive):
        raise Inconclusive(_counted(score, End.inconclusive))


def _counted(score: Score, *ends: End) -> str:
    counts = [(len(score.of(end)), end) for end in ends]
    return f"mutants: {', '.join(f'{count} {end}' for count, end in counts if count)}"


def _lines(score: Score) -> Iterator[str]:
    for sentence in score.unsteady:
        yield f"TIME-DEPENDENT {sentence}"
        yield ""
    for fate in score.of(End.survived, End.stale, End.inconclusive, End.stillborn):
        yield from _fate(fate)
    count = {end: len(score.of(end)) for end in End}
    unclear = f", {count[End.inconclusive]} inconclusive" if count[End.inconclusive] else ""
    yield (
        f"mutation score {score.score:.3f}: {count[End.killed]} of "
        f"{count[End.killed] + count[End.survived]} noticed, {count[End.equivalent]} equivalent, "
        f"{count[End.stillborn]} stillborn{unclear}"
    )
    for operator, (noticed, made) in score.operators.items():
        yield f"  {operator:28} {noticed:4} of {made}"


def _fate(fate: Fate) -> Iterator[str]:
    part = f", {fate.part}" if fate.part else ""
    yield f"{fate.end.upper()} {fate.operator} at {fate.object}{part}"
    if fate.change:
        yield f"  {fate.change}"
    yield f"  {_meaning(fate)}"
    yield f"  {fate.id}"
    if fate.place:
        yield f"  {fate.place.file}:{fate.place.line}"
    yield ""


def _meaning(fate: Fate) -> str:
    if fate.end is End.survived:
        return "missing expectation: nothing in access.yaml, and no row of the fixture, tells the difference"
    if fate.end is End.inconclusive:
        return f"noticed only by {fate.by}, which is time-dependent"
    if fate.end is End.stale:
        return f"said to be equivalent, but {fate.by}"
    return f"cannot be made: {fate.by}"


def _document(score: Score) -> dict[str, object]:
    return {
        "score": round(score.score, 4),
        "counts": {end.value: len(score.of(end)) for end in End},
        "operators": {name: {"killed": killed, "of": of} for name, (killed, of) in score.operators.items()},
        "mutants": score.fates,
        "probes": score.probes,
        "time_dependent": list(score.unsteady),
    }
