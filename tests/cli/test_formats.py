"""Every command supports an output format completely, or refuses it before it does anything."""

from __future__ import annotations

import csv
import io
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from chatctl.cli.app import app
from chatctl.cli.options import Formats, OutputFormat
from chatctl.local.postgres import server
from tests.cli.conftest import Result
from tests.support.operator_runs import OPERATOR_RUNS, Placeholders
from tests.support.places import PLACE
from tests.support.world import Database

Chatctl = Callable[..., Result]

ROOT = Path(__file__).parent.parent.parent
NOBODY_LISTENS = "postgresql://postgres@127.0.0.1:1/postgres"


def _commands(command: Any, *words: str) -> Iterator[tuple[str, Any]]:
    """Every command that can be run, by its words, including groups that run without a subcommand."""
    if not hasattr(command, "list_commands"):
        yield " ".join(words), command
        return
    if words and command.invoke_without_command:
        yield " ".join(words), command
    for name in command.list_commands(None):
        yield from _commands(command.get_command(None, name), *words, name)


COMMANDS = dict(_commands(typer.main.get_command(app)))


@dataclass(frozen=True)
class Run:
    """How to run a command so that it has a result."""

    arguments: tuple[str, ...] = ()
    database: bool = True
    exit_codes: tuple[int, ...] = (0,)
    seeded: bool = False
    server: bool = False  # an embedded one
    change: str = ""  # SQL
    refuses: tuple[OutputFormat, ...] = ()  # of the formats that the command supports with other options


OPEN = "create policy open on organizations for select to authenticated using (true)"
FAST = ("--only", "public.organizations")
RUNS: dict[str, Run | None] = {  # None: takes too long, or has no formats
    "migrate": Run(),
    "migrate status": Run(),
    "migrate new": Run(("x", "--directory", "sql"), database=False),
    "migrate lint": Run(("--list",), database=False),
    "migrate drift": Run(("--directory", "sql"), exit_codes=(7,)),
    "migrate export": Run(("out", "--directory", "sql"), database=False),
    "migrate repair": Run(("20260123000400", "--status", "reverted", "--dry-run")),
    "migrate baseline": Run(("--dry-run",), change="drop schema supabase_migrations cascade"),
    "seed": Run(),
    "seed demo": Run(),
    "seed perf": Run(("--scale", "0.001")),
    "seed from": Run(("world.yaml",)),
    "seed schema": Run(database=False),
    "seed verify": Run(seeded=True),
    "seed clean": Run(("--dry-run",), seeded=True),
    "audit-rls": Run(FAST, exit_codes=(7,), change=OPEN),
    "audit-rls schema": Run(database=False),
    "loadtest": Run(("--users", "1", "--duration", "1s"), exit_codes=(0, 7, 9), seeded=True),
    "demo": None,
    "local up": Run(database=False),
    "local down": Run(database=False),
    "local status": Run(database=False),
    "local reset": Run(("--confirm", "work"), database=False, server=True),
    "local psql": None,
    "completion": None,
    "local env": Run(database=False, server=True),
}
# Other options lead to other results.
MORE_RUNS = {
    "migrate": [Run(("--dry-run",))],
    "migrate lint": [Run(("--directory", "sql"), exit_codes=(7,), refuses=(OutputFormat.id,))],
    "seed": [Run(("--dry-run",))],
    "audit-rls": [
        Run(("--explain", "sender:public.messages:update"), refuses=(OutputFormat.csv, OutputFormat.id)),
    ],
}


def test_every_command_is_tested() -> None:
    assert COMMANDS.keys() == RUNS.keys() | OPERATOR_RUNS.keys()


def _required(name: str) -> list[str]:
    example_values = {
        "migrate new": ["x"],
        "migrate export": ["out"],
        "migrate repair": ["1", "--status", "applied"],
        "seed from": ["world.yaml"],
        "completion": ["bash"],
    }
    if operator_run := OPERATOR_RUNS.get(name):
        return operator_run.filled(Placeholders())
    return example_values.get(name, [])


