"""What a shell gets to complete a command line."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import typer.main

from chatctl.cli import completion
from chatctl.cli.app import COMMANDS, app
from chatctl.cli.commands.completion import SCRIPTS, Shell
from chatctl.cli.completion import LINE, VARIABLE, answer
from chatctl.services.moderation import completions
from tests.support.forks import variables
from tests.support.world import World


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty directory, with a cache in it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(completion, "PATIENCE", 60)  # a slow machine is not what is tested here
    monkeypatch.setattr(completions, "TIMEOUT", "60s")
    return tmp_path


@pytest.fixture
def people(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """An organization ``acme`` with three people, a group ``design team``, and ``beta``; as the target."""
    for name in ("Ann Lee", "Ann Low", "Ben"):
        user = world.user(name)
        email = f"{name.replace(' ', '.').lower()}@example.test"
        world.operator.execute("update auth.users set email = %s where id = %s", (email, user))
    people = [row[0] for row in world.operator.execute("select id from user_profiles")]
    acme = world.organization(*people, slug="acme")
    world.organization(slug="beta")
    group = world.group(acme, people[0], *people[1:])
    world.operator.execute("update conversations set name = 'design team' where id = %s", (group,))
    world.operator.commit()
    monkeypatch.setenv("CHATCTL_DB_URL", world.database.url)
    return world


def candidates(line: str) -> list[str]:
    return [each.value for each in answer(typer.main.get_command(app), COMMANDS, line)]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("chatctl migr", ["migrate"]),
        ("chatctl migrate li", ["lint"]),
        ("chatctl user susp", ["suspend"]),
        ("chatctl message delete --has-", ["--has-attachment", "--has-link"]),
        ("chatctl org list -o nd", ["ndjson"]),
        ("chatctl user erase ann --messages k", ["keep"]),
        ("chatctl 'open", []),
    ],
)
def test_commands_options_and_choices_are_completed(line: str, expected: list[str]) -> None:
    assert candidates(line) == expected


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("chatctl user show ann", ["ann.lee@example.test", "ann.low@example.test"]),
        ("chatctl user show 'Ann L", ["Ann Lee", "Ann Low"]),
        ("chatctl user show ann.le", ["ann.lee@example.test"]),
        ("chatctl user show nobody", []),
        ("chatctl participant add x ben@", ["ben@example.test"]),
        ("chatctl participant add x ann.lee@example.test be", ["ben@example.test"]),
        ("chatctl message search --sender be", ["ben@example.test"]),
        ("chatctl as be", ["ben@example.test"]),
        ("chatctl org show ", ["acme", "beta"]),
        ("chatctl conv list --org a", ["acme"]),
        ("chatctl conversation show --org acme de", ["design team"]),
        ("chatctl message delete --org acme --conversation d", ["design team"]),
        ("chatctl conversation show --org beta de", []),
        ("chatctl conversation show de", []),
    ],
)
def test_names_are_completed_from_the_database(line: str, expected: list[str]) -> None:
    assert candidates(line) == expected


@pytest.mark.parametrize(
    "name",
    ["Ann$(id)", "Ann`id`", "Ann\\$(id)", "Ann\x1b[31m", "Ann;id", "Ann\ttab", "Ann\nid", "Ann*"],
)
def test_a_name_that_a_shell_could_take_otherwise_is_not_offered(people: World, name: str) -> None:
    people.operator.execute("update user_profiles set full_name = %s where full_name = 'Ben'", (name,))
    assert candidates("chatctl user show 'An") == ["Ann Lee", "Ann Low"]


def test_a_database_that_does_not_answer_completes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHATCTL_DB_URL", "postgresql://postgres@127.0.0.1:1/postgres")
    assert candidates("chatctl user show a") == []


def test_without_an_embedded_server_none_is_created(place: Path) -> None:
    assert candidates("chatctl user show a") == []
    assert list(place.iterdir()) == []


def test_an_answer_is_kept_for_its_owner_alone(people: World, place: Path) -> None:
    assert candidates("chatctl org show a") == ["acme"]
    people.operator.execute("update organizations set slug = 'another' where slug = 'acme'")
    assert candidates("chatctl org show a") == ["acme"]
    (kept,) = (place / "cache" / "chatctl" / "completion").iterdir()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700
    os.utime(kept, (0, 0))
    assert candidates("chatctl org show a") == ["another"]


def test_a_cache_that_is_not_a_directory_of_ours_stays_as_it_is(people: World, place: Path) -> None:
    other = place / "other"
    other.mkdir(mode=0o755)
    old = other / "old.json"
    old.touch()
    os.utime(old, (0, 0))
    (place / "cache" / "chatctl").mkdir(parents=True)
    (place / "cache" / "chatctl" / "completion").symlink_to(other)
    assert candidates("chatctl org show a") == ["acme"]
    assert [*other.iterdir()] == [old]


def test_names_are_completed_without_a_cache(
    people: World, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (place / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(place / "file"))
    assert candidates("chatctl org show a") == ["acme"]


def test_a_slow_database_completes_nothing(people: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(completion, "PATIENCE", 0.05)
    people.operator.execute("begin; lock table organizations in access exclusive mode")
    assert candidates("chatctl org show a") == []
    people.operator.execute("rollback")


def in_bash(line: str, place: Path) -> list[str]:
    """What bash inserts for the last word of ``line``."""
    # As readline breaks the line: at white space, and at each @, which is a word of its own.
    words = line.replace("@", " @ ").split()
    chatctl = place / "chatctl"
    chatctl.write_text(f'#!/bin/sh\nexec {sys.executable} -m chatctl "$@"\n')
    chatctl.chmod(0o755)
    script = f"""
        {SCRIPTS[Shell.bash]}
        COMP_LINE=$1 COMP_POINT=${{#1}} COMP_WORDS=("${{@:2}}") COMP_CWORD=$(($# - 2))
        _chatctl chatctl
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(
        ["bash", "--norc", "-c", script, "bash", line, *words],
        env=variables(PATH=f"{place}:{os.environ['PATH']}", CHATCTL_DB_URL=os.environ["CHATCTL_DB_URL"]),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout.splitlines()


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("chatctl user show ann.le", ["ann.lee@example.test"]),
        ("chatctl user show ann.lee@ex", ["@example.test"]),
        ("chatctl user show ann.lee@", ["@example.test"]),
        ("chatctl conversation show --org acme des", ["design\\ team"]),
    ],
)
def test_bash_inserts_what_completes_the_word(line: str, expected: list[str], place: Path) -> None:
    candidates(line)  # so that the names are in the cache, whatever the speed of the machine
    assert in_bash(line, place) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("chatctl hold rel", "release\tRelease a hold.\n"),
        ("chatctl nothing ", ""),
    ],
)
def test_the_answer_has_descriptions_and_no_errors(line: str, expected: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "chatctl"],
        env=variables(**{VARIABLE: "zsh", LINE: line}),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stderr == ""
    assert done.stdout == expected
