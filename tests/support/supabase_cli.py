"""The real Supabase CLI, which teams use next to chatctl: installed from npm, once for all runs and workers.

The npm package of a platform contains the whole program, so nothing else is downloaded or compiled. The
program connects only to the given database and needs no login for that.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from chatctl.local import lock

VERSION = "3.1.0"

_DENO = Path(sys.executable).with_name("deno")
_MACHINES = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}
_OUT_OF_REACH = re.compile(
    # Deno does not report whether npm or the package is missing.
    "was not found|could not find npm package|error sending request|dns|timed out|connect|proxy"
    "|ENOTFOUND|EAI_AGAIN|ECONN|ETIMEDOUT|E404|ETARGET",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class SupabaseCli:
    """The program, and a home directory of its own that it may write to."""

    program: Path
    home: Path

    def run(self, *arguments: str, directory: Path) -> subprocess.CompletedProcess[str]:
        """Run it on the project in ``directory``, which contains supabase/; its prompts get no answer."""
        return subprocess.run(
            # If it detects an AI agent, it prints JSON instead of text.
            [self.program, *arguments, "--agent=no", f"--workdir={directory}"],
            cwd=directory,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def _environment(self) -> dict[str, str]:
        # An empty environment: SUPABASE_* and PG* of the caller would point it to another database.
        home = str(self.home)
        return {
            "PATH": os.environ["PATH"],
            "HOME": home,
            "SUPABASE_HOME": home,
            "DO_NOT_TRACK": "1",
            "SUPABASE_TELEMETRY_DISABLED": "1",
            "SUPABASE_NO_UPDATE_NOTIFIER": "1",
            "NO_COLOR": "1",
        }


@pytest.fixture(scope="session")
def supabase_cli(tmp_path_factory: pytest.TempPathFactory) -> SupabaseCli:
    """The CLI; skips if npm cannot be reached."""
    package = _package()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "chatctl-tests"
    cache.mkdir(parents=True, exist_ok=True)
    program = cache / f"{package.rpartition('/')[2]}-{VERSION}"
    cli = SupabaseCli(program, tmp_path_factory.mktemp("supabase-home"))
    with lock.held(cache / "lock", seconds=600, busy=f"another run has been installing into {cache}"):
        if not program.exists():
            _install(f"{package}@{VERSION}", program)
    assert cli.run("--version", directory=cli.home).stdout == f"{VERSION}\n", f"remove {program}"
    return cli


def _package() -> str:
    system, machine = sys.platform, _MACHINES.get(platform.machine().lower())
    if system not in {"linux", "darwin"} or machine is None:
        pytest.skip(f"the Supabase CLI does not support {system} on {platform.machine()}")
    musl = system == "linux" and platform.libc_ver()[0] != "glibc"
    return f"@supabase/cli-{system}-{machine}{'-musl' if musl else ''}"


def _install(package: str, program: Path) -> None:
    directory = program.with_name(f"{program.name}.new")
    failures = []
    for command, settings in _installers(package, directory):
        shutil.rmtree(directory, ignore_errors=True)  # left by a killed run
        directory.mkdir()
        (directory / "package.json").write_text('{"private": true, "type": "module"}')
        (directory / "deno.json").write_text('{"nodeModulesDir": "auto"}')
        environment = {**os.environ, "DO_NOT_TRACK": "1", "NO_COLOR": "1", **settings}
        done = subprocess.run(
            command, cwd=directory, env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode == 0:
            installed = directory / "node_modules" / package.rpartition("@")[0] / "bin" / "supabase"
            installed.resolve().rename(program)  # atomic: complete or not at all
            shutil.rmtree(directory)
            return
        assert _OUT_OF_REACH.search(done.stderr), done.stderr
        failures.append(done.stderr.strip().splitlines()[0].rstrip("."))
    shutil.rmtree(directory, ignore_errors=True)
    pytest.skip(f"npm cannot be reached: {'; '.join(failures) or 'neither Deno nor npm is installed'}")


def _installers(package: str, directory: Path) -> Iterator[tuple[list[str], dict[str, str]]]:
    """Possible commands to install into ``directory``, and their settings, with caches in it."""
    if _DENO.exists():
        yield (
            [str(_DENO), "install", "--quiet", f"npm:{package}"],
            {"DENO_DIR": str(directory / "cache"), "DENO_NO_UPDATE_CHECK": "1"},
        )
    if npm := shutil.which("npm"):
        quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-save", "--loglevel=error"]
        yield (
            [npm, "install", *quiet, package],
            {"npm_config_cache": str(directory / "cache"), "npm_config_fetch_retries": "1"},
        )
