"""A long audit says now and then what it is trying."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

from chatctl.cli.options import Options
from chatctl.cli.output import note

_SECONDS = 5.0


@contextmanager
def never_silent(options: Options) -> Iterator[Callable[[str], None]]:
    """Something to be told what is tried: it is noted on stderr every few seconds until the block ends."""
    now = ["the catalogue"]
    begun, ended = time.monotonic(), Event()

    def tell() -> None:
        # A thread, since the statement that takes long is what the audit waits for.
        while not ended.wait(_SECONDS):
            note(f"  {time.monotonic() - begun:.0f} s: {now[0]}", options)

    teller = Thread(target=tell, daemon=True)
    teller.start()
    try:
        yield lambda what: now.__setitem__(0, what)
    finally:
        ended.set()
        teller.join()
