"""Single keys from the terminal."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

END = "\x04"  # Ctrl-D, or a terminal that went away


def pressed_key(prompt: str) -> str:
    """Print ``prompt`` to stderr and wait for a key; several characters if it sends several, as arrows do.

    Keys that were pressed before are dropped: they were meant for what was on the screen then.
    """
    import termios  # noqa: PLC0415 - not on Windows
    import tty  # noqa: PLC0415

    terminal = sys.stdin.fileno()
    usual = termios.tcgetattr(terminal)
    tty.setcbreak(terminal, termios.TCSAFLUSH)
    try:
        print(prompt, file=sys.stderr, flush=True)
        return os.read(terminal, 32).decode(errors="replace") or END
    finally:
        with suppress(termios.error):  # the terminal went away
            termios.tcsetattr(terminal, termios.TCSANOW, usual)
