"""The commands of operators that work through what users have reported."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.cli.conftest import Result
from tests.support.race import race_operators
from tests.support.world import World

MISSING = "00000000-0000-4000-8000-000000000000"
ALL_FORMATS = ("table", "plain", "json", "ndjson", "yaml", "csv", "id")
HOSTILE = "\x1b[31mred\x1b[0m \x1b]52;c;aGk=\x07 \u202egnp [/red] =cmd()\n> fake line " + "😀" * 500


@dataclass(frozen=True)
class Queue:
    """Ben and Cem have reported Ann's first message, and Cem her second one."""

    world: World
    ann: UUID
    ben: UUID
    cem: UUID
    conversation: UUID
    messages: tuple[UUID, UUID]
    reports: tuple[UUID, UUID, UUID]
    run: Callable[..., Result]

    def act(self, verb: str, *arguments: str, reason: str = "the queue") -> Result:
        return self.run("report", verb, *arguments, "--reason", reason)

    @property
    def actions(self) -> list[str]:
        return [
            row[0] for row in self.world.operator.execute("select action from moderation.log order by id")
        ]

    def state(self, report: UUID) -> Any:
        return self.world.operator.execute(
            "select status, claimed_by, verdict from moderation.reports where id = %s", (report,)
        ).fetchone()


@pytest.fixture
def queue(world: World, chatctl: Callable[..., Result]) -> Queue:
    ann, ben, cem = world.user("ann-meyer"), world.user("ben"), world.user("cem")
    organization = world.organization(ann, ben, cem, slug="acme")
    conversation = world.group(organization, ann, ben, cem)
    world.send(ben, conversation, "what do you think?")
    messages = (
        world.send(ann, conversation, "something rude"),
        world.send(ann, conversation, HOSTILE[:4000]),
    )
    reports = tuple(
        world.value(who, "select id from report_message(%s, %s, %s)", message, kind, comment)
        for who, message, kind, comment in (
            (ben, messages[0], "harassment", "she is rude"),
            (cem, messages[0], "hate", None),
            (cem, messages[1], "spam", HOSTILE),
        )
    )

    def run(*arguments: str, **how: Any) -> Result:
        env = {"CHATCTL_ACTOR": "olga", **how.pop("env", {})}
        return chatctl(*arguments, "--db-url", world.database.url, env=env, **how)

    return Queue(world, ann, ben, cem, conversation, messages, (reports[0], reports[1], reports[2]), run)


# list ------------------------------------------------------------------------------------------------------


def test_the_queue_is_listed_oldest_first_and_in_pages(queue: Queue) -> None:
    expected = [str(each) for each in queue.reports]
    for order, reports in ([], expected), (["--newest"], expected[::-1]):
        first = queue.run("report", "list", *order, "--limit", "2", "-o", "id")
        assert first.stdout.split() == reports[:2]
        shown = re.search(r"showing 2 of 3 reports; next: --cursor (\S+)", first.stderr)
        assert shown, first.stderr
        rest = queue.run("report", "list", *order, "--cursor", shown[1], "-o", "id")
        assert rest.stdout.split() == reports[2:]
    assert queue.actions == []


def test_a_list_shows_who_and_how_many_and_no_text(queue: Queue) -> None:
    result = queue.run("report", "list", "-o", "json")
    row = result.document[0]
    assert (row["kind"], row["sender"], row["reporter"], row["organization"], row["reports"]) == (
        "harassment", "ann-meyer", "ben", "acme", 2,
    )  # fmt: skip
    assert "rude" not in result.stdout


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ([], [0, 1, 2]),
        (["--status", "open"], [0]),
        (["--status", "claimed"], [1]),
        (["--status", "resolved"], []),
        (["--org", "acme"], [0, 1, 2]),
        (["--org", "empty"], []),
        (["--sender", "ann-meyer"], [0, 1, 2]),
        (["--sender", "ben"], []),
    ],
)
def test_a_list_is_filtered(queue: Queue, filters: list[str], expected: list[int]) -> None:
    queue.world.organization(slug="empty")
    if "--status" in filters:
        queue.act("claim", str(queue.reports[1]))
        queue.world.operator.execute("delete from message_reports where id = %s", (queue.reports[2],))
    result = queue.run("report", "list", *filters, "-o", "json")
    assert result.exit_code == 0
    assert [row["id"] for row in result.document] == [str(queue.reports[number]) for number in expected]
    assert ("no reports" in result.stderr) == (not expected)


