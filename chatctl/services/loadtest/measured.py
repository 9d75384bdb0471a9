"""The measurements of a run: the reports of all load generator processes, with merged histograms."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chatctl.services.loadtest.messages import RunReport, SeriesReport


@dataclass(frozen=True)
class Times:
    """The distribution of ``n`` durations, in milliseconds; all None if ``n`` is 0."""

    n: int
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    max_ms: float | None


@dataclass(frozen=True)
class MeasuredSeries:
    """The requests of one name: ``response`` times start when a request was due, ``service`` when sent."""

    name: str
    response: Times
    service: Times
    errors: Mapping[str, int]

    @property
    def error_rate(self) -> float:
        """The share of failed requests, 0 to 1."""
        failed = sum(self.errors.values())
        return failed / (failed + self.response.n) if failed else 0.0


@dataclass(frozen=True)
class Measured:
    """One run: the number of requests planned, sent, sent on time and never answered, and each series.

    ``lag`` is the delay of the generator itself.
    """

    planned: int
    sent: int
    on_time: int
    unanswered: int
    lag: Times
    series: tuple[MeasuredSeries, ...]


def add_up(reports: Sequence[RunReport]) -> Measured:
    """Merge the reports of the processes of one run."""
    names = sorted({name for report in reports for name in report.series})
    return Measured(
        planned=sum(report.planned for report in reports),
        sent=sum(report.sent for report in reports),
        on_time=sum(report.on_time for report in reports),
        unanswered=sum(report.unanswered for report in reports),
        lag=_times([report.lag for report in reports]),
        series=tuple(
            _series(name, [report.series[name] for report in reports if name in report.series])
            for name in names
        ),
    )


def _series(name: str, parts: Sequence[SeriesReport]) -> MeasuredSeries:
    errors: Counter[str] = Counter()
    for part in parts:
        errors.update(part.errors)
    return MeasuredSeries(
        name=name,
        response=_times([part.response for part in parts]),
        service=_times([part.service for part in parts]),
        errors=dict(errors),
    )


def _times(encoded: Sequence[str]) -> Times:
    from hdrh.histogram import HdrHistogram  # noqa: PLC0415 - belongs to the extra `load`

    first, *rest = [HdrHistogram.decode(text) for text in encoded]
    for histogram in rest:
        first.add(histogram)
    n = first.get_total_count()
    if not n:
        return Times(0, None, None, None, None)
    p50, p95, p99, top = (first.get_value_at_percentile(p) / 1000 for p in (50, 95, 99, 100))
    return Times(n, p50, p95, p99, top)
