"""``--mutate``: which broken rules the audit detects."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from chatctl.cli.options import Options
from chatctl.cli.output import note, show_document
from chatctl.cli.progress import progress
from chatctl.db.connection import Connection
from chatctl.errors import Found, Inconclusive
from chatctl.services.audit.access.expectations import Access
from chatctl.services.audit.mutation import equivalents
from chatctl.services.audit.mutation.score import End, MutantResult, Score, mutate


def run(conn: Connection, access: Access, only: Collection[str], shared: Options) -> None:
    """Run every mutant; exit 7 if one survives without a reason, or a reason is out of date.

    Exit 9 if only time-dependent probes detect one.
    """
    equivalent = equivalents.load(equivalents.path_for(access.path))
    with progress(shared) as report_step:
        score = mutate(conn, access, equivalent, only=only, progress=report_step)
    show_document(_document(score), shared, text="\n".join(_lines(score)))
    note(
        f"{len(score.results)} mutants, {score.probes} probes at most per mutant, in {score.seconds} s",
        shared,
    )
    if score.of(End.survived, End.stale):
        raise Found(_counted(score, End.survived, End.stale))
    if score.of(End.inconclusive):
        raise Inconclusive(_counted(score, End.inconclusive))


def _counted(score: Score, *ends: End) -> str:
    counts = [(len(score.of(end)), end) for end in ends]
    return f"mutants: {', '.join(f'{count} {end}' for count, end in counts if count)}"


def _lines(score: Score) -> Iterator[str]:
    for sentence in score.unstable:
        yield f"TIME-DEPENDENT {sentence}"
        yield ""
    for result in score.of(End.survived, End.stale, End.inconclusive, End.stillborn):
        yield from _result(result)
    count = {end: len(score.of(end)) for end in End}
    inconclusive = f", {count[End.inconclusive]} inconclusive" if count[End.inconclusive] else ""
    yield (
        f"mutation score {score.score:.3f}: {count[End.killed]} of "
        f"{count[End.killed] + count[End.survived]} detected, {count[End.equivalent]} equivalent, "
        f"{count[End.stillborn]} stillborn{inconclusive}"
    )
    for operator, (killed, total) in score.operators.items():
        yield f"  {operator:28} {killed:4} of {total}"


def _result(result: MutantResult) -> Iterator[str]:
    part = f", {result.part}" if result.part else ""
    yield f"{result.end.upper()} {result.operator} at {result.object}{part}"
    if result.change:
        yield f"  {result.change}"
    yield f"  {_meaning(result)}"
    yield f"  {result.id}"
    if result.place:
        yield f"  {result.place.file}:{result.place.line}"
    yield ""


def _meaning(result: MutantResult) -> str:
    if result.end is End.survived:
        return "missing expectation: no rule of access.yaml and no row of the fixture shows the difference"
    if result.end is End.inconclusive:
        return f"detected only by {result.by}, which is time-dependent"
    if result.end is End.stale:
        return f"listed as equivalent, but {result.by}"
    return f"cannot be applied: {result.by}"


def _document(score: Score) -> dict[str, object]:
    return {
        "score": round(score.score, 4),
        "counts": {end.value: len(score.of(end)) for end in End},
        "operators": {name: {"killed": killed, "of": of} for name, (killed, of) in score.operators.items()},
        "mutants": score.results,
        "probes": score.probes,
        "time_dependent": list(score.unstable),
    }
