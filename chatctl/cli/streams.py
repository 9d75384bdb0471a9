"""Standard streams whose errors do not stop a command: closed, full, unread, or in a limited encoding."""

from __future__ import annotations

import io
import os
import select
import sys
from contextlib import suppress
from typing import Any


class Output(io.FileIO):
    """A file descriptor to write to. After an error, it keeps the error in ``failure`` and drops output."""

    failure: OSError | None = None

    def write(self, data: Any) -> int:
        while self.failure is None:
            try:
                written = super().write(data)
            except OSError as error:
                self.failure = error
            else:
                if written is not None:
                    return written
                # Another process that shares the descriptor has made it non-blocking.
                select.select([], [self.fileno()], [])
        return len(data)


def protect() -> Output:
    """Replace the standard streams of this process; returns the raw stdout.

    Characters that the encoding cannot represent are escaped. A closed stream is opened on /dev/null, because
    otherwise the next file or socket would get its descriptor.
    """
    for number in range(3):
        _open_if_closed(number)
    if sys.stdin is None:
        sys.stdin = open(0, closefd=False)  # noqa: SIM115 - stays open
    with suppress(AttributeError):  # replaced, for example by a test
        sys.stdin.reconfigure(errors="replace")  # type: ignore[union-attr]
    stdout, sys.stdout = _text(1, sys.stdout)
    _, sys.stderr = _text(2, sys.stderr)
    return stdout


def reader_leaves_within(seconds: float) -> bool:
    """Write out stdout, and wait until its reader goes away or the time is over; whether stdout is lost."""
    sys.stdout.flush()
    if isinstance(output := getattr(sys.stdout.buffer, "raw", None), Output) and output.failure:
        return True
    # A closed pipe and a terminal that hung up are reported even if no events are asked for.
    gone = select.poll()
    gone.register(1, 0)
    return bool(gone.poll(seconds * 1000))


def _open_if_closed(number: int) -> None:
    try:
        os.fstat(number)
    except OSError:
        # open() takes the lowest free number, which is this one: the lower ones are open.
        os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)


def _text(number: int, original: io.TextIOBase | Any) -> tuple[Output, io.TextIOWrapper]:
    if original is not None:
        original.flush()
    output = Output(number, "w", closefd=False)
    text = io.TextIOWrapper(
        io.BufferedWriter(output),
        encoding=original.encoding if original else "utf-8",
        errors="backslashreplace",
        line_buffering=number == 2 or output.isatty(),  # noqa: PLR2004 - stderr
    )
    return output, text
