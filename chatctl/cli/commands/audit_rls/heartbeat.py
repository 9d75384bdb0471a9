"""Reporting on stderr what a long audit is trying."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

from chatctl.cli.options import Options
from chatctl.cli.output import note

_SECONDS = 5.0


@contextmanager
def heartbeat(options: Options) -> Iterator[Callable[[str], None]]:
    """A function that takes what is tried next; every few seconds it is printed on stderr."""
    current = ["the catalogue"]
    started, ended = time.monotonic(), Event()

    def report() -> None:
        # A thread, because the audit itself waits for the slow statement.
        while not ended.wait(_SECONDS):
            note(f"  {time.monotonic() - started:.0f} s: {current[0]}", options)

    thread = Thread(target=report, daemon=True)
    thread.start()
    try:
        yield lambda what: current.__setitem__(0, what)
    finally:
        ended.set()
        thread.join()
