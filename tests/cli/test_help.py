"""Help texts: summaries, usage lines and the example world."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from chatctl.cli.app import COMMANDS
from chatctl.cli.commands.seed.from_file import MINIMAL_WORLD
from chatctl.services.seed import specfile
from chatctl.services.seed.outline import build
from tests.cli.conftest import Result
from tests.support.command_pages import commands

Chatctl = Callable[..., Result]
PATHS = [path for page in COMMANDS for path, _ in commands(page)]


@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_no_summary_of_a_command_is_cut_in_80_columns(chatctl: Chatctl, name: str) -> None:
    shown = chatctl(*name.split(), "--help", env={"COLUMNS": "80"}).stdout
    _, _, summaries = shown.partition("\nCommands:\n")

    assert not re.findall(r"^.*\.\.\.$", summaries.partition("\n\n")[0], re.MULTILINE)


@pytest.mark.parametrize("path", PATHS)
def test_the_usage_line_brackets_each_argument_once(chatctl: Chatctl, path: str) -> None:
    usage = chatctl(*path.split(), "--help").stdout.splitlines()[0]

    assert not re.search(r"[\[{]{2}|[\]}]{2}|\.\.\.[\]}]", usage)


def test_the_example_world_is_valid(chatctl: Chatctl, tmp_path: Path) -> None:
    file = tmp_path / "world.yaml"
    file.write_text(MINIMAL_WORLD, encoding="utf-8")
    shown = chatctl("seed", "from", "--help").stdout

    world = build(specfile.load(file), 1)

    assert all(line in shown for line in MINIMAL_WORLD.splitlines())
    assert sum(chat.messages for chat in world.chats) == 1000


@pytest.mark.slow
def test_the_help_names_no_file_that_an_installed_chatctl_lacks(chatctl: Chatctl) -> None:
    for path in PATHS:
        assert not re.search(r"\b(docs|examples)/", chatctl(*path.split(), "--help").stdout), path
