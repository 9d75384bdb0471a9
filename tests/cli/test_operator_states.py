"""Every command of operators in each state that it may meet."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chatctl.waiting import until
from tests.cli.conftest import Result
from tests.support.dumps import dump
from tests.support.forks import variables
from tests.support.operator_roles import login_role
from tests.support.operator_runs import OPERATOR_RUNS, OperatorRun, Placeholders, reported_world
from tests.support.terminal import terminal
from tests.support.world import World

pytestmark = pytest.mark.slow

Chatctl = Callable[..., Result]
RUNS = {name: run for name, run in OPERATOR_RUNS.items() if not run.on_terminal}
LISTS = (
    "org list", "user list", "conversation list", "report list", "job list", "hold list", "log list",
    "operator list", "stats",
)  # fmt: skip
OFFLINE = ("export verify",)
# What reads only the catalog, where a lock of a table keeps nobody waiting.
OF_THE_CATALOG = (*OFFLINE, "operator list", "message index drop", "message index status")
TEXT_TO_FIND = {
    "message search",
    "message index create",
    "message index drop",
    "message index status",
    "log verify",
    "log export",
}
OF_THE_OWNER = ("operator grant", "operator revoke", "message index create", "as")
PATIENCE = 60  # seconds, for a slow machine
# Colors, and what moves the cursor for progress.
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@pytest.fixture
def values(world: World) -> Iterator[Placeholders]:
    """What the commands are about, and a role that can log in."""
    with login_role(world.database) as role:
        yield Placeholders(reported_world(world) | {"role": role})


def prepared(chatctl: Chatctl, world: World, values: Placeholders, run: OperatorRun) -> None:
    for command in run.before:
        done = chatctl(*(word.format_map(values) for word in command), env=at(world))
        assert done.exit_code == 0, done
    if job := world.fact("select id from private.moderation_jobs"):
        values["job"] = str(job)


def at(world: World) -> dict[str, str]:
    return {"CHATCTL_DB_URL": world.database.url}


def each(*names: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("name", names or tuple(RUNS))


def words(name: str, values: Placeholders) -> list[str]:
    return [*name.split(), *RUNS[name].filled(values, tried=False)]


@each(*LISTS)
def test_a_list_of_nothing_is_an_empty_document(chatctl: Chatctl, world: World, name: str) -> None:
    answer = chatctl(*name.split(), "-o", "json", env=at(world))
    assert (answer.exit_code, answer.document) == (0, [])
    table = chatctl(*name.split(), env=at(world))
    assert (table.exit_code, table.stdout.count("\n")) in ((0, 0), (0, 1))


@each(*(name for name, run in RUNS.items() if run.arguments and name not in TEXT_TO_FIND))
def test_what_does_not_exist_is_exit_3(chatctl: Chatctl, world: World, name: str) -> None:
    before = dump(world, without=())
    answer = chatctl(*words(name, Placeholders(role="nobody")), "-y", "-o", "json", env=at(world))
    assert answer.exit_code == 3, answer
    assert json.loads(answer.stderr.splitlines()[-1])["error"]["exit"] == 3
    assert dump(world, without=()) == before


@each(*(name for name, run in RUNS.items() if run.uses("user", "colleague", "org")))
def test_an_ambiguous_name_is_exit_2_with_the_candidates(
    chatctl: Chatctl, world: World, values: Placeholders, name: str
) -> None:
    for person in ("ann-maria", "dan-olaf"):
        world.user(person)
    world.organization(slug="acorn")
    known = RUNS[name].uses("user", "colleague")
    ambiguous = {"user": "ann", "colleague": "dan"} if known else {"org": "ac"}
    before = dump(world, without=())
    answer = chatctl(*words(name, Placeholders(values | ambiguous)), env=at(world))
    assert (answer.exit_code, answer.stdout) == (2, ""), answer
    assert "may be 2" in answer.stderr
    assert dump(world, without=()) == before


@each(*(name for name in RUNS if name not in OFFLINE))
def test_a_role_without_the_right_is_exit_4(
    chatctl: Chatctl, world: World, values: Placeholders, name: str
) -> None:
    prepared(chatctl, world, values, RUNS[name])
    before = dump(world, without=())
    url = world.database.server.url_for(values["role"], world.database.name)
    answer = chatctl(*words(name, values), "-y", env={"CHATCTL_DB_URL": url})
    assert (answer.exit_code, answer.stdout) == (4, ""), answer
    assert dump(world, without=()) == before


@each(*(name for name in RUNS if name not in OFFLINE))
def test_a_granted_role_may_run_it(chatctl: Chatctl, world: World, values: Placeholders, name: str) -> None:
    prepared(chatctl, world, values, RUNS[name])
    granted = chatctl("operator", "grant", values["role"], "--reason", "on call", "-y", env=at(world))
    assert granted.exit_code == 0, granted
    url = world.database.server.url_for(values["role"], world.database.name)
    answer = chatctl(*name.split(), *RUNS[name].filled(values), "-y", env={"CHATCTL_DB_URL": url})
    assert answer.exit_code == (4 if name in OF_THE_OWNER else 0), answer


@each()
def test_an_unknown_option_is_exit_2(chatctl: Chatctl, name: str) -> None:
    answer = chatctl(*name.split(), "--nothing", *RUNS[name].filled(Placeholders()))
    assert (answer.exit_code, answer.stdout) == (2, "")
    assert "--nothing" in answer.stderr


@each(*(name for name, run in RUNS.items() if "--reason" in run.arguments))
def test_a_blank_reason_is_exit_2(chatctl: Chatctl, world: World, values: Placeholders, name: str) -> None:
    prepared(chatctl, world, values, RUNS[name])
    before = dump(world, without=())
    arguments = [" " if word == "a reason" else word for word in words(name, values)]
    answer = chatctl(*arguments, env=at(world))
    assert (answer.exit_code, answer.stdout) == (2, ""), answer
    assert "--reason" in answer.stderr
    assert dump(world, without=()) == before


@each("message redact", "message purge", "user erase")
def test_what_is_held_is_exit_5(chatctl: Chatctl, world: World, values: Placeholders, name: str) -> None:
    world.operator.execute(
        "select moderation.create_hold('legal-7', 'op', 'a lawsuit', p_organization_id => id) "
        "from organizations"
    )
    before = dump(world, without=())
    confirmed = world.fact("select email from user_profiles where id = %s", values["user"])
    confirm = ("--confirm", str(confirmed) if name == "user erase" else "acme")
    answer = chatctl(*words(name, values), *confirm, env=at(world))
    assert answer.exit_code == 5, answer
    assert "held" in answer.stderr.lower()
    assert dump(world, without=()) == before


@each(*(name for name in RUNS if name not in OF_THE_CATALOG))
def test_an_interrupted_command_changes_nothing(
    chatctl: Chatctl, world: World, values: Placeholders, tmp_path: Path, name: str
) -> None:
    prepared(chatctl, world, values, RUNS[name])
    before, files = dump(world, without=()), set(tmp_path.iterdir())
    with world.database.connect() as blocking, blocking.transaction():
        for (table,) in blocking.execute(
            "select format('%I.%I', schemaname, tablename) from pg_tables "
            "where schemaname in ('public', 'private', 'storage') and tableowner = current_user"
        ).fetchall():
            blocking.execute(f"lock table {table} in access exclusive mode".encode())
        process = subprocess.Popen(
            [sys.executable, "-m", "chatctl", *words(name, values), "-y"],
            cwd=tmp_path, env=variables(**at(world)), stdin=subprocess.DEVNULL, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        assert until(lambda: _waits(world), seconds=PATIENCE)
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=PATIENCE)
    assert (process.returncode, stdout) == (130, ""), stderr
    assert "interrupted" in stderr
    assert dump(world, without=()) == before
    assert set(tmp_path.iterdir()) == files


def _waits(world: World) -> bool:
    """Whether a session of chatctl waits for a lock."""
    return bool(
        world.fact(
            "select exists (select from pg_stat_activity where datname = current_database() "
            "and application_name like 'chatctl%' and wait_event_type = 'Lock')"
        )
    )


@pytest.mark.parametrize("name", OPERATOR_RUNS)
def test_at_a_narrow_terminal(
    chatctl: Chatctl, world: World, values: Placeholders, tmp_path: Path, name: str
) -> None:
    run = OPERATOR_RUNS[name]
    prepared(chatctl, world, values, run)
    arguments = [*name.split(), *run.filled(values)]
    with terminal(*arguments, cwd=tmp_path, columns=60, env=at(world)) as shown:
        if run.on_terminal:
            shown.wait_for("q quit")
            shown.press("q")
        assert shown.end() == 0, shown.screen
    text = CONTROL.sub("", shown.screen)
    assert text.strip()
    assert not set(text) & {chr(code) for code in range(32) if code not in (9, 10, 13)}
