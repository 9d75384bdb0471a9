"""Recognising the same probe in another run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from chatctl.services.audit.probes.probe import Probe

Key = tuple[str, ...]


def cell_of(probe: Probe) -> Key:
    """The object, action and identity of a probe."""
    return probe.object, probe.full_action, probe.identity.name


def keys_of(probes: Iterable[Probe]) -> Iterator[Key]:
    """A key for each probe; those of one cell and row are numbered in their order."""
    count: Counter[Key] = Counter()
    for probe in probes:
        key = (*cell_of(probe), probe.subject)
        count[key] += 1
        yield *key, str(count[key])


def expectation_of(probe: Probe) -> tuple[object, ...]:
    """What is expected of a probe, to compare with what is expected of it later."""
    return probe.allowed, probe.rows, probe.count, probe.may_refuse
