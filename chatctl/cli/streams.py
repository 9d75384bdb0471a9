"""Standard streams that end no work: closed, full, unread, or in an encoding that lacks characters."""

from __future__ import annotations

import io
import os
import select
import sys
from contextlib import suppress
from typing import Any


class Output(io.FileIO):
    """A descriptor to write to. After an error what follows is dropped, and ``failure`` has the error."""

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
                # Whoever shares it with us has made it non-blocking.
                select.select([], [self.fileno()], [])
        return len(data)


def protect() -> Output:
    """Replace the standard streams of this process; returns where stdout goes.

    What an encoding lacks is written as an escape. A stream that was closed leads to /dev/null, for else the
    next file or socket that is opened would take its place.
    """
    for number in range(3):
        _open_if_closed(number)
    if sys.stdin is None:
        sys.stdin = open(0, closefd=False)  # noqa: SIM115 - it stays open
    with suppress(AttributeError):  # somebody has replaced it
        sys.stdin.reconfigure(errors="replace")  # type: ignore[union-attr]
    stdout, sys.stdout = _text(1, sys.stdout)
    _, sys.stderr = _text(2, sys.stderr)
    return stdout


def _open_if_closed(number: int) -> None:
    try:
        os.fstat(number)
    except OSError:
        # The lowest number that is free; those before it are open.
        os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)


def _text(number: int, before: io.TextIOBase | Any) -> tuple[Output, io.TextIOWrapper]:
    if before is not None:
        before.flush()
    output = Output(number, "w", closefd=False)
    text = io.TextIOWrapper(
        io.BufferedWriter(output),
        encoding=before.encoding if before else "utf-8",
        errors="backslashreplace",
        line_buffering=number == 2 or output.isatty(),  # noqa: PLR2004 - stderr
    )
    return output, text