@pytest.mark.parametrize("output", ALL_FORMATS)
def test_lists_and_results_in_every_format(queue: Queue, output: str) -> None:
    for arguments in (
        ["list"],
        ["claim", str(queue.reports[0]), "--reason", "x"],
        ["release", str(queue.reports[0]), "--reason", "x"],
        ["resolve", str(queue.reports[0]), "--verdict", "dismissed", "--reason", "x"],
    ):
        result = queue.run("report", *arguments, "-o", output)
        assert result.exit_code == 0, result.stderr
        if output not in ("table", "plain") or arguments == ["list"]:
            assert str(queue.reports[0]) in result.stdout


# show ------------------------------------------------------------------------------------------------------


def test_a_report_is_shown_in_its_context_with_the_peoples_history(queue: Queue) -> None:
    queue.act("resolve", str(queue.reports[1]), "--verdict", "upheld")
    case = queue.act("show", str(queue.reports[0]), "-o", "json").document
    assert (case["report"]["kind"], case["report"]["comment"]) == ("harassment", "she is rude")
    assert [message["seq"] for message in case["messages"]] == [1, 2, 3]
    assert case["messages"][1]["content"] == "something rude"
    sender, reporter = case["sender"]["history"], case["reporter"]["history"]
    assert (sender["name"], sender["reports_against"], sender["against_open"], sender["against_upheld"]) == (
        "ann-meyer", 3, 2, 1,
    )  # fmt: skip
    assert (reporter["name"], reporter["reported"], reporter["reports_against"]) == ("ben", 1, 0)


def test_what_is_shown_is_logged_before(queue: Queue) -> None:
    assert queue.act("show", str(queue.reports[0])).exit_code == 0
    entry = queue.run("log", "show", "1", "-o", "json").document
    assert (entry["action"], entry["actor"], entry["details"]["command"]) == ("read", "olga", "report show")
    assert entry["targets"] == [f"report:{queue.reports[0]}", f"message:{queue.messages[0]}"]


@pytest.mark.parametrize("end", ["deleted", "redacted", "purged"])
def test_a_message_that_is_gone_is_shown_as_far_as_it_is_kept(queue: Queue, end: str) -> None:
    if end == "deleted":
        queue.world.changed(
            queue.ann, "update messages set deleted_at = now() where id = %s", queue.messages[0]
        )
    else:
        verb = {"redacted": "redact", "purged": "purge"}[end]
        queue.world.operator.execute(
            f"select moderation.{verb}_messages(array[%s], 'x', 'x')".encode(), (queue.messages[0],)
        )
    result = queue.act("show", str(queue.reports[0]))
    assert result.exit_code == 0, result.stderr
    assert f"[{end}]" in result.stdout
    assert ("something rude" in result.stdout) == (end == "deleted")


def test_erased_people_leave_a_report_that_can_be_shown(queue: Queue) -> None:
    queue.world.operator.execute("delete from auth.users where id = %s", (queue.ann,))
    queue.world.operator.execute("delete from auth.users where id = %s", (queue.ben,))
    shown = queue.act("show", str(queue.reports[0]))
    assert "sender: erased" in shown.stdout
    assert "reporter: erased" in shown.stdout
    assert queue.run("report", "list", "-o", "json").document[0]["sender"] is None


