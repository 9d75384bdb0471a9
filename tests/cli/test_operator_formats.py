"""Every command of operators supports an output format completely, or refuses it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chatctl.cli.options import OutputFormat
from tests.cli.conftest import Result
from tests.cli.test_formats import COMMANDS, assert_parses
from tests.support.dumps import dump
from tests.support.operator_roles import login_role
from tests.support.operator_runs import OPERATOR_RUNS, OperatorRun, Placeholders, reported_world
from tests.support.world import World

pytestmark = pytest.mark.slow

Chatctl = Callable[..., Result]
RUNS = {name: run for name, run in OPERATOR_RUNS.items() if not run.on_terminal}


@pytest.fixture
def values(world: World) -> Iterator[Placeholders]:
    """What the commands are about, and a role that can log in."""
    with login_role(world.database) as role:
        yield Placeholders(reported_world(world) | {"role": role})


@pytest.mark.parametrize(("name", "run"), RUNS.items(), ids=RUNS)
def test_every_supported_format_of_an_operators_command_can_be_parsed(
    chatctl: Chatctl, world: World, values: Placeholders, tmp_path: Path, name: str, run: OperatorRun
) -> None:
    env = {"CHATCTL_DB_URL": world.database.url}
    for command in run.before:
        prepared = chatctl(*(word.format_map(values) for word in command), env=env)
        assert prepared.exit_code == 0, prepared
    if job := world.fact("select id from private.moderation_jobs"):
        values["job"] = str(job)
    for fmt in set(OutputFormat) - COMMANDS[name].formats:
        before = dump(world, without=())
        answer = chatctl(*name.split(), "-o", fmt, *run.filled(values, tried=False), env=env)
        assert (answer.exit_code, answer.stdout) == (2, ""), answer
        assert dump(world, without=()) == before
    for fmt in COMMANDS[name].formats:
        values["format"] = fmt
        answer = chatctl(*name.split(), "-o", fmt, *run.filled(values), env=env)
        assert answer.exit_code == 0, answer
        if answer.stdout or fmt in (OutputFormat.json, OutputFormat.yaml):
            assert_parses(answer.stdout, fmt)
