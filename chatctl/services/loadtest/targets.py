"""The targets of a scenario, and whether a run reached them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Annotated, Literal

from annotated_types import Ge, Interval, Len

from chatctl.services.loadtest.measured import Measured, MeasuredSeries

Share = Annotated[float, Interval(ge=0, le=1)]
Milliseconds = Annotated[float, Interval(ge=0, lt=inf)]

_PERCENTILES = ("p50_ms", "p95_ms", "p99_ms", "max_ms")


@dataclass(frozen=True)
class SeriesTarget:
    """The targets of one series; None means no limit. Fewer than ``samples`` requests cannot be judged."""

    samples: Annotated[int, Ge(0)]
    p50_ms: Milliseconds | None = None
    p95_ms: Milliseconds | None = None
    p99_ms: Milliseconds | None = None
    max_ms: Milliseconds | None = None
    error_rate: Share = 0.0

    def __str__(self) -> str:
        limits = [(measure, getattr(self, measure)) for measure in _PERCENTILES]
        texts = [
            f"{measure.removesuffix('_ms')} <= {limit:g} ms" for measure, limit in limits if limit is not None
        ]
        return ", ".join([*texts, f"errors <= {self.error_rate:.0%}"])


@dataclass(frozen=True)
class Targets:
    """The targets of one scenario; see loadtests/targets.yaml."""

    on_time: Share
    lag_p99_ms: Milliseconds
    series: Annotated[Mapping[str, SeriesTarget], Len(1)]


@dataclass(frozen=True)
class TargetFinding:
    """A missed target, or why one could not be judged; ``subject`` is a series or the generator."""

    kind: Literal["missed", "unjudged"]
    subject: str
    sentence: str


def load(path: Path) -> dict[str, Targets]:
    """The targets in ``path`` by scenario.

    Raises Invalid with up to ten mistakes, each with file, line, key path, and what is allowed.
    """
    # pydantic and yaml are slow to import
    from chatctl.yamlfile.nodes import Dialect  # noqa: PLC0415
    from chatctl.yamlfile.shapes import ShapeReading  # noqa: PLC0415

    reading = ShapeReading(path, Dialect("list of targets", most_bytes=256 * 1024, deepest=8))
    targets: dict[str, Targets] = reading.document(Mapping[str, Targets])
    return {scenario_name(name): each for name, each in targets.items()}


def scenario_name(text: str) -> str:
    """The name of a scenario as messages write it; its file has underscores instead of hyphens."""
    return text.replace("_", "-")


def judge(measured: Measured, targets: Targets) -> list[TargetFinding]:
    """The targets that were missed or could not be judged; empty if all were met.

    If the generator itself was late, the measurements are invalid, and nothing is judged.
    """
    lag = measured.lag.p99_ms
    if lag is None or lag > targets.lag_p99_ms:
        late = "measured nothing" if lag is None else f"was {lag:.0f} ms late (p99)"
        sentence = f"the generator {late}; the limit is {targets.lag_p99_ms:g} ms"
        return [TargetFinding("unjudged", "generator", sentence)]
    by_name = {series.name: series for series in measured.series}
    findings = list(_of_schedule(measured, targets))
    for name, target in targets.series.items():
        if name in by_name:
            findings += _of_series(by_name[name], target)
        else:
            findings.append(TargetFinding("unjudged", name, f"{name}: no such series was measured"))
    findings += [
        TargetFinding("unjudged", name, f"{name}: has no target")
        for name in by_name
        if name not in targets.series
    ]
    return findings


def _of_schedule(measured: Measured, targets: Targets) -> Iterator[TargetFinding]:
    share = measured.on_time / measured.planned if measured.planned else 0.0
    if share < targets.on_time:
        yield TargetFinding(
            "missed",
            "schedule",
            f"{share:.1%} of the planned requests were sent on time, target {targets.on_time:.1%}: "
            "the backend cannot keep up with this rate",
        )
    if measured.unanswered:
        yield TargetFinding("missed", "schedule", f"{measured.unanswered} requests were never answered")


def _of_series(series: MeasuredSeries, target: SeriesTarget) -> Iterator[TargetFinding]:
    if series.error_rate > target.error_rate:
        labels = ", ".join(f"{count} x {label}" for label, count in sorted(series.errors.items()))
        sentence = f"{series.name}: {series.error_rate:.1%} errors ({labels}), target {target.error_rate:.1%}"
        yield TargetFinding("missed", series.name, sentence)
    if series.response.n < target.samples:
        sentence = f"{series.name}: {series.response.n} samples, at least {target.samples} are needed"
        yield TargetFinding("unjudged", series.name, sentence)
        return
    for measure in _PERCENTILES:
        limit, value = getattr(target, measure), getattr(series.response, measure)
        if limit is not None and value > limit:
            label = measure.removesuffix("_ms")
            yield TargetFinding(
                "missed", series.name, f"{series.name}: {label} {value:.1f} ms, target {limit:g} ms"
            )