@pytest.mark.parametrize("output", ["plain", "table", "json", "yaml"])
def test_hostile_text_harms_no_output(queue: Queue, output: str) -> None:
    result = queue.act("show", str(queue.reports[2]), "-o", output)
    assert result.exit_code == 0
    assert not {"\x1b", "\x07", "\u202e"} & set(result.stdout)
    assert not any(line.startswith("> fake") for line in result.stdout.splitlines())


# claim, release, resolve -----------------------------------------------------------------------------------


def test_a_report_is_claimed_released_and_resolved(queue: Queue) -> None:
    report = queue.reports[0]
    assert queue.act("claim", str(report)).exit_code == 0
    assert queue.state(report) == ("claimed", "olga", None)
    assert queue.act("release", str(report)).exit_code == 0
    assert queue.state(report) == ("open", None, None)
    assert queue.act("resolve", str(report), "--verdict", "duplicate").exit_code == 0
    assert queue.state(report) == ("resolved", None, "duplicate")
    assert queue.actions == ["report.claim", "report.release", "report.resolve"]


@pytest.mark.parametrize("verb", ["claim", "resolve", "release"])
def test_a_report_of_another_operator_is_exit_5(queue: Queue, verb: str) -> None:
    report = str(queue.reports[0])
    queue.run("report", "claim", report, "--reason", "x", "--actor", "omar")
    more = ["--verdict", "dismissed"] if verb == "resolve" else []
    result = queue.act(verb, report, *more, "-o", "json")
    assert result.exit_code == 5
    assert result.document["items"] == [{"id": report, "status": "failed", "problem": "CLAIMED"}]
    error = json.loads(result.stderr.splitlines()[-1])["error"]
    assert error["message"] == f"{report} is claimed by another operator; nothing was changed"
    assert queue.actions == ["report.claim"]


def test_a_claim_of_a_colleague_is_released_by_name(queue: Queue) -> None:
    report = queue.reports[0]
    queue.run("report", "claim", str(report), "--reason", "x", "--actor", "omar")
    assert queue.act("release", str(report), "--from", "omar").exit_code == 0
    assert queue.state(report) == ("open", None, None)


@pytest.mark.parametrize("verb", ["claim", "resolve"])
def test_of_two_operators_at_once_one_gets_exit_5(queue: Queue, verb: str) -> None:
    more = ["--verdict", "upheld", "--do", "delete"] if verb == "resolve" else []
    codes = race_operators(
        queue.world.database,
        2,
        lambda conn, number: (
            queue.run(
                "report", verb, str(queue.reports[0]), *more, "--reason", "x", "--actor", f"operator {number}"
            ).exit_code
        ),
    )
    assert sorted(codes) == [0, 5]
    assert queue.actions.count(f"report.{verb}") == 1


@pytest.mark.parametrize(("do", "confirm"), [("delete", []), ("redact", ["--confirm", "acme"])])
def test_a_verdict_acts_upon_the_message(queue: Queue, do: str, confirm: list[str]) -> None:
    reports = [str(report) for report in queue.reports[:2]]
    result = queue.act("resolve", *reports, "--verdict", "upheld", "--do", do, *confirm, "-o", "json")
    assert (result.exit_code, result.document["done"]) == (0, 2)
    assert (result.document["undo"] is not None) == (do == "delete")
    assert queue.actions == [f"message.{do}", "report.resolve"]
    assert queue.world.fact("select content from messages where id = %s", queue.messages[0]) is None
    undone = queue.run("undo", "2", "--reason", "a mistake", "-o", "json")
    assert undone.exit_code == (0 if do == "delete" else 2)
    content = queue.world.fact("select content from messages where id = %s", queue.messages[0])
    assert content == ("something rude" if do == "delete" else None)


