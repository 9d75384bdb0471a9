"""``chatctl message search`` as people and scripts run it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from uuid import UUID

import pytest

from tests.cli.conftest import Result
from tests.support.world import Database, World

Chatctl = Callable[..., Result]
HOSTILE = "=1+1 coins \x1b[2J\x1b]52;c;YQ==\x07 \u202etxt.exe [/red] [bold]\ttab\nline " + "🚀" * 300
REASON = ("--reason", "a report", "--actor", "ann")


@pytest.fixture
def sent(world: World) -> dict[str, UUID]:
    """The messages of two people who have similar names, by their text."""
    people = [world.user("Ben Smith"), world.user("Ben Jones")]
    organization = world.organization(*people, slug="acme")
    conversation = world.direct(organization, *people)
    texts = ("good morning", "free coins for all", HOSTILE)
    return {text: world.send(people[0], conversation, text) for text in texts}


@pytest.fixture
def search(chatctl: Chatctl, database: Database, sent: dict[str, UUID]) -> Chatctl:
    def run(*arguments: str) -> Result:
        return chatctl("message", "search", *arguments, "--db-url", database.url)

    return run


def test_hits_are_lines_in_a_pipe(search: Chatctl, sent: dict[str, UUID]) -> None:
    result = search("free coins", *REASON)
    assert result.exit_code == 0, result.stderr
    header, line = result.stdout.splitlines()
    assert header.split("\t") == ["id", "created_at", "sender", "conversation", "excerpt"]
    assert line.split("\t")[0] == str(sent["free coins for all"])
    assert line.split("\t")[2:] == ["Ben Smith", "direct conversation", "free coins for all"]


@pytest.mark.parametrize("output", ["table", "plain", "json", "ndjson", "yaml", "csv", "id"])
def test_hostile_text_harms_no_output(search: Chatctl, sent: dict[str, UUID], output: str) -> None:
    result = search("coins", "--org", "acme", *REASON, "-o", output)
    assert result.exit_code == 0, result.stderr
    for character in ("\x1b", "\x07", "\u202e"):
        assert character not in result.stdout
    ids = {str(sent[HOSTILE]), str(sent["free coins for all"])}
    match output:
        case "json":
            hits = result.document
            assert {hit["id"] for hit in hits} == ids
            assert HOSTILE in [hit["content"] for hit in hits]
        case "ndjson":
            assert {json.loads(line)["id"] for line in result.stdout.splitlines()} == ids
        case "csv":
            rows = list(csv.DictReader(io.StringIO(result.stdout)))
            assert {row["id"] for row in rows} == ids
            assert not any(row["excerpt"].startswith("=") for row in rows)
        case "id":
            assert set(result.stdout.split()) == ids
        case "plain":
            assert len(result.stdout.splitlines()) == 3
        case _:
            assert all(each in result.stdout for each in ids)


def test_the_next_page_begins_where_the_last_one_ended(search: Chatctl, sent: dict[str, UUID]) -> None:
    shown = []
    cursor: list[str] = []
    for _ in sent:
        result = search("--org", "acme", *REASON, "--limit", "1", "-o", "id", *cursor)
        assert result.exit_code == 0, result.stderr
        shown.append(result.stdout.strip())
        cursor = ["--cursor", result.stderr.rpartition("--cursor ")[2].strip()]
    assert shown == [str(each) for each in reversed(sent.values())]
    assert "next" not in result.stderr


def test_nothing_found_is_an_empty_list_and_exit_0(search: Chatctl) -> None:
    result = search("needle", *REASON, "-o", "json")
    assert (result.exit_code, result.document) == (0, [])
    assert "no messages found" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "exit_code", "message"),
    [
        ((), 2, "no filter is given"),
        (("",), 2, "empty"),
        (("--regex", "coins"), 2, "--conversation, --sender or --since"),
        (("--regex", "a(", "--since", "1d"), 2, "--regex"),
        (("coins", "--since", "yesterday"), 2, "not a time"),
        (("coins", "--since", "1d", "--until", "2d"), 2, "--since is not before --until"),
        (("coins", "--cursor", "abc"), 2, "not a cursor"),
        (("coins", "--limit", "0"), 2, "limit"),
        (("coins", "--conversation", "general"), 2, "--org"),
        (("coins", "--sender", "Ben"), 2, "Ben Jones"),
        (("coins", "--sender", "nobody"), 3, "no user nobody"),
        (("coins", "--org", "nowhere"), 3, "no organization nowhere"),
        (("coins", "--org", "acme", "--conversation", "nowhere"), 3, "no conversation nowhere"),
    ],
)
def test_bad_input_is_named_and_nothing_is_read(
    search: Chatctl, world: World, arguments: tuple[str, ...], exit_code: int, message: str
) -> None:
    result = search(*arguments, *REASON)
    assert (result.exit_code, result.stdout) == (exit_code, ""), result.stderr
    assert message in result.stderr
    if "a(" not in arguments:
        assert world.fact("select count(*) from moderation.log") == 0


@pytest.mark.parametrize("reason", [(), ("--reason", " ")])
def test_a_reason_is_required(search: Chatctl, reason: tuple[str, ...]) -> None:
    assert search("coins", *reason, "--actor", "ann").exit_code == 2


def test_a_database_without_tables_for_operators_is_not_found(
    chatctl: Chatctl, bare_database: Database
) -> None:
    result = chatctl("message", "search", "coins", *REASON, "--db-url", bare_database.url)
    assert result.exit_code == 3
    assert "chatctl migrate" in result.stderr
