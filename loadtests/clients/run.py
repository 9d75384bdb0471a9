"""The run of this process: all users start together, keep to the plan, and what they see is reported.

Messages go to stdout: ``Progress`` now and then, ``RunReport`` at the end.
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
    """A histogram of microseconds, up to an hour, exact to three digits."""
    return HdrHistogram(1, 3_600_000_000, 3)


class RecordedSeries:
    """The requests of one name: how long they took, and the errors by label.

    ``response`` counts from when a request was due, which is what a user waits whose server stalls;
    ``service`` from when it was sent.
    """

    def __init__(self) -> None:
        self.response = histogram()
        self.service = histogram()
        self.errors: Counter[str] = Counter()

    def report(self) -> SeriesReport:
        """The measurements of this series."""
        return SeriesReport(_encoded(self.response), _encoded(self.service), dict(self.errors))


class ScenarioRun:
    """One run: who takes part, when it starts, and what was measured."""

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
        """Take part; the number of the new user, from 0."""
        return next(self._numbers)

    def begin(self) -> None:
        """Wait until everybody is ready."""
        self.ready += 1
        if self.ready == self.plan.users:
            self._start = time.perf_counter()
            self._started.set()
        self._started.wait()

    def until(self, due: float) -> float:
        """Wait until ``due``, unless that has passed already; ``due`` on the clock of ``perf_counter``."""
        moment = self._start + due
        gevent.sleep(max(0.0, moment - time.perf_counter()))
        self.sent += 1
        self.on_time += time.perf_counter() - moment <= ON_TIME_SECONDS
        return moment

    def leave(self) -> None:
        """Have sent everything; the last one ends the run."""
        self.left += 1
        if self.left == self.plan.users:
            self._over.set()

    def give_up(self, reason: str) -> None:
        """End the run before it has started."""
        self.failure = self.failure or reason
        self._started.set()
        self._over.set()

    def supervise(self, environment: Environment) -> None:
        """See the run to its end, whatever the users do."""
        for chore in (self._follow_parent, self._beat, self._show_progress):
            gevent.spawn(chore)
        if not self._started.wait(START_SECONDS):
            self.give_up(f"only {self.ready} of {self.plan.users} users were ready after {START_SECONDS} s")
        self._over.wait(self.plan.duration + LATE_SECONDS)
        assert environment.runner is not None  # noqa: S101 - Locust makes it before test_start
        environment.runner.quit()

    def report(self) -> RunReport:
        """What was measured; what was sent and never answered is an error of no series."""
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
        # How late a greenlet wakes that does nothing else: what the generator itself adds to each request.
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
        # chatctl holds the other end of our stdin and never writes: it closes however chatctl ends.
        gevent.get_hub().wait(gevent.get_hub().loop.io(sys.stdin.fileno(), 1))
        os._exit(1)


def _encoded(hist: HdrHistogram) -> str:
    encoded: bytes = hist.encode()
    return encoded.decode("ascii")


def _send(message: Progress | RunReport) -> None:
    print(encode(message), flush=True)  # noqa: T201 - stdout is how we report


run = ScenarioRun(LoadPlan.from_environment())


@events.test_start.add_listener  # type: ignore[untyped-decorator]  # Locust's
def _begin(environment: Environment, **_: Any) -> None:
    gevent.spawn(run.supervise, environment)


@events.quitting.add_listener  # type: ignore[untyped-decorator]  # Locust's
def _end(environment: Environment, **_: Any) -> None:
    _send(run.report())
