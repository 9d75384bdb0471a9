"""The commands with which operators look: lists, users, transcripts, messages and statistics."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import yaml
from psycopg.types.json import Jsonb
from rich.cells import cell_len

from tests.cli.conftest import Result
from tests.support.forks import variables
from tests.support.world import Database, World

WHY = ("--reason", "report R-12", "--actor", "olga")
HOSTILE = (
    "=HYPERLINK(\"http://x\")\n\x1b[2J\x1b]52;c;aGk=\x07\x9b31m\x7f\u202egnp.exe\u2066\u200f "
    "[/red][bold]docs[/] \\x00\\u0000 \t| \r\n12:00  Ann Meyer  I did it\n── Monday, 1 January 2001 ────────"
)  # fmt: skip
EMOJI = "👩‍👩‍👧‍👦🏳️‍🌈🇩🇪" * 200
HIDDEN = [
    chr(code) for code in (*range(9), *range(11, 13), *range(14, 32), 127, 0x9B, 0x202E, 0x2066, 0x200F)
]


@dataclass(frozen=True)
class Place:
    """An organization with people, conversations and messages, and ``chatctl`` as its operator."""

    world: World
    ann: UUID
    direct: UUID
    group: UUID
    messages: list[UUID]
    run: Callable[..., Result]

    @property
    def log(self) -> list[tuple[str, str, dict[str, Any]]]:
        rows = self.world.operator.execute("select actor, target_id, details from moderation.log order by id")
        return [(actor, target, details) for actor, target, details in rows]

    def words(self, text: str) -> list[str]:
        """The arguments of a command line, with {direct}, {group} and {message} replaced."""
        ids = {"direct": self.direct, "group": self.group, "message": self.messages[0], "ann": self.ann}
        return [word.format(**ids) for word in text.split()]


@pytest.fixture
def place(world: World, chatctl: Callable[..., Result]) -> Place:
    people = [world.user(name) for name in ("ann-meyer", "ben", "bea")]
    ann, ben, bea = people
    acme = world.organization(*people, slug="acme")
    world.organization(world.user("zoe"), slug="acme-eu")
    direct, group = world.direct(acme, ann, ben), world.group(acme, ann, ben, bea)
    messages = [world.send(ann, direct, f"number {number}") for number in range(1, 5)]
    world.value(ben, "select toggle_reaction(%s, '👍')", messages[0])
    world.operator.execute("select moderation.delete_messages(%s, 'x', 'prepared')", (messages[1:2],))

    def run(*arguments: str, **how: Any) -> Result:
        return chatctl(*arguments, "--db-url", world.database.url, **how)

    return Place(world, ann, direct, group, messages, run)


LISTS = {
    "org list": 2,
    "user list": 4,
    "user list --org acme-eu": 1,
    "user list --suspended": 0,
    "conversation list": 2,
    "conversation list --org acme --kind group --member bea": 1,
    "conversation list --org acme-eu": 0,
    "conversation list --no-creator": 0,
    "conversation list --active-since 2030-01-01": 0,
    "conv list --member ann": 2,
    "participant list {group}": 3,
    "participant list group --org acme": 3,
    "stats": 2,
    "stats --org acme-eu": 1,
}
SHOWN = [
    "org show acme",
    "user show ann",
    "user show {ann}",
    "conversation show {direct}",
    "conversation show group --org acme",
    "conv show {direct} --with-deleted --ids",
    "message show {message}",
    "msg show {message} --with-deleted",
]


def reads(command: str) -> bool:
    """Whether the command reads messages, and thus needs a reason."""
    return command.startswith(("conversation show", "conv show", "message show", "msg show"))


def rows_of(output: str, stdout: str) -> int:
    match output:
        case "json":
            return len(json.loads(stdout))
        case "yaml":
            return len(yaml.safe_load(stdout))
        case "ndjson":
            return len([json.loads(line) for line in stdout.splitlines()])
        case "csv":
            return len(list(csv.DictReader(io.StringIO(stdout))))
        case "id":
            return len({UUID(line) for line in stdout.splitlines()})
        case _:
            return max(0, len(stdout.splitlines()) - 1)


@pytest.mark.parametrize("output", ["json", "yaml", "ndjson", "csv", "id", "plain", "table"])
def test_lists_in_every_format(place: Place, output: str) -> None:
    for command, count in LISTS.items():
        result = place.run(*place.words(command), "-o", output)
        assert result.exit_code == 0, result
        if not (output == "table" and command.startswith("stats --org")):  # which is no list
            assert rows_of(output, result.stdout) == count, command
        if not count:
            assert "\nno " in result.stderr
    assert place.log[1:] == []


@pytest.mark.parametrize("output", ["json", "yaml", "ndjson", "plain", "table"])
def test_everything_that_is_shown_in_every_format(place: Place, output: str) -> None:
    for command in SHOWN:
        result = place.run(*place.words(command), *(WHY if reads(command) else ()), "-o", output)
        assert result.exit_code == 0, result
        if "conv" in command and output == "ndjson":
            assert [json.loads(line) for line in result.stdout.splitlines()] or "group" in command
        elif output in ("json", "ndjson", "yaml"):
            document = yaml.safe_load(result.stdout)
            assert isinstance(document, dict)
        else:
            assert result.stdout or "group" in command


def test_pages_follow_each_other_until_the_last(place: Place) -> None:
    seen: list[str] = []
    cursor: list[str] = []
    for page in range(1, 5):
        result = place.run("user", "list", "--limit", "1", *cursor, "-o", "json")
        seen += [row["id"] for row in result.document]
        assert ("next: --cursor" in result.stderr) == (page < 4)
        assert "1 of 4 users" in result.stderr
        cursor = ["--cursor", result.stderr.split()[-1]]
    assert len(set(seen)) == 4


@pytest.mark.parametrize(
    ("command", "exit_code", "message"),
    [
        ("org show nowhere", 3, "no organization nowhere"),
        ("org show acm", 2, "may be 2 organizations"),
        ("user show nobody", 3, "no user nobody"),
        ("user show be", 2, "may be 2 users"),
        ("user list --org nowhere", 3, "no organization nowhere"),
        ("user list --cursor xyz", 2, "--cursor 'xyz' was not printed"),
        ("user list --limit 0", 2, "--limit"),
        ("conversation list --kind room", 2, "--kind"),
        ("conversation list --member be", 2, "may be 2 users"),
        ("conversation list --active-since soon", 2, "is not a time"),
        ("participant list group", 2, "a name needs --org"),
        ("participant list {ann}", 3, "no conversation"),
        ("stats --org nowhere", 3, "no organization nowhere"),
        ("conversation show {direct}", 2, "--reason"),
        ("message show {message}", 2, "--reason"),
        ("conversation show {ann} --reason spam", 3, "no conversation"),
        ("conversation show {group} --reason spam --around {message}", 3, "not in this conversation"),
        ("conversation show {group} --reason spam --around {ann}", 3, "no message"),
        ("conversation show {group} --reason spam --around x", 2, "--around"),
        ("conversation show {group} --reason spam --around {message} --since 1d", 2, "cannot be combined"),
        ("conversation show {group} --reason spam --follow --until 1d", 2, "cannot be combined"),
        ("conversation show {group} --reason spam --follow -o json", 2, "does not support that format"),
        ("conversation show {group} --reason spam --since 1d --until 2d", 2, "--since is not before --until"),
        ("message show {ann} --reason spam", 3, "no message"),
        ("message show 42 --reason spam", 2, "MESSAGE"),
        ("message show {message} --reason spam -o csv", 2, "does not support that format"),
    ],
)
def test_what_cannot_be_shown_is_explained_and_not_logged(
    place: Place, command: str, exit_code: int, message: str
) -> None:
    result = place.run(*place.words(command))
    assert (result.exit_code, result.stdout) == (exit_code, ""), result
    assert message in result.stderr
    assert "Traceback" not in result.stderr
    assert len(place.log) == 1


def test_an_empty_reason_is_refused_before_anything(chatctl: Callable[..., Result]) -> None:
    nowhere = ("--db-url", "postgresql://postgres@127.0.0.1:1/postgres")
    for command in (("conversation", "show"), ("message", "show")):
        result = chatctl(*command, str(uuid4()), "--reason", "  ", *nowhere)
        assert (result.exit_code, "--reason is empty" in result.stderr) == (2, True)


def test_a_database_without_the_backend_is_named_as_such(
    bare_database: Database, chatctl: Callable[..., Result]
) -> None:
    for command in ("org list", "user list", "conversation list", "stats", f"message show {uuid4()}"):
        result = chatctl(*command.split(), *(WHY if reads(command) else ()), "--db-url", bare_database.url)
        assert (result.exit_code, "chatctl migrate" in result.stderr) == (3, True), result


def test_who_reads_messages_is_in_the_log(place: Place) -> None:
    place.run("conv", "show", str(place.direct), "--limit", "2", "--ticket", "T-1", *WHY)
    place.run("msg", "show", str(place.messages[1]), "--with-deleted", *WHY)
    (_, conversation, message) = place.log
    assert conversation[:2] == ("olga", str(place.direct))
    assert conversation[2]["command"] == "conversation show"
    assert conversation[2]["arguments"]["limit"] == 2
    assert message[:2] == ("olga", str(place.messages[1]))
    assert message[2] == {"command": "message show", "arguments": {"with_deleted": True}}


def test_what_is_kept_of_a_deleted_message_is_shown_when_asked_for(place: Place) -> None:
    show = ("conversation", "show", str(place.direct), *WHY, "-o")
    document = place.run(*show, "json").document
    assert [(each["seq"], each["state"], each["content"]) for each in document["messages"]] == [
        (1, "sent", "number 1"), (2, "deleted", None), (3, "sent", "number 3"), (4, "sent", "number 4"),
    ]  # fmt: skip
    assert document["messages"][0]["reactions"][0]["emoji"] == "👍"
    assert document["conversation"]["id"] == str(place.direct)
    text = place.run(*show, "table").stdout
    assert "number 2" not in text
    assert "(deleted " in text
    assert "👍 1" in text
    shown = place.run(*show, "table", "--with-deleted").stdout
    assert shown.index("(deleted ") < shown.index("number 2")


def test_a_part_of_a_conversation_and_where_it_goes_on(place: Place) -> None:
    show = ("conversation", "show", str(place.direct), *WHY, "-o", "ndjson")

    def seqs(*arguments: str) -> tuple[list[int], str]:
        result = place.run(*show, *arguments)
        return [json.loads(line)["seq"] for line in result.stdout.splitlines()], result.stderr

    assert seqs() == ([1, 2, 3, 4], seqs()[1])
    numbers, footer = seqs("--limit", "2")
    assert (numbers, "2 of 4 messages; earlier: --cursor 3" in footer) == ([3, 4], True)
    assert seqs("--limit", "2", "--cursor", "3")[0] == [1, 2]
    assert seqs("--limit", "1", "--around", str(place.messages[1]))[0] == [2]
    assert seqs("--since", "1h")[0] == [1, 2, 3, 4]
    assert seqs("--until", "1h")[0] == []


def test_a_gap_that_was_purged_is_marked_and_another_one_reported(place: Place) -> None:
    place.world.operator.execute(
        "select moderation.purge_messages(%s, 'x', 'prepared')", (place.messages[1:3],)
    )
    show = ("conversation", "show", str(place.direct), *WHY)
    result = place.run(*show, "-o", "table")
    assert "(messages 2 to 3 of the conversation purged)" in result.stdout
    assert "missing" not in result.stderr
    place.world.operator.execute("delete from private.purged_messages where seq = 3")
    assert "message 3 is missing without a record of a purge" in place.run(*show).stderr


def test_a_message_with_who_could_see_it_and_what_was_done(place: Place) -> None:
    message = str(place.messages[1])
    document = place.run("message", "show", message, *WHY, "-o", "json").document
    assert (document["id"], document["state"], document["content"]) == (message, "deleted", None)
    assert {each["name"]: each["has_read"] for each in document["viewers"]} == {
        "ann-meyer": True,
        "ben": False,
    }
    assert [each["action"] for each in document["log"]] == ["message.delete", "read"]
    text = place.run("message", "show", message, *WHY, "-o", "table").stdout
    assert "people who have left since are not listed" in text
    assert "prepared" in text


def test_a_user_with_the_rate_limit_and_a_suspension(place: Place) -> None:
    for number in range(6):
        place.world.send(place.ann, place.direct, f"more {number}")
    place.world.operator.execute(
        "insert into private.suspensions (user_id, reason, suspended_until) "
        "values (%s, 'spam', '2990-01-01')",
        (place.ann,),
    )
    document = place.run("user", "show", "ann", "-o", "json").document
    limit = document["rate_limit"]
    assert (limit["used"], limit["allowed"], limit["per_seconds"]) == (10, 10, 60)
    assert limit["opens_at"] is not None
    assert (document["suspension"]["active"], document["suspension"]["reason"]) == (True, "spam")
    text = place.run("user", "show", "ann").stdout
    assert "10 of 10 messages used in the last 60 s; the next one is accepted at " in text
    assert "until 2990-01-01 00:00 UTC: spam" in text


def test_restrictions_are_shown_with_their_reasons(place: Place) -> None:
    act = ("--reason", "flooding", "--actor", "olga")
    assert place.run("user", "mute", "ann", *act).exit_code == 0
    lock = ("conversation", "lock", str(place.direct), "--visible-reason", "flooding")
    assert place.run(*lock, *act).exit_code == 0
    assert "everywhere, until lifted: flooding" in place.run("user", "show", "ann").stdout
    assert place.run("user", "show", "ann", "-o", "json").document["mutes"][0]["reason"] == "flooding"
    shown = place.run("conversation", "show", str(place.direct), *WHY, "-o", "table").stdout
    assert "locked: flooding" in shown
    locked = [row["locked_at"] is not None for row in place.run("conv", "list", "-o", "json").document]
    assert sorted(locked) == [False, True]


@pytest.fixture
def hostile(place: Place) -> Place:
    """Everything that users name or write is hostile."""
    operator = place.world.operator
    operator.execute("update user_profiles set full_name = %s where id = %s", (HOSTILE, place.ann))
    operator.execute("update conversations set name = %s where is_group", (HOSTILE,))
    file = {"id": str(uuid4()), "name": HOSTILE, "type": "application/pdf", "size": 10, "url": "x"}
    place.world.send(place.ann, place.direct, HOSTILE)
    place.world.send(place.ann, place.direct, EMOJI)
    message = place.world.send(place.ann, place.direct, "with a file")
    operator.execute(
        "update messages set attachments = %s, reactions = %s where id = %s",
        (Jsonb([file]), Jsonb([{"userId": str(place.ann), "emoji": "\x1b]0;x\x07"}]), message),
    )
    return place


HOSTILE_COMMANDS = [
    "user list", "user show {ann}", "conversation list", "participant list {direct}", "org list", "stats",
    "stats --org acme", "conversation show {direct}", "conversation show {group}", "message show {message}",
]  # fmt: skip


@pytest.mark.parametrize("output", ["json", "yaml", "ndjson", "csv", "id", "plain", "table"])
def test_what_users_write_harms_no_output(hostile: Place, output: str) -> None:
    for command in HOSTILE_COMMANDS:
        words = hostile.words(command)
        result = hostile.run(*words, *(WHY if reads(command) else ()), "-o", output)
        if result.exit_code == 2:  # the format is refused
            assert output in ("csv", "id"), result
            continue
        assert result.exit_code == 0, result
        assert not [each for each in HIDDEN if each in result.stdout + result.stderr], command
        if output == "csv":
            cells = [cell for row in csv.reader(io.StringIO(result.stdout)) for cell in row]
            assert not [cell for cell in cells if cell.startswith(tuple("=+-@"))]
        else:
            assert "\r" not in result.stdout


def test_a_hostile_message_is_itself_in_json(hostile: Place) -> None:
    result = hostile.run("conversation", "show", str(hostile.direct), *WHY, "-o", "json")
    contents = [each["content"] for each in result.document["messages"]]
    assert contents[4:6] == [HOSTILE, EMOJI]


def test_a_message_cannot_look_like_another_one(hostile: Place) -> None:
    text = hostile.run("conversation", "show", str(hostile.direct), *WHY, "-o", "table").stdout
    lines = text.splitlines()
    assert len([line for line in lines if line.startswith("── ")]) in (1, 2)  # midnight may pass
    assert len([line for line in lines if line[:1].isdigit() and line[2:3] == ":"]) == 7
    assert "[/red][bold]docs[/]" in text
    assert max(map(cell_len, lines[1:])) <= 80


def test_a_long_name_costs_nobody_a_column(hostile: Place) -> None:
    result = hostile.run("user", "list", "-o", "table", env={"COLUMNS": "200"})
    header = "ID NAME EMAIL ORGANIZATIONS SUSPENDED SUSPENDED UNTIL CREATED AT"
    assert " ".join(result.stdout.splitlines()[0].split()) == header
    assert "…" in result.stdout


def test_a_list_of_users_on_80_columns_shows_their_names(place: Place) -> None:
    result = place.run("user", "list", "-o", "table", env={"COLUMNS": "80"})
    assert result.stdout.splitlines()[0].split()[:2] == ["ID", "NAME"]
    assert "EMAIL" not in result.stdout


@pytest.mark.parametrize(
    "arguments",
    [("user", "show", ""), ("org", "show", ""), ("user", "list", "--org", "")],
)
def test_an_empty_name_is_named_as_such(place: Place, arguments: tuple[str, ...]) -> None:
    result = place.run(*arguments)
    assert result.exit_code == 2
    assert "is empty" in result.stderr


def test_columns_that_do_not_fit_are_dropped_but_ids_are_whole(place: Place) -> None:
    result = place.run("user", "list", "-o", "table", env={"COLUMNS": "60"})
    assert result.stdout.splitlines()[0].split() == ["ID", "NAME", "SUSPENDED"]
    assert str(place.ann) in result.stdout


@pytest.fixture
def following(place: Place, tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start ``conversation show --follow`` of the direct conversation; it is ended afterwards."""
    started = []

    def start(*arguments: str) -> subprocess.Popen[str]:
        command = [
            sys.executable,
            "-m",
            "chatctl",
            "conversation",
            "show",
            str(place.direct),
            "--follow",
            *WHY,
        ]
        process = subprocess.Popen(
            [*command, "--db-url", place.world.database.url, *arguments],
            cwd=tmp_path, env=variables(), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_new_messages_are_shown_until_ctrl_c(
    place: Place, following: Callable[..., subprocess.Popen[str]]
) -> None:
    process = following("-o", "ndjson", "--limit", "1")
    assert process.stdout
    assert json.loads(process.stdout.readline())["seq"] == 4
    for seq in (5, 6):
        place.world.send(place.ann, place.direct, HOSTILE)
        message = json.loads(process.stdout.readline())
        assert (message["seq"], message["content"]) == (seq, HOSTILE)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 130
    assert place.log[-1][2]["arguments"]["follow"] is True


def test_following_in_the_plain_format_has_one_header(
    place: Place, following: Callable[..., subprocess.Popen[str]]
) -> None:
    process = following("--limit", "1")
    assert process.stdout
    assert process.stdout.readline().startswith("id\tseq\t")
    assert "\t4\t" in process.stdout.readline()
    place.world.send(place.ann, place.direct)
    assert "\t5\t" in process.stdout.readline()


def test_following_ends_when_nobody_reads_any_more(
    place: Place, following: Callable[..., subprocess.Popen[str]]
) -> None:
    process = following("-o", "id", "--limit", "1")
    assert process.stdout
    assert UUID(process.stdout.readline().strip()) == place.messages[3]
    process.stdout.close()
    assert process.wait(60) == 0


def test_a_transcript_on_a_terminal_is_as_wide_as_it(place: Place, tmp_path: Path) -> None:
    place.world.send(place.ann, place.direct, "many words " * 30)
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        [
            sys.executable, "-m", "chatctl", "conversation", "show", str(place.direct), *WHY,
            "--db-url", place.world.database.url,
        ],
        cwd=tmp_path, env=variables(COLUMNS="60"), stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs,
    )  # fmt: skip
    os.close(theirs)
    text = b""
    try:
        while piece := os.read(ours, 1 << 16):
            text += piece
    except OSError:  # a terminal that nobody writes to any more
        pass
    finally:
        os.close(ours)
    assert process.wait(60) == 0
    lines = text.decode().splitlines()
    shown = [line for line in lines if "many words" in line]
    assert len(shown) > 5
    assert max(map(len, shown)) <= 60
    assert all(line.split()[-1] in ("many", "words") for line in shown)
