"""Running squawk on the migrations: statements that lock, rewrite or break a table in use."""

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
    # Ignore a .squawk.toml in the working directory: only accepted.yaml lists accepted findings.
    f"--config={os.devnull}",
    # The oldest supported version has the strictest rules.
    f"--pg-version={min(VERSIONS)}",
    # Off by default. A migration must qualify names, because the search path depends on the role.
    "--include=require-table-schema",
    # Outside a transaction it demands `if not exists`, which would keep the invalid index of a failed
    # attempt; `migrate` drops that index and retries.
    "--exclude=prefer-robust-stmts",
)


def check(files: Sequence[SqlFile]) -> list[LintFinding]:
    """The findings of squawk in ``files``, in order. Raises Invalid if squawk is not installed."""
    program = installed()
    with ThreadPoolExecutor() as pool:
        results = pool.map(lambda file: list(_findings(program, file)), files)
        return list(chain.from_iterable(results))


def installed() -> str:
    """The path of squawk. Raises Invalid if it is not installed."""
    next_to_python = Path(sys.executable).parent / "squawk"
    program = str(next_to_python) if next_to_python.exists() else shutil.which("squawk")
    if program is None:
        raise extras.missing("squawk", "lint")
    return program


def _findings(program: str, file: SqlFile) -> Iterator[LintFinding]:
    # Via stdin, because squawk expands * and [ in path arguments.
    command = [program, *_OPTIONS, f"--stdin-filepath={file.path}"]
    if not file.outside_transaction:
        command.append("--assume-in-transaction")
    result = subprocess.run(command, input=with_lf(file.text).encode(), capture_output=True, check=False)
    try:
        violations = json.loads(result.stdout)
    except ValueError:
        lines = result.stderr.decode(errors="replace").strip().splitlines()
        message = lines[0] if lines else f"exit {result.returncode}"
        raise ChatctlError(f"squawk failed on {file.path}: {message}") from None
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
