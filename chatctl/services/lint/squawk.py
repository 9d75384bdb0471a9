"""squawk on the versioned files: what locks, rewrites or breaks a table that is in use."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path

from chatctl import extras
from chatctl.errors import ChatctlError
from chatctl.local.postgres.binaries import VERSIONS
from chatctl.services.lint.findings import Level, LintFinding
from chatctl.services.migrations.files import SqlFile
from chatctl.sqltext.statements import with_lf

_OPTIONS = (
    "--reporter=json",
    # What is accepted stands in accepted.yaml alone: a .squawk.toml of the working directory changes nothing.
    f"--config={os.devnull}",
    # A rule of the newest version would pass what the oldest one refuses.
    f"--pg-version={min(VERSIONS)}",
    # Off by default. A migration names its schemas, for the search path is whatever the role was given.
    "--include=require-table-schema",
    # Has nothing to say in a transaction; outside it asks for `if not exists`, which would pass over the
    # invalid index that a failed try leaves; `migrate` drops that one and tries again.
    "--exclude=prefer-robust-stmts",
)


def check(files: Sequence[SqlFile]) -> list[LintFinding]:
    """What squawk finds in ``files``, in their order. Raises Invalid when squawk is not installed."""
    program = installed()
    with ThreadPoolExecutor() as pool:
        found = pool.map(lambda file: list(_findings(program, file)), files)
        return list(chain.from_iterable(found))


def installed() -> str:
    """The path of squawk. Raises Invalid when it is not installed."""
    beside = Path(sys.executable).parent / "squawk"
    program = str(beside) if beside.exists() else shutil.which("squawk")
    if program is None:
        raise extras.missing("squawk", "lint")
    return program


def _findings(program: str, file: SqlFile) -> Iterator[LintFinding]:
    # Through stdin: as an argument, a path with * or [ would be a pattern.
    command = [program, *_OPTIONS, f"--stdin-filepath={file.path}"]
    if not file.alone:
        command.append("--assume-in-transaction")
    done = subprocess.run(command, input=with_lf(file.text).encode(), capture_output=True, check=False)
    try:
        violations = json.loads(done.stdout)
    except ValueError:
        said = (done.stderr.decode(errors="replace").strip().splitlines() or [f"exit {done.returncode}"])[0]
        raise ChatctlError(f"squawk failed on {file.path}: {said}") from None
    for violation in violations:
        rule = violation["rule_name"]
        level: Level = "error" if violation["level"] == "Error" else "warning"
        yield LintFinding(
            rule=rule,
            level=level,
            title=rule.replace("-", " ").capitalize(),
            problem=violation["message"],
            remedy=violation["help"] or f"see squawkhq.com/docs/{rule}",
            file=file.path,
            line=violation["line"] + 1,
        )
