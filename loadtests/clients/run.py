"""The load test run of this process: all users start together, follow the plan, and report measurements.

It writes messages to stdout: ``Progress`` at intervals, ``RunReport`` at the end.
"""

from __future__ import annotations

import os
import sys
import time
from collections import Counter, defaultdict
from itertools import count
from typing import Any

import gevent
from gevent.event import Event
from hdrh.histogram import HdrHistogram
from locust import events
from locust.env import Environment

from chatctl.services.loadtest.messages import Progress, RunReport, SeriesReport, encode
from chatctl.services.loadtest.plan import LATE_SECONDS, START_SECONDS, LoadPlan

ON_TIME_SECONDS = 0.1
HEARTBEAT_SECONDS = 0.01


def histogram() -> HdrHistogram:
    """A histogram of microseconds up to one hour, with a precision of three digits."""
    return HdrHistogram(1, 3_600_000_000, 3)


class RecordedSeries:
    """The times and errors of all requests with one name; errors are counted by label.

    ``response`` is measured from the time when a request was due, so it includes the wait for a stalled
    server; ``service`` is measured from the time when it was sent.
    """

    def __init__(self) -> None:
        self.response = histogram()
        self.service = histogram()
        self.errors: Counter[str] = Counter()

    def report(self) -> SeriesReport:
        """The measurements of this series."""
        return SeriesReport(_encoded(self.response), _encoded(self.service), dict(self.errors))


class ScenarioRun:
    """One run: its users, its start and its measurements."""

    def __init__(self, plan: LoadPlan) -> None:
        self.plan = plan
        self.series: defaultdict[str, RecordedSeries] = defaultdict(RecordedSeries)
        self.lag = histogram()
        self.sent = self.on_time = self.ready = self.left = 0
        self.failure: str | None = None
        self._numbers = count()
        self._started = Event()
        self._over = Event()
        self._start = 0.0

    def join(self) -> int:
        """Add a user to the run; returns its number, counted from 0."""
        return next(self._numbers)

    def begin(self) -> None:
        """Wait until all users are ready."""
        self.ready += 1
        if self.ready == self.plan.users:
            self._start = time.perf_counter()
            self._started.set()
        self._started.wait()

    def until(self, due: float) -> float:
        """Wait until ``due`` seconds after the start; returns that time on the clock of ``perf_counter``."""
        moment = self._start + due
        gevent.sleep(max(0.0, moment - time.perf_counter()))
        self.sent += 1
        self.on_time += time.perf_counter() - moment <= ON_TIME_SECONDS
        return moment

    def leave(self) -> None:
        """Report that a user has sent all its requests; the last user ends the run."""
        self.left += 1
        if self.left == self.plan.users:
            self._over.set()

    def give_up(self, reason: str) -> None:
        """End the run before it has started."""
        self.failure = self.failure or reason
        self._started.set()
        self._over.set()

    def supervise(self, environment: Environment) -> None:
        """Run until the end of the plan, or a timeout; then stop Locust."""
        for background_task in (self._follow_parent, self._beat, self._show_progress):
            gevent.spawn(background_task)
        if not self._started.wait(START_SECONDS):
            self.give_up(f"only {self.ready} of {self.plan.users} users were ready after {START_SECONDS} s")
        self._over.wait(self.plan.duration + LATE_SECONDS)
        assert environment.runner is not None  # noqa: S101 - Locust creates it before test_start
        environment.runner.quit()

    def report(self) -> RunReport:
        """The measurements; requests without an answer are counted separately, not in a series."""
        answered = sum(s.response.total_count + sum(s.errors.values()) for s in self.series.values())
        return RunReport(
            planned=self.plan.requests,
            sent=self.sent,
            on_time=self.on_time,
            unanswered=self.sent - answered,
            lag=_encoded(self.lag),
            series={name: series.report() for name, series in self.series.items()},
            failure=self.failure,
        )

    def _beat(self) -> None:
        # How late an idle greenlet wakes up: the delay that the load generator itself adds to each request.
        while True:
            due = time.perf_counter() + HEARTBEAT_SECONDS
            gevent.sleep(HEARTBEAT_SECONDS)
            if self._started.is_set():
                self.lag.record_value(max(1, round((time.perf_counter() - due) * 1e6)))

    def _show_progress(self) -> None:
        while True:
            gevent.sleep(max(2.0, self.plan.duration / 20))
            _send(Progress(self.sent, self.plan.requests))

    @staticmethod
    def _follow_parent() -> None:
        # chatctl holds the other end of our stdin and never writes; it closes when chatctl ends.
        gevent.get_hub().wait(gevent.get_hub().loop.io(sys.stdin.fileno(), 1))
        os._exit(1)


def _encoded(hist: HdrHistogram) -> str:
    encoded: bytes = hist.encode()
    return encoded.decode("ascii")


def _send(message: Progress | RunReport) -> None:
    print(encode(message), flush=True)  # noqa: T201 - reports go to stdout


run = ScenarioRun(LoadPlan.from_environment())


@events.test_start.add_listener  # type: ignore[untyped-decorator]  # Locust's
def _begin(environment: Environment, **_: Any) -> None:
    gevent.spawn(run.supervise, environment)


@events.quitting.add_listener  # type: ignore[untyped-decorator]  # Locust's
def _end(environment: Environment, **_: Any) -> None:
    _send(run.report())
