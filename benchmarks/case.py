"""One row of the table, and timing two operations side by side."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Case:
    """One comparison. ``ratio`` is compared with ``bar`` by ``sense``; without a bar it is informative."""

    name: str
    measured: float
    baseline: float
    unit: str
    ratio: float
    sense: Literal[">=", "<="] = "<="
    bar: float | None = None

    @property
    def passed(self) -> bool:
        """Whether the ratio reaches the bar."""
        if self.bar is None:
            return True
        return self.ratio >= self.bar if self.sense == ">=" else self.ratio <= self.bar

    @property
    def verdict(self) -> str:
        return "" if self.bar is None else "pass" if self.passed else "MISSED"


def side_by_side(
    first: Callable[[], Any], second: Callable[[], Any], *, times: int, warm_up: int = 3
) -> tuple[float, float]:
    """The median milliseconds of each, measured in turns, so that disturbances affect both."""
    taken: tuple[list[float], list[float]] = ([], [])
    for _ in range(warm_up):
        first(), second()
    for _ in range(times):
        for action, into in zip((first, second), taken, strict=True):
            start = time.perf_counter()
            action()
            into.append((time.perf_counter() - start) * 1000)
    return statistics.median(taken[0]), statistics.median(taken[1])
