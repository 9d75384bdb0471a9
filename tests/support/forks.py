"""``python -m module …`` as a fork of a process that has already imported all modules, to save time.

A run is a process of its own, with its own arguments, environment, directory, streams, signals and exit
code. But settings that Python and modules only read at startup cannot be changed; see ``READ_ONCE``.
"""

from __future__ import annotations

import gc
import io
import json
import os
import runpy
import selectors
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from importlib import import_module
from itertools import cycle
from pathlib import Path
from pkgutil import walk_packages
from typing import Any, NoReturn, Self

import chatctl

READ_ONCE = ("PYTHON", "LANG", "LC_", "TZ", "TYPER_", "PSYCOPG_")  # prefixes of variables
READ_LATER = ("humanize", "psutil", "tabulate", "tenacity", "typer._adapters", "yaml")  # in functions

_NUMBER = struct.Struct("i")
_ROOT = Path(__file__).parents[2]


def variables(**more: str) -> dict[str, str]:
    """The environment of the tests without variables that select a database, plus ``more``."""
    ours = ("CHATCTL_", "SUPABASE_")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)} | more


class Fork:
    """A run; wait for it and end it like a ``subprocess.Popen``."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self.returncode: int | None = None
        self.pid = self._number()

    def wait(self, timeout: float | None = None) -> int:
        """The exit code, or minus the signal that ended the run; TimeoutError after ``timeout`` seconds."""
        if self.returncode is None:
            self._line.settimeout(timeout)
            self.returncode = self._number()
            self._line.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.returncode is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _number(self) -> int:
        data = self._line.recv(_NUMBER.size)
        if not data:
            raise EOFError("the process to fork from has ended; its stderr says why")
        return int(_NUMBER.unpack(data)[0])


class Forks:
    """Two processes to fork from alternately: their hash seeds differ, as in any two processes."""

    def __enter__(self) -> Self:
        self._variables = variables()
        with ExitStack() as stack:
            self._turns = cycle([self._origin(stack), self._origin(stack)])
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def start(
        self, module: str, *arguments: str, env: Mapping[str, str], cwd: Path, stdout: int, stderr: int
    ) -> Fork:
        """Start ``python -m module arguments`` with only the variables ``env`` and an empty stdin."""
        other = {name for name, _ in env.items() ^ self._variables.items() if name.startswith(READ_ONCE)}
        if other:
            raise ValueError(f"a fork does not read {', '.join(sorted(other))} again; run it as a process")
        line, far = socket.socketpair()
        with far:
            socket.send_fds(next(self._turns), [b"."], [far.fileno(), stdout, stderr])
        what = {"module": module, "arguments": arguments, "env": dict(env), "cwd": str(cwd)}
        line.sendall(json.dumps(what).encode())
        line.shutdown(socket.SHUT_WR)
        return Fork(line)

    def run(
        self, module: str, *arguments: str, env: Mapping[str, str], cwd: Path, timeout: float = 300
    ) -> subprocess.CompletedProcess[str]:
        """The same, waiting for the end of the run and until nobody can write to its streams any more.

        Raises TimeoutError and kills the run if that takes longer than ``timeout`` seconds.
        """
        end = time.monotonic() + timeout
        (out, stdout), (err, stderr) = os.pipe(), os.pipe()
        with os.fdopen(out, "rb", 0) as out_stream, os.fdopen(err, "rb", 0) as err_stream:
            try:
                fork = self.start(module, *arguments, env=env, cwd=cwd, stdout=stdout, stderr=stderr)
            finally:
                os.close(stdout)
                os.close(stderr)
            try:
                texts = _read(out_stream, err_stream, end=end)
                code = fork.wait(max(end - time.monotonic(), 0.001))
            finally:
                fork.kill()
        return subprocess.CompletedProcess([module, *arguments], code, *texts)

    def _origin(self, stack: ExitStack) -> socket.socket:
        line, far = socket.socketpair()
        stack.callback(line.close)
        with far:
            origin = subprocess.Popen(
                # Not as a file: the modules next to it would shadow those of the standard library.
                [sys.executable, "-m", "tests.support.forks", str(far.fileno())],
                cwd=_ROOT,
                env=self._variables,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[far.fileno()],
            )
        stack.callback(origin.wait)
        stack.callback(line.shutdown, socket.SHUT_RDWR)
        return line


def _read(*streams: io.FileIO, end: float) -> list[str]:
    contents = [b""] * len(streams)
    with selectors.DefaultSelector() as unread:
        for number, stream in enumerate(streams):
            unread.register(stream, selectors.EVENT_READ, number)
        while unread.get_map():
            ready = unread.select(max(end - time.monotonic(), 0))
            if not ready:
                raise TimeoutError(f"it still runs, or what it started does, after it said {contents}")
            for key, _ in ready:
                piece = os.read(key.fd, 1 << 16)
                contents[key.data] += piece
                if not piece:
                    unread.unregister(key.fileobj)
    return [io.TextIOWrapper(io.BytesIO(each)).read() for each in contents]


# The process to fork from


def _serve(requests: socket.socket) -> dict[str, Any]:
    """Fork for each request; returns only in the fork, with the description of the run."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it ends when the other side closes the socket
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        word, files, _, _ = socket.recv_fds(requests, 1, 3)
        if not word:
            os._exit(0)
        if os.fork() == 0:
            break
        for file in files:
            os.close(file)
    requests.close()
    line, *streams = files
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    run = os.fork()
    if run:
        _say_how_it_ends(run, line, streams)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number, stream in enumerate(streams, 1):
        os.dup2(stream, number)
        os.close(stream)
    with os.fdopen(line) as text:
        description: dict[str, Any] = json.load(text)
    return description


def _say_how_it_ends(run: int, line: int, streams: list[int]) -> NoReturn:
    for stream in streams:
        os.close(stream)  # readers wait until the run itself closes it
    with suppress(BrokenPipeError):
        os.write(line, _NUMBER.pack(run))
        _, status = os.waitpid(run, 0)
        os.write(line, _NUMBER.pack(os.waitstatus_to_exitcode(status)))
    os._exit(0)


def _read_modules() -> None:
    ours = [module.name for module in walk_packages(chatctl.__path__, "chatctl.")]
    for name in (*READ_LATER, *ours):
        if name != "chatctl.__main__":
            with suppress(Exception):  # a run that needs the module imports it again, and fails as usual
                import_module(name)
    assert threading.active_count() == 1, f"a fork would lose the threads {threading.enumerate()[1:]}"
    gc.freeze()  # otherwise each run visits all these objects at its end: 0.2 s


if __name__ == "__main__":
    _read_modules()
    what = _serve(socket.socket(fileno=int(sys.argv[1])))
    os.chdir(what["cwd"])
    os.environ.clear()
    os.environ.update(what["env"])
    sys.path[0] = str(Path.cwd())
    sys.argv[1:] = what["arguments"]
    runpy.run_module(what["module"], run_name="__main__", alter_sys=True)