def test_a_dry_run_changes_nothing(queue: Queue) -> None:
    report = queue.reports[0]
    for arguments in (["claim"], ["resolve", "--verdict", "upheld", "--do", "redact"]):
        result = queue.act(*arguments, str(report), "--dry-run", "-o", "json")
        assert (result.exit_code, result.document["done"]) == (0, 1)
    assert queue.state(report) == ("open", None, None)
    assert queue.actions == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["list", "--limit", "0"], "--limit"),
        (["list", "--status", "closed"], "closed"),
        (["list", "--cursor", "42"], "--cursor"),
        (["show", "{report}"], "--reason is missing"),
        (["show", "{report}", "--reason", " "], "--reason is empty"),
        (["show", "{report}", "--reason", "x", "-o", "csv"], "does not support that format"),
        (["show", "42", "--reason", "x"], "REPORT must be an id"),
        (["claim", "42", "--reason", "x"], "42 is not an id"),
        (["claim", "--reason", "x"], "is missing"),
        (["claim", "{report}", "--reason", "Ann-Meyer again"], "must not contain"),
        (["resolve", "{report}", "--reason", "x"], "--verdict is missing"),
        (["resolve", "{report}", "--reason", "x", "--verdict", "guilty"], "guilty"),
        (
            ["resolve", "{report}", "--reason", "x", "--verdict", "dismissed", "--do", "delete"],
            "only be used with --verdict upheld",
        ),
        (["resolve", "{report}", "--reason", "x", "--verdict", "upheld", "--do", "purge"], "purge"),
        (["resolve", "{report}", "--reason", "x", "--verdict", "upheld", "--do", "redact"], "--confirm acme"),
        (
            [
                "resolve",
                "{report}",
                "--reason",
                "x",
                "--verdict",
                "upheld",
                "--do",
                "redact",
                "--confirm",
                "no",
            ],
            "must be confirmed with 'acme'",
        ),
        (["review", "--reason", "x"], "report review needs a terminal"),
    ],
    ids=lambda value: " ".join(value)[:60] if isinstance(value, list) else "",
)
def test_bad_input_is_named_and_changes_nothing(queue: Queue, arguments: list[str], message: str) -> None:
    result = queue.run("report", *(each.replace("{report}", str(queue.reports[0])) for each in arguments))
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr
    assert queue.actions == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["list", "--org", "nowhere"],
        ["list", "--sender", "nobody"],
        ["show", MISSING, "--reason", "x"],
        ["claim", MISSING, "--reason", "x"],
        ["release", MISSING, "--reason", "x"],
        ["resolve", MISSING, "--verdict", "upheld", "--do", "delete", "--reason", "x"],
    ],
    ids=lambda value: " ".join(value[:2]),
)
def test_what_does_not_exist_is_exit_3(queue: Queue, arguments: list[str]) -> None:
    assert queue.run("report", *arguments).exit_code == 3
    assert queue.actions == []


def test_some_of_several_is_exit_6(queue: Queue) -> None:
    result = queue.act("claim", str(uuid4()), str(queue.reports[0]))
    assert result.exit_code == 6
    assert "1 of 2 failed: 1 not found" in result.stderr


def test_a_held_message_stays_with_its_report(queue: Queue) -> None:
    queue.run("hold", "create", "legal", "--org", "acme", "--reason", "a lawsuit")
    result = queue.act(
        "resolve", str(queue.reports[0]), "--verdict", "upheld", "--do", "redact", "--confirm", "acme"
    )
    assert result.exit_code == 5
    assert "is held" in result.stderr
    assert queue.state(queue.reports[0]) == ("open", None, None)


def test_a_database_without_reports_is_exit_3(chatctl: Callable[..., Result], bare_database: Any) -> None:
    for arguments in (
        ["list"],
        ["show", str(uuid4()), "--reason", "x"],
        ["claim", str(uuid4()), "--reason", "x"],
    ):
        result = chatctl("report", *arguments, "--db-url", bare_database.url)
        assert result.exit_code == 3
        assert "run `chatctl migrate` first" in result.stderr
