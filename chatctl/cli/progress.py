"""Progress of long operations: a bar on a terminal, elsewhere a line every few seconds."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from chatctl.cli.options import Options
from chatctl.cli.output import note

_INTERVAL = 5.0  # seconds between two lines


class ProgressStep(Protocol):
    """``done`` of ``of`` items of ``what`` are done."""

    @property
    def what(self) -> str: ...
    @property
    def done(self) -> int: ...
    @property
    def of(self) -> int: ...


@contextmanager
def progress(options: Options) -> Iterator[Callable[[ProgressStep], None]]:
    """A function to call with each step; bars end with the block."""
    if options.quiet:
        yield lambda step: None
    elif sys.stderr.isatty():
        yield from _bars()
    else:
        yield _Lines(options)


def _bars() -> Iterator[Callable[[ProgressStep], None]]:
    from rich.console import Console  # noqa: PLC0415 - only a terminal needs it
    from rich.progress import (  # noqa: PLC0415
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        Task,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text  # noqa: PLC0415

    class Rate(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text(f"{task.finished_speed or task.speed or 0:,.0f}/s")

    columns = (
        TextColumn("  {task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        Rate(),
        TimeRemainingColumn(elapsed_when_finished=True),
    )
    tasks = {}
    with Progress(*columns, console=Console(stderr=True), refresh_per_second=4) as bars:

        def update(step: ProgressStep) -> None:
            if step.what not in tasks:
                tasks[step.what] = bars.add_task(step.what, total=step.of)
            bars.update(tasks[step.what], completed=step.done)

        yield update


class _Lines:
    """Prints a line for the first step after each interval."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._what = ""
        self._started = self._printed = 0.0
        self._done_at_start = 0

    def __call__(self, step: ProgressStep) -> None:
        now = time.monotonic()
        if step.what != self._what:
            self._what, self._started, self._printed, self._done_at_start = step.what, now, now, step.done
        if now - self._printed < _INTERVAL:
            return
        self._printed = now
        rate = (step.done - self._done_at_start) / (now - self._started)
        remaining = f", {(step.of - step.done) / rate:,.0f} s remaining" if rate else ""
        note(f"  {step.what}: {step.done:,} of {step.of:,}, {rate:,.0f}/s{remaining}", self._options)