@pytest.mark.parametrize("name", COMMANDS)
def test_an_unsupported_format_is_refused_before_any_work(
    chatctl: Chatctl, tmp_path: Path, name: str
) -> None:
    possible: Formats = COMMANDS[name].formats
    for refused in set(OutputFormat) - possible:
        arguments = [*name.split(), *_required(name)]
        before = chatctl("-o", refused, *arguments, env={"CHATCTL_DB_URL": NOBODY_LISTENS})
        after = chatctl(*arguments, "-o", refused, env={"CHATCTL_DB_URL": NOBODY_LISTENS})

        for answer in (before, after):
            assert (answer.exit_code, answer.stdout) == (2, ""), answer
            assert "-o" in answer.stderr
            assert "target:" not in answer.stderr
        # `local psql` passes -o on to psql.
        if possible:
            named = f"supported formats: {', '.join(it for it in OutputFormat if it in possible)}"
            assert f"-o {refused}: `chatctl {name}` does not support that format" in before.stderr
            assert named in before.stderr
            assert before.stderr == after.stderr
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("option", [["--mutate"], ["--explain", "sender:public.messages:update"]])
def test_an_option_may_restrict_the_formats(chatctl: Chatctl, option: list[str]) -> None:
    for refused in ("csv", "id"):
        answer = chatctl("audit-rls", *option, "-o", refused, env={"CHATCTL_DB_URL": NOBODY_LISTENS})

        assert (answer.exit_code, answer.stdout) == (2, "")
        assert "supported formats: table, plain, json, ndjson, yaml\n" in answer.stderr


@pytest.fixture
def work() -> Iterator[Path]:
    """A working directory with files for every command; its path is short because of socket paths."""
    place = Path(tempfile.mkdtemp(prefix="cf", dir=PLACE))
    work = place / "work"
    (work / "sql" / "migrations").mkdir(parents=True)
    migration = work / "sql" / "migrations" / "20260101000000_notes.sql"
    migration.write_text("create table public.notes (id bigint primary key, body text);\n")
    (work / "world.yaml").write_text((ROOT / "examples" / "world.yaml").read_text())
    yield work
    if (work / ".chatctl").exists():
        server.stop(work / ".chatctl")
    shutil.rmtree(place)


def assert_parses(text: str, fmt: OutputFormat) -> None:
    """Fail if the output of a command is not in the format."""
    match fmt:
        case OutputFormat.json:
            json.loads(text)
        case OutputFormat.ndjson:
            assert [json.loads(line) for line in text.splitlines()]
        case OutputFormat.yaml:
            assert isinstance(yaml.safe_load(text), (dict, list))
        case OutputFormat.csv:
            header, *rows = csv.reader(io.StringIO(text))
            assert all(header)
            assert {len(row) for row in rows} <= {len(header)}
        case OutputFormat.id:
            assert all(text.splitlines())


TRIED = [(name, run) for name, run in RUNS.items() if run is not None]
TRIED += [(name, run) for name, runs in MORE_RUNS.items() for run in runs]


@pytest.mark.parametrize(
    ("name", "run"), TRIED, ids=[f"{name} {' '.join(run.arguments)}" for name, run in TRIED]
)
def test_every_supported_format_can_be_parsed(
    chatctl: Chatctl, database: Database, work: Path, name: str, run: Run
) -> None:
    with database.connect() as conn:
        conn.execute(run.change.encode())
    if run.seeded:
        chatctl("seed", "--db-url", database.url)
    if run.server:
        chatctl("local", "up", cwd=work)
    env = {"CHATCTL_DB_URL": database.url} if run.database else {}
    for fmt in OutputFormat:
        answer = chatctl(*name.split(), *run.arguments, "-o", fmt, env=env, cwd=work)

        if fmt in COMMANDS[name].formats and fmt not in run.refuses:
            assert answer.exit_code in run.exit_codes, answer
            assert_parses(answer.stdout, fmt)
        else:
            assert (answer.exit_code, answer.stdout) == (2, ""), answer
