"""The verdict of ``chatctl audit-rls`` does not depend on the speed of the machine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from chatctl.waiting import until
from tests.support.forks import variables
from tests.support.one_of_several import any_row_first
from tests.support.world import Database

# Our rules look back 60 seconds at most.
STOPPED_SECONDS = 70
RATE_LIMIT = "public.check_message_rate_limit()"
RUNNING_PROBES = """
select count(*) from pg_stat_activity
where datname = %s and query like '%%"try\\_%%' and pid <> pg_backend_pid()
"""

pytestmark = pytest.mark.slow


@contextmanager
def started(database: Database, output: Path, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    errors = output.with_name(f"{output.name}.errors")
    with output.open("wb") as stdout, errors.open("wb") as stderr:
        command = [sys.executable, "-m", "chatctl", "audit-rls", "--db-url", database.url, *arguments]
        process = subprocess.Popen(
            command, stdout=stdout, stderr=stderr, stdin=subprocess.DEVNULL, env=variables()
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def stopped(process: subprocess.Popen[bytes], database: Database) -> None:
    """Stop the process in the middle of its probes."""
    with database.connect() as conn:

        def probes_are_running() -> bool:
            return conn.execute(RUNNING_PROBES, (database.name,)).fetchall() != [(0,)]

        assert until(probes_are_running, seconds=120)
    process.send_signal(signal.SIGSTOP)
    assert process.poll() is None


@contextmanager
def busy(processes: int) -> Iterator[None]:
    with ExitStack() as stack:
        for _ in range(processes):
            loop = stack.enter_context(subprocess.Popen([sys.executable, "-c", "while True: pass"]))
            stack.callback(loop.kill)
        yield


def test_a_client_that_is_stopped_for_longer_than_any_limit_gets_the_same_report(
    database: Database, other_database: Database, tmp_path: Path
) -> None:
    runs = {
        "plain": (database, ("--format", "json")),
        "mutants": (other_database, ("--mutate", "--only", RATE_LIMIT)),
    }
    codes = {}
    for name, (target, arguments) in runs.items():
        with started(target, tmp_path / name, *arguments) as process:
            codes[name] = process.wait(timeout=300)
    assert codes == {"plain": 0, "mutants": 0}
    with ExitStack() as stack:
        processes = {}
        for name, (target, arguments) in runs.items():
            processes[name] = stack.enter_context(started(target, tmp_path / f"{name} stopped", *arguments))
            stopped(processes[name], target)
        time.sleep(STOPPED_SECONDS)  # the condition to wait for is the time itself
        for process in processes.values():
            process.send_signal(signal.SIGCONT)
        for name, process in processes.items():
            assert process.wait(timeout=300) == codes[name], (tmp_path / f"{name} stopped.errors").read_text()
    for name in runs:
        assert _report(tmp_path / name) == _report(tmp_path / f"{name} stopped")


def test_the_report_is_the_same_on_a_busy_machine(database: Database, tmp_path: Path) -> None:
    with busy(os.cpu_count() or 2):
        for name in ("first", "second"):
            with started(database, tmp_path / name, "--format", "json") as process:
                assert process.wait(timeout=600) == 0
    assert _report(tmp_path / "first") == _report(tmp_path / "second")


def _report(file: Path) -> str:
    return any_row_first(file.read_text())
