"""Repeating probes whose result may have changed by itself while the audit ran.

What is expected is computed before the probes run: seconds earlier, or minutes on a busy machine. Meanwhile
the clock runs for rules that use ``clock_timestamp()``; ``now()`` stands still within a transaction. A late
probe may then look like a leak. Running 25,000 probes twice would be too slow, so:

1. ``trials.attempts`` computes the expectations again at the end, and marks the probes where they differ.
2. Objects with findings are tried again in a new transaction with a new fixture, as early as possible. What
   is the same in both runs is kept; a finding that was only caused by lateness does not recur.

What remains is a rule that depends on the clock where access.yaml does not, and that was tried too late. That
needs a time near now in the fixture: if there is one, and the run took longer than ``SLOW`` seconds,
everything is tried again.

A verdict that differs between the runs is neither a leak nor a pass, but time-dependent.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from chatctl.services.audit.probes.keys import Key, cell_of, keys_of
from chatctl.services.audit.verdicts.judging import Judged
from chatctl.services.audit.verdicts.verdict import ProbeVerdict

SLOW = 30


def objects_to_retry(judged: Iterable[Judged], *, all_of_it: bool) -> frozenset[str]:
    """The objects to try again; slow ones would be slow again."""
    return frozenset(
        each.probe.object for each in judged if all_of_it or not (each.proves or each.outcome.slow)
    )


def merge_runs(first: Sequence[Judged], second: Sequence[Judged]) -> list[Judged]:
    """Merge the verdicts of two runs; ``second`` tried some of the objects again."""
    again: dict[str, list[Judged]] = defaultdict(list)
    for each in _compared(first, second):
        again[each.probe.object].append(each)
    merged: dict[str, list[Judged]] = {}
    for each in first:
        name = each.probe.object
        if name in again:
            merged[name] = again[name]
        else:
            merged.setdefault(name, []).append(each)
    return [each for group in merged.values() for each in group]


def _compared(first: Sequence[Judged], second: Sequence[Judged]) -> Iterator[Judged]:
    unmatched = dict(zip(keys_of(each.probe for each in first), first, strict=True))
    first_findings = {_verdict_key(each) for each in first if not each.proves}
    for key, each in zip(keys_of(each.probe for each in second), second, strict=True):
        before = unmatched.pop(key, None)
        if before is None:  # its row has another key in each run: compare the cell instead
            yield each if each.proves or _verdict_key(each) in first_findings else _time_dependent(each)
        elif (before.verdict, before.vacuous) == (each.verdict, each.vacuous):
            yield each
        else:
            yield replace(_time_dependent(before), retried=(each.probe, each.outcome))
    again, second_findings = {each.probe.object for each in second}, {_verdict_key(each) for each in second}
    for each in unmatched.values():
        if each.probe.object in again and not each.proves and _verdict_key(each) not in second_findings:
            yield _time_dependent(each)


def _time_dependent(each: Judged) -> Judged:
    return replace(each, verdict=ProbeVerdict.time_dependent, vacuous=False)


def _verdict_key(each: Judged) -> Key:
    return *cell_of(each.probe), each.verdict, str(each.vacuous)
