"""A run as a fork behaves like a new process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from tests.support.forks import Forks, variables

FACTS = """
    import json, locale, os, shutil, signal, subprocess, sys, tempfile, threading, time
    streams = (sys.stdin, sys.stdout, sys.stderr)
    facts = {
        "name": (__name__, __package__, __spec__.name),
        "arguments": sys.argv,
        "path": sys.path,
        "flags": str(sys.flags),
        "variables": dict(os.environ),
        "as children have them": subprocess.check_output("env", text=True),
        "directory": (os.getcwd(), tempfile.gettempdir()),
        "stdin": sys.stdin.read(),
        "terminal": [stream.isatty() for stream in streams],
        "text": [(s.encoding, s.errors, s.newlines, s.line_buffering, s.write_through) for s in streams],
        "files": sorted(set(os.listdir("/dev/fd")) - {str(os.open(".", 0))}),
        "width": shutil.get_terminal_size(),
        "locale": (locale.getlocale(), locale.setlocale(locale.LC_ALL)),
        "zone": time.tzname,
        "signals": [str(signal.getsignal(number)) for number in sorted(signal.valid_signals())],
        "blocked": str(signal.pthread_sigmask(signal.SIG_BLOCK, [])),
        "group": (os.getpgrp(), os.getsid(0)),
        "threads": threading.active_count(),
        "mask": os.umask(0),
    }
    print(json.dumps(facts, indent=1))
"""


def both(
    forks: Forks, directory: Path, *arguments: str, **env: str
) -> tuple[subprocess.CompletedProcess[str], subprocess.CompletedProcess[str]]:
    """Run the same command as a fork and as a process."""
    return forks.run(*arguments, env=variables(**env), cwd=directory), subprocess.run(
        [sys.executable, "-m", *arguments],
        env=variables(**env),
        cwd=directory,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def write(directory: Path, program: str) -> None:
    (directory / "program.py").write_text(dedent(program), encoding="utf-8")


def test_it_imports_the_same_modules_as_a_process(
    forks: Forks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, FACTS)
    monkeypatch.setenv("SUPABASE_URL", "https://example.com")
    monkeypatch.delenv("HOME", raising=False)

    fork, process = both(forks, tmp_path, "program", "-a", "é\udcff", COLUMNS="33", TMPDIR=str(tmp_path))

    assert fork.returncode == 0, fork.stderr
    assert fork.stdout.splitlines() == process.stdout.splitlines()
    assert '"COLUMNS": "33"' in fork.stdout
    assert "SUPABASE_URL" not in fork.stdout


@pytest.mark.parametrize(
    ("end", "code"),
    [
        ("", 0),
        ("sys.exit()", 0),
        ("sys.exit(3)", 3),
        ("sys.exit('why')", 1),
        ("raise ValueError('why')", 1),
        ("raise KeyboardInterrupt", -2),
        ("os._exit(4)", 4),
        ("os.kill(os.getpid(), signal.SIGINT)", -2),
        ("os.kill(os.getpid(), signal.SIGTERM)", -15),
        ("os.kill(os.getpid(), signal.SIGKILL)", -9),
        ("threading.Timer(0.01, print, ['later']).start()", 0),
    ],
)
def test_it_exits_like_a_process(forks: Forks, tmp_path: Path, end: str, code: int) -> None:
    write(
        tmp_path,
        f"""
        import atexit, os, signal, sys, threading
        atexit.register(print, "at the end")
        print("a line\\r\\nand half a line", end="")
        print("beside it", file=sys.stderr)
        {end}
        """,
    )

    fork, process = both(forks, tmp_path, "program")

    assert fork.returncode == process.returncode == code
    assert fork.stdout == process.stdout
    assert fork.stderr.splitlines()[-1] == process.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["migrate", "--help"],
        ["migrate", "new"],
        ["migrate", "--db-url", "postgresql://postgres@127.0.0.1:1/postgres", "--debug"],
    ],
)
def test_chatctl_prints_the_same(forks: Forks, tmp_path: Path, arguments: list[str]) -> None:
    fork, process = both(forks, tmp_path, "chatctl", *arguments)

    assert (fork.returncode, fork.stdout, fork.stderr) == (process.returncode, process.stdout, process.stderr)


def test_two_runs_use_different_hash_seeds(forks: Forks, tmp_path: Path) -> None:
    write(tmp_path, "print(hash('word'))")

    first, second = (forks.run("program", env=variables(), cwd=tmp_path).stdout for _ in range(2))

    assert first != second


def test_output_of_its_children_is_waited_for(forks: Forks, tmp_path: Path) -> None:
    write(tmp_path, "import subprocess; subprocess.Popen(['sleep', '3'], stdin=subprocess.DEVNULL)")

    with pytest.raises(TimeoutError):
        forks.run("program", env=variables(), cwd=tmp_path, timeout=0.5)


def test_settings_read_at_startup_cannot_be_changed_for_a_run(forks: Forks, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"LC_ALL.*run it as a process"):
        forks.run("chatctl", env=variables(LC_ALL="POSIX"), cwd=tmp_path)
