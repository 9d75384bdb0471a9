"""Every command of operators supports an output format completely, or refuses it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from chatctl.cli.options import OutputFormat
from tests.cli.conftest import Result
from tests.cli.test_formats import COMMANDS, assert_parses
from tests.support.operator_runs import OPERATOR_RUNS, OperatorRun, Placeholders
from tests.support.world import World

Chatctl = Callable[..., Result]
RUNS = {name: run for name, run in OPERATOR_RUNS.items() if not run.on_terminal}


@pytest.fixture
def values(world: World) -> Placeholders:
    """What the commands are about: a group of three with two messages, one of them reported."""
    people = [world.user(name) for name in ("ann-meyer", "ben", "cem", "dan")]
    organization = world.organization(*people, slug="acme")
    conversation = world.group(organization, *people[:3])
    message = world.send(people[0], conversation, "buy now")
    world.send(people[1], conversation, "no")
    report = world.value(people[1], "select id from report_message(%s, 'spam', 'again')", message)
    return Placeholders(
        org="acme",
        user=str(people[0]),
        colleague=str(people[3]),
        conversation=str(conversation),
        message=str(message),
        report=str(report),
    )


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
    if name.startswith("operator "):
        world.operator.execute(
            "do $$ begin create role operator_of_formats login; "
            "exception when duplicate_object then null; end $$"
        )
    for fmt in OutputFormat:
        values["format"] = fmt
        answer = chatctl(*name.split(), "-o", fmt, *run.filled(values), env=env)

        if fmt in COMMANDS[name].formats:
            assert answer.exit_code == 0, answer
            if answer.stdout not in ("", "[]\n"):
                assert_parses(answer.stdout, fmt)
        else:
            assert (answer.exit_code, answer.stdout) == (2, ""), answer
