"""The control: whether an answer changed by itself while the audit ran.

An audit asks first what must come of each probe, and sees what comes a while later: seconds, or minutes on a
busy machine. In between the clock runs, for rules that ask it (``now()`` stands still in a transaction,
``clock_timestamp()`` does not). Then a late probe looks like a leak, and an early one may have passed for the
wrong reason. Two looks tell what the clock has done, without trying 25,000 probes twice:

1. When all are tried, what must come of each is asked once more (``watched``; a seventh of the time of an
   audit). Where it is the same, every probe in between was compared with what was right when it was tried:
   what passed, passed. Only a condition that changed and changed back within one run is missed.
2. Where something is not as it must be, its object is tried again in a world made anew (``settled``), where
   everything is as early as it can be; while all is well, nothing is. What comes out the same stands. A
   finding that only lateness made is not found there.

Left is a rule that changes by the clock where access.yaml does not, and was tried too late to be seen open.
That takes a time near now in the fixture; where there is one and the run took longer than ``SLOW`` seconds,
all of it is tried again.

What differs is neither a leak nor a pass: it is time-dependent, with what came first and what came then.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from chatctl.services.audit.probes.keys import Key, cell_of, keys_of
from chatctl.services.audit.verdicts.judging import Judged
from chatctl.services.audit.verdicts.verdict import Verdict

SLOW = 30


def doubtful(judged: Iterable[Judged], *, all_of_it: bool) -> frozenset[str]:
    """The objects to be tried again; what is slow would be as slow again."""
    return frozenset(
        each.probe.object for each in judged if all_of_it or not (each.proves or each.outcome.slow)
    )


def settled(first: Sequence[Judged], second: Sequence[Judged]) -> list[Judged]:
    """What two runs say together; in ``second`` some objects were tried again, from the beginning."""
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
    known = dict(zip(keys_of(each.probe for each in first), first, strict=True))
    seen = {_shown(each) for each in first if not each.proves}
    for key, each in zip(keys_of(each.probe for each in second), second, strict=True):
        before = known.pop(key, None)
        if before is None:  # of a row that has another key each time: what counts is that its cell shows it
            yield each if each.proves or _shown(each) in seen else _time_dependent(each)
        elif (before.verdict, before.vacuous) == (each.verdict, each.vacuous):
            yield each
        else:
            yield replace(_time_dependent(before), then=(each.probe, each.outcome))
    again, shown = {each.probe.object for each in second}, {_shown(each) for each in second}
    for each in known.values():
        if each.probe.object in again and not each.proves and _shown(each) not in shown:
            yield _time_dependent(each)


def _time_dependent(each: Judged) -> Judged:
    return replace(each, verdict=Verdict.time_dependent, vacuous=False)


def _shown(each: Judged) -> Key:
    return *cell_of(each.probe), each.verdict, str(each.vacuous)
