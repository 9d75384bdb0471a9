"""``chatctl as USER -- …`` as an operator runs it."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest

from chatctl.cli.app import run
from tests.support.operator_roles import login_role
from tests.support.world import World


@pytest.fixture
def chat(world: World) -> tuple[UUID, UUID, UUID]:
    """Two people, and a third with whom the first has a conversation."""
    organization, (ann, ben, cleo) = world.team(3)
    group = world.group(organization, ann, ben, cleo)
    world.direct(organization, ann, ben)
    world.send(ann, group, "\x1b[2J\u202e=1+1 [/red]")
    return ann, cleo, group


def view(world: World, user: object, *arguments: str, url: str = "") -> int:
    return run(["as", str(user), "--db-url", url or world.database.url, *arguments])


def document(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def reads(world: World) -> int:
    return int(world.fact("select count(*) from private.moderation_log"))


def test_each_command_shows_what_the_user_sees(
    world: World, chat: tuple[UUID, UUID, UUID], capsys: pytest.CaptureFixture[str]
) -> None:
    ann, cleo, group = chat
    assert view(world, ann, "--reason", "T-7", "-o", "json", "--", "conversation", "list") == 0
    assert len(document(capsys)) == 2
    assert view(world, cleo, "--reason", "T-7", "--", "conversation", "list", "-o", "id") == 0
    assert capsys.readouterr().out == f"{group}\n"
    assert view(world, cleo, "--reason", "T-7", "-o", "json", "--", "conversation", "show", "gro") == 0
    (message,) = document(capsys)
    assert message["content"] == "\x1b[2J\u202e=1+1 [/red]"
    assert view(world, cleo, "--reason", "T-7", "--", "message", "show", message["id"]) == 0
    assert "\\x1b[2J\\u202e=1+1 [/red]" in capsys.readouterr().out
    assert reads(world) == 4


def test_lists_have_what_the_tables_give_the_user(
    world: World, chat: tuple[UUID, UUID, UUID], capsys: pytest.CaptureFixture[str]
) -> None:
    ann, cleo, group = chat
    stranger = world.user("stranger")
    world.organization(stranger, slug="elsewhere")

    def ids(user: UUID, *command: str) -> set[str]:
        assert view(world, user, "--reason", "T-7", "-o", "id", "--", *command) == 0
        return set(capsys.readouterr().out.split())

    people = {str(row[0]) for row in world.rows(ann, "select id from user_profiles")}
    assert ids(ann, "user", "list") == people
    assert len(people) == 3
    assert ids(stranger, "user", "list") == {str(stranger)}
    assert ids(ann, "org", "list") == {str(world.rows(ann, "select id from organizations")[0][0])}
    assert ids(cleo, "participant", "list", str(group)) == people
    direct = world.value(ann, "select id from conversations where not is_group")
    assert view(world, cleo, "--reason", "T-7", "--", "participant", "list", str(direct)) == 3
    assert reads(world) == 4


def test_two_users_are_compared(
    world: World, chat: tuple[UUID, UUID, UUID], capsys: pytest.CaptureFixture[str]
) -> None:
    ann, cleo, group = chat
    assert view(
        world, ann, "--compare", str(cleo), "--reason", "T-7", "-o", "json", "--", "conversation", "list"
    ) == 0  # fmt: skip
    output = capsys.readouterr()
    (row,) = json.loads(output.out)
    assert row["seen_by"].startswith("person0")
    assert "identical for both: 1; 1 only by person0" in output.err
    assert view(
        world, ann, "--compare", str(cleo), "--reason", "T-7", "--", "conversation", "show", str(group)
    ) == 0  # fmt: skip
    assert capsys.readouterr().out == ""
    assert reads(world) == 2


def test_a_suspended_user_sees_nothing_and_stderr_says_so(
    world: World, chat: tuple[UUID, UUID, UUID], capsys: pytest.CaptureFixture[str]
) -> None:
    world.operator.execute("insert into private.suspensions (user_id, reason) values (%s, 'x')", (chat[0],))
    assert view(world, chat[0], "--reason", "T-7", "-o", "json", "--", "conversation", "list") == 0
    output = capsys.readouterr()
    assert json.loads(output.out) == []
    assert "is suspended: sees nothing" in output.err
    assert "p_user_id" not in output.err


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--reason", "x", "--", "user", "show"), 2),
        (("--reason", "x", "--", "conversation", "delete"), 2),
        (("--reason", "x", "--", "message", "purge", "1"), 2),
        (("--reason", "x", "--", "as", "ben", "--reason", "x", "conversation", "list"), 2),
        (("--reason", "x", "--", "sh", "-c", "true"), 2),
        (("--reason", "x", "--", "conversation", "list", "--all"), 2),
        (("--reason", "x", "--", "conversation", "show"), 2),
        (("--reason", "x", "--", "conversation", "show", "nothing"), 3),
        (("--reason", "x", "--", "conversation", "show", ""), 3),
        (("--reason", "x", "--", "message", "show", "1"), 2),
        (("--reason", "x", "-o", "csv", "--", "message", "show", str(UUID(int=1))), 2),
        (("--reason", " ", "--", "conversation", "list"), 2),
        (("--reason", "x", "--"), 2),
        (("--", "conversation", "list"), 2),
        (("--reason", "x", "--compare", "nobody", "--", "conversation", "list"), 3),
    ],
)
def test_everything_else_is_refused_and_not_logged(
    world: World, chat: tuple[UUID, UUID, UUID], capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...], code: int,
) -> None:  # fmt: skip
    assert view(world, chat[0], *arguments) == code
    assert capsys.readouterr().out == ""
    assert reads(world) == 0


def test_the_refusal_lists_what_is_possible(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert view(world, world.user(), "--reason", "x", "--", "user", "show") == 2
    error = capsys.readouterr().err
    for line in (
        "org list",
        "user list",
        "participant list CONVERSATION",
        "conversation list",
        "conversation show CONVERSATION",
        "message show MESSAGE",
    ):
        assert line in error


def test_what_the_user_does_not_see_is_not_found(
    world: World, chat: tuple[UUID, UUID, UUID], capsys: pytest.CaptureFixture[str]
) -> None:
    stranger = world.user()
    message = world.fact("select id from messages")
    for command in (("conversation", "show", str(chat[2])), ("message", "show", str(message))):
        assert view(world, stranger, "--reason", "T-7", "--", *command) == 3
        assert capsys.readouterr().out == ""


def test_nobody_and_the_same_user_twice(world: World, chat: tuple[UUID, UUID, UUID]) -> None:
    assert view(world, UUID(int=7), "--reason", "x", "--", "conversation", "list") == 3
    assert view(
        world, chat[0], "--compare", str(chat[0]), "--reason", "x", "--", "conversation", "list"
    ) == 2  # fmt: skip
    assert reads(world) == 0


def test_a_role_of_operators_cannot_act_as_a_user(
    world: World, chat: tuple[UUID, UUID, UUID], capsys: pytest.CaptureFixture[str]
) -> None:
    with login_role(world.database) as role:
        assert run(["operator", "grant", role, "--reason", "x", "-y", "--db-url", world.database.url]) == 0
        before = reads(world)
        url = world.database.server.url_for(role, world.database.name)
        assert view(world, chat[0], "--reason", "x", "--", "conversation", "list", url=url) == 4
        assert f"role {role} cannot act as authenticated" in capsys.readouterr().err
        assert reads(world) == before


@pytest.mark.parametrize(
    ("arguments", "lines"),
    [
        (["--reason", "x", "--", "conversation", "show"], [
            "error: conversation is missing",
            "  usage: chatctl as USER -- conversation show [OPTIONS] {conversation}",
            "  `chatctl as USER -- conversation show -h` shows the options",
        ]),
        (["--reason", "x", "--org", "acme", "--", "conversation", "list"], [
            "error: there is no option --org",
            "  usage: chatctl as USER --reason TEXT -- COMMAND…",
            "  `chatctl as -h` shows the options",
        ]),
    ],
)  # fmt: skip
def test_the_usage_is_a_command_line(
    arguments: list[str], lines: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["as", "ann", *arguments]) == 2
    assert capsys.readouterr().err.splitlines()[-3:] == lines
