"""``chatctl`` at a terminal: what it shows, and keys for it."""

from __future__ import annotations

import codecs
import errno
import fcntl
import os
import pty
import select
import subprocess
import sys
import termios
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.support.forks import variables

PATIENCE = 60.0  # seconds, for a slow machine


class Terminal:
    """A run of ``chatctl`` in a pseudo-terminal of its own."""

    def __init__(self, process: subprocess.Popen[bytes], controller: int) -> None:
        self._process = process
        self._controller = controller
        self._seen = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._shown = ""
        self.screen = ""

    def wait_for(self, text: str) -> str:
        """Wait until ``text`` is shown, after what was waited for before; what is shown up to it."""
        while (end := self.screen.find(text, self._seen)) < 0:
            if not self._read():
                raise AssertionError(f"{text!r} was never shown in:\n{self.screen[self._seen :]}")
        shown, self._seen = self.screen[self._seen : end], end + len(text)
        return shown

    def press(self, keys: str) -> None:
        os.write(self._controller, keys.encode())

    def end(self) -> int:
        """Wait for the end of the run; its exit code."""
        while self._read():
            pass
        return self._process.wait(PATIENCE)

    def hang_up(self) -> int:
        """Close the terminal, as somebody closes its window; the exit code of the run."""
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, self._controller)
        os.close(null)
        return self._process.wait(PATIENCE)

    def _read(self) -> bool:
        """Read what is shown next; False at the end."""
        ready, _, _ = select.select([self._controller], [], [], PATIENCE)
        if not ready:
            raise AssertionError(f"nothing was shown for {PATIENCE:g} s after:\n{self.screen}")
        try:
            data = os.read(self._controller, 65536)
        except OSError as error:  # Linux's way to say that the other side has ended
            if error.errno != errno.EIO:
                raise
            return False
        # A read may end within a character, or between the two of a line end.
        self._shown += self._decoder.decode(data)
        self.screen = self._shown.replace("\r\n", "\n")
        return bool(data)


@contextmanager
def terminal(
    *arguments: str, cwd: Path, columns: int = 100, env: Mapping[str, str] | None = None
) -> Iterator[Terminal]:
    """Run ``chatctl`` at a terminal."""
    controller, inside = pty.openpty()
    termios.tcsetwinsize(controller, (40, columns))

    def take_terminal() -> None:
        fcntl.ioctl(inside, termios.TIOCSCTTY, 0)  # so that Ctrl-C interrupts it

    inherited = variables(TERM="xterm", **env or {})
    inherited.pop("COLUMNS", None)  # of the terminal of the tests
    process = subprocess.Popen(
        [sys.executable, "-m", "chatctl", *arguments],
        stdin=inside, stdout=inside, stderr=inside, cwd=cwd, env=inherited,
        start_new_session=True, preexec_fn=take_terminal,  # noqa: PLW1509 - no threads here
    )  # fmt: skip
    os.close(inside)
    try:
        yield Terminal(process, controller)
    finally:
        process.kill()
        process.wait()
        os.close(controller)
