"""Running a scenario: Locust runs in a separate process, because it patches the standard library."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer
from typing import IO

from chatctl import extras
from chatctl.data import data_directory
from chatctl.errors import Inconclusive
from chatctl.secrets import mask
from chatctl.services.loadtest.measured import Measured, add_up
from chatctl.services.loadtest.messages import Progress, RunReport, decode
from chatctl.services.loadtest.plan import LATE_SECONDS, START_SECONDS, LoadPlan

_SPARE_SECONDS = 15  # for Locust to start and to stop
_LOG_LINES = 5


def check_installed() -> None:
    """Raise Invalid if Locust or the histogram library is not installed."""
    extras.require("the load generator", "load", "locust", "hdrh")


def measure(
    scenario: str,
    plan: LoadPlan,
    *,
    report: Path | None = None,
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> Measured:
    """Run ``scenario`` with ``plan`` and measure it; ``report`` is a directory for Locust's HTML report.

    Raises Inconclusive if Locust crashed, could not start its users or did not end in time.
    """
    result: RunReport | None = None
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as log,
        _locust(scenario, plan, report, log) as locust,
    ):
        kill_timer = Timer(_longest(plan) + _SPARE_SECONDS, locust.kill)
        kill_timer.start()
        try:
            for line in locust.stdout or ():
                match decode(line):
                    case Progress() as progress:
                        on_progress(progress)
                    case RunReport() as message:
                        result = message
            locust.wait()
        finally:
            kill_timer.cancel()
        if result is None:
            raise Inconclusive(f"{scenario}: Locust gave no result{_end_of(log)}")
    if result.failure:
        raise Inconclusive(f"{scenario}: {mask(result.failure)}")
    return add_up([result])


def _longest(plan: LoadPlan) -> float:
    return START_SECONDS + plan.duration + LATE_SECONDS + _SPARE_SECONDS


@contextmanager
def _locust(
    scenario: str, plan: LoadPlan, report: Path | None, log: IO[str]
) -> Iterator[subprocess.Popen[str]]:
    directory = data_directory("loadtests")
    command = [
        *(sys.executable, "-m", "locust", "--headless", "--skip-log-setup"),
        *("--locustfile", str(directory / "scenarios" / f"{scenario.replace('-', '_')}.py")),
        *("--users", str(plan.users), "--spawn-rate", str(plan.users)),
        *("--run-time", str(math.ceil(_longest(plan)))),
        # Errors are checked here, by series.
        *("--exit-code-on-error", "0"),
        *(("--html", str(report.resolve() / f"{scenario}.html")) if report else ()),
    ]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LOCUST_")}
    with subprocess.Popen(
        command,
        cwd=directory,  # on the module path of scenarios, which import `clients`
        env={**environment, **plan.environment()},
        # Never written to: when this process ends, the pipe closes, and Locust stops.
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
        start_new_session=True,  # only this process gets Ctrl-C, and then kills Locust
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _end_of(log: IO[str]) -> str:
    log.seek(0)
    tail = mask(log.read()).strip().splitlines()[-_LOG_LINES:]
    return "".join(f"\n  {line}" for line in tail)
