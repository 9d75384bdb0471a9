"""The targets of a scenario, and whether a run reached them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

from chatctl.errors import Invalid
from chatctl.services.loadtest.measured import Measured, Series

_PERCENTILES = ("p50_ms", "p95_ms", "p99_ms", "max_ms")


@dataclass(frozen=True)
class SeriesTarget:
    """What one series must reach; None is no demand. Fewer than ``samples`` cannot be judged."""

    samples: int
    p50_ms: float | None = None
    p95_ms: float | None = None
    p99_ms: float | None = None
    max_ms: float | None = None
    error_rate: float = 0.0

    def __str__(self) -> str:
        bars = [(measure, getattr(self, measure)) for measure in _PERCENTILES]
        texts = [f"{measure.removesuffix('_ms')} <= {bar:g} ms" for measure, bar in bars if bar is not None]
        return ", ".join([*texts, f"errors <= {self.error_rate:.0%}"])


@dataclass(frozen=True)
class Targets:
    """What one scenario must reach; see loadtests/targets.yaml."""

    on_time: float
    lag_p99_ms: float
    series: Mapping[str, SeriesTarget]


@dataclass(frozen=True)
class Finding:
    """A target that was missed, or why one could not be judged; ``subject`` is a series or the generator."""

    kind: Literal["missed", "unjudged"]
    subject: str
    sentence: str


def load(path: Path) -> dict[str, Targets]:
    """The targets in ``path`` by scenario. Raises Invalid naming file and key."""
    import yaml  # noqa: PLC0415 - only the load test needs it

    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise Invalid(f"{path} cannot be read: {' '.join(str(error).split())}") from None
    scenarios = _mapping(document, str(path))
    return {str(name): _targets(value, f"{path}: {name}") for name, value in scenarios.items()}


def judge(measured: Measured, targets: Targets) -> list[Finding]:
    """What was missed or could not be judged; none means that every target was reached.

    A generator that was late itself has measured itself: then nothing is judged.
    """
    lag = measured.lag.p99_ms
    if lag is None or lag > targets.lag_p99_ms:
        late = "measured nothing" if lag is None else f"was {lag:.0f} ms late (p99)"
        sentence = f"the generator {late}, at most {targets.lag_p99_ms:g} ms can be judged"
        return [Finding("unjudged", "generator", sentence)]
    seen = {series.name: series for series in measured.series}
    findings = list(_of_schedule(measured, targets))
    for name, target in targets.series.items():
        if name in seen:
            findings += _of_series(seen[name], target)
        else:
            findings.append(Finding("unjudged", name, f"{name}: no such series was measured"))
    findings += [
        Finding("unjudged", name, f"{name}: has no target") for name in seen if name not in targets.series
    ]
    return findings


def _of_schedule(measured: Measured, targets: Targets) -> Iterator[Finding]:
    share = measured.on_time / measured.planned if measured.planned else 0.0
    if share < targets.on_time:
        yield Finding(
            "missed",
            "schedule",
            f"{share:.1%} of the planned requests left on time, target {targets.on_time:.1%}: "
            "the backend does not keep up with this rate",
        )
    if measured.unanswered:
        yield Finding("missed", "schedule", f"{measured.unanswered} requests were never answered")


def _of_series(series: Series, target: SeriesTarget) -> Iterator[Finding]:
    if series.error_rate > target.error_rate:
        labels = ", ".join(f"{count} x {label}" for label, count in sorted(series.errors.items()))
        sentence = f"{series.name}: {series.error_rate:.1%} errors ({labels}), target {target.error_rate:.1%}"
        yield Finding("missed", series.name, sentence)
    if series.response.n < target.samples:
        sentence = f"{series.name}: {series.response.n} samples, {target.samples} are needed"
        yield Finding("unjudged", series.name, sentence)
        return
    for measure in _PERCENTILES:
        bar, value = getattr(target, measure), getattr(series.response, measure)
        if bar is not None and value > bar:
            label = measure.removesuffix("_ms")
            yield Finding("missed", series.name, f"{series.name}: {label} {value:.1f} ms, target {bar:g} ms")


def _targets(value: Any, where: str) -> Targets:
    entry = _checked(value, where, {"on_time", "lag_p99_ms", "series"})
    series = _mapping(entry["series"], f"{where}.series")
    if not series:
        raise Invalid(f"{where}.series names no series")
    return Targets(
        on_time=_number(entry["on_time"], f"{where}.on_time"),
        lag_p99_ms=_number(entry["lag_p99_ms"], f"{where}.lag_p99_ms"),
        series={str(name): _series(item, f"{where}.series.{name}") for name, item in series.items()},
    )


def _series(value: Any, where: str) -> SeriesTarget:
    known = {field.name for field in fields(SeriesTarget)}
    entry = _checked(value, where, {"samples"}, known)
    return SeriesTarget(**{key: _number(item, f"{where}.{key}") for key, item in entry.items()})  # type: ignore[arg-type]


def _checked(value: Any, where: str, needed: set[str], known: set[str] | None = None) -> Mapping[str, Any]:
    entry = _mapping(value, where)
    for key in entry:
        if key not in (known or needed):
            raise Invalid(f"{where}.{key} is not known; known are {', '.join(sorted(known or needed))}")
    for key in sorted(needed):
        if key not in entry:
            raise Invalid(f"{where}.{key} is missing")
    return entry


def _mapping(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise Invalid(f"{where} must be a mapping")
    return value


def _number(value: Any, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
        raise Invalid(f"{where} must be a number, not {value!r}")
    return value
