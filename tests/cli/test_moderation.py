"""The commands of operators that act on messages, and the log of them."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.cli.conftest import Result
from tests.support.world import World

ALL_FORMATS = ("table", "plain", "json", "ndjson", "yaml", "csv", "id")
VERBS = ("delete", "restore", "redact", "purge")


@dataclass(frozen=True)
class Chat:
    """Two messages of Ann to Ben, and ``chatctl`` as an operator of that database."""

    world: World
    organization: UUID
    slug: str
    conversation: UUID
    messages: tuple[UUID, UUID]
    run: Callable[..., Result]

    def act(self, verb: str, *arguments: str, reason: str = "spam") -> Result:
        confirm = ["--confirm", self.slug] if verb in ("redact", "purge") else []
        return self.run("message", verb, *arguments, "--reason", reason, *confirm)

    def prepare(self, verb: str) -> None:
        """Bring the messages into the state in which ``verb`` changes them."""
        if verb == "restore":
            self.world.operator.execute(
                "select moderation.delete_messages(%s, 'x', 'prepared')", (list(self.messages),)
            )

    @property
    def actions(self) -> list[str]:
        rows = self.world.operator.execute(
            "select action from moderation.log where reason <> 'prepared' order by id"
        )
        return [row[0] for row in rows]


@pytest.fixture
def chat(world: World, chatctl: Callable[..., Result]) -> Chat:
    ann, ben = world.user("ann-meyer"), world.user("ben")
    organization = world.organization(ann, ben, slug="acme")
    conversation = world.direct(organization, ann, ben)
    messages = (world.send(ann, conversation, "buy now"), world.send(ann, conversation, "really"))

    def run(*arguments: str, **how: Any) -> Result:
        return chatctl(*arguments, "--db-url", world.database.url, **how)

    return Chat(world, organization, "acme", conversation, messages, run)


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_reports_what_became_of_each_message(chat: Chat, verb: str) -> None:
    chat.prepare(verb)
    missing = str(uuid4())
    result = chat.act(verb, str(chat.messages[0]), missing, "-o", "json")
    assert result.exit_code == 6
    document = result.document
    assert [(item["id"], item["status"], item["problem"]) for item in document["items"]] == [
        (str(chat.messages[0]), "done", None),
        (missing, "failed", "NOT_FOUND"),
    ]
    assert {name: document[name] for name in ("action", "dry_run", "matched", "done", "noop", "failed")} == {
        "action": f"message.{verb}", "dry_run": False, "matched": 2, "done": 1, "noop": 0, "failed": 1,
    }  # fmt: skip
    assert (document["undo"] is not None) == (verb in ("delete", "restore"))
    assert chat.actions == [f"message.{verb}"]
    assert json.loads(result.stderr.splitlines()[-1])["error"]["code"] == "PARTLY_DONE"


@pytest.mark.parametrize("verb", VERBS)
def test_a_repeated_act_is_no_error_and_is_not_logged(chat: Chat, verb: str) -> None:
    chat.prepare(verb)
    first = chat.act(verb, str(chat.messages[0]))
    again = chat.act(verb, str(chat.messages[0]))
    assert (first.exit_code, again.exit_code) == (0, 0)
    assert "1 noop" in again.stdout
    assert chat.actions == [f"message.{verb}"]


@pytest.mark.parametrize("verb", VERBS)
def test_a_dry_run_changes_nothing_and_logs_nothing(chat: Chat, verb: str) -> None:
    chat.prepare(verb)
    before = chat.world.fact("select array_agg(m::text) from messages m")
    result = chat.run("message", verb, str(chat.messages[0]), "--reason", "spam", "--dry-run", "-o", "json")
    assert (result.exit_code, result.document["done"], result.document["action_id"]) == (0, 1, None)
    assert chat.world.fact("select array_agg(m::text) from messages m") == before
    assert chat.actions == []


@pytest.mark.parametrize("output", ALL_FORMATS)
def test_results_in_every_format(chat: Chat, output: str) -> None:
    message = str(chat.messages[0])
    result = chat.act("delete", message, "-o", output)
    assert result.exit_code == 0
    assert {
        "table": "message.delete: 1 done, action 1\n",
        "plain": "message.delete: 1 done, action 1\n",
        "csv": f"id,status,problem\n{message},done,\n",
        "id": f"{message}\n",
    }.get(output, message) in result.stdout


@pytest.mark.parametrize("verb", ["redact", "purge"])
@pytest.mark.parametrize("confirm", [[], ["--confirm", "other"], ["--yes"]])
def test_what_cannot_be_undone_must_be_confirmed_by_name(chat: Chat, verb: str, confirm: list[str]) -> None:
    result = chat.run("message", verb, str(chat.messages[0]), "--reason", "spam", *confirm)
    assert result.exit_code == 2
    assert "acme" in result.stderr
    assert chat.actions == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["message", "delete", "42", "--reason", "spam"], "42 is not an id"),
        (["message", "delete", "{message}", "--reason", "  "], "--reason is empty"),
        (["message", "delete", "{message}", "--reason", "spam", "--actor", ""], "--actor is empty"),
        (["message", "delete", "{message}", "--reason", "x" * 1001], "1 to 1,000 characters"),
        (["message", "delete", "{message}", "--reason", "Ann-Meyer again"], "must not contain"),
        (["message", "delete", "{message}"], "--reason is missing"),
        (["message", "delete", "--reason", "spam"], "no filter is given"),
        (["message", "delete", "-", "--reason", "spam"], "no ids were given"),
        (["hold", "create", "legal-7", "--reason", "spam"], "one of --org, --conversation and --user"),
        (["hold", "create", "legal-7", "--org", "acme", "--user", "ann", "--reason", "spam"], "one of --org"),
        (["hold", "create", " ", "--org", "acme", "--reason", "spam"], "the name of the hold is empty"),
        (["hold", "create", "h", "--conversation", "support", "--reason", "spam"], "a name needs --org"),
        (["log", "verify", "--since", "/"], "cannot be read"),
        (["log", "list", "--since", "yesterday"], "is not a time"),
        (["log", "list", "--limit", "0"], "--limit"),
        (["undo", "1", "--reason", "spam"], "hold.release cannot be undone"),
    ],
    ids=lambda value: " ".join(value)[:60] if isinstance(value, list) else "",
)
def test_bad_input_is_named_and_changes_nothing(chat: Chat, arguments: list[str], message: str) -> None:
    if arguments[0] == "undo":
        chat.world.operator.execute(
            "select moderation.create_hold('h', 'x', 'prepared', p_organization_id => %s)",
            (chat.organization,),
        )
        chat.world.operator.execute("select moderation.release_hold('h', 'x', 'prepared')")
        arguments = ["undo", "2", "--reason", "spam"]
    result = chat.run(*(each.replace("{message}", str(chat.messages[0])) for each in arguments))
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr
    assert chat.actions == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["message", "delete", "00000000-0000-4000-8000-000000000000", "--reason", "spam"],
        ["hold", "create", "legal-7", "--org", "nowhere", "--reason", "spam"],
        ["hold", "create", "legal-7", "--user", "nobody", "--reason", "spam"],
        ["hold", "release", "legal-7", "--reason", "spam", "--confirm", "legal-7"],
        ["hold", "show", "legal-7"],
        ["undo", "99", "--reason", "spam"],
        ["log", "show", "99"],
    ],
    ids=lambda value: " ".join(value[:2]),
)
def test_what_does_not_exist_is_exit_3(chat: Chat, arguments: list[str]) -> None:
    result = chat.run(*arguments)
    assert result.exit_code == 3
    assert chat.actions == []


def test_an_ambiguous_name_lists_the_candidates(chat: Chat) -> None:
    others = [chat.world.user("anna"), chat.world.user("anton")]
    result = chat.run("hold", "create", "legal-7", "--user", "an", "--reason", "a lawsuit")
    assert result.exit_code == 2
    assert "an may be 3 users" in result.stderr
    assert all(str(user) in result.stderr for user in others)


def test_a_held_message_is_exit_5(chat: Chat) -> None:
    assert chat.run("hold", "create", "legal-7", "--org", "acme", "--reason", "a lawsuit").exit_code == 0
    result = chat.act("redact", str(chat.messages[0]))
    assert result.exit_code == 5
    assert "HELD" in result.stdout
    rows = chat.run("hold", "list", "-o", "json").document
    assert [(row["name"], row["subject"], row["subject_id"]) for row in rows] == [
        ("legal-7", "organization", str(chat.organization))
    ]
    assert chat.run("hold", "release", "legal-7", "--reason", "over", "--confirm", "legal-7").exit_code == 0
    assert chat.act("redact", str(chat.messages[0])).exit_code == 0
    assert chat.actions == ["hold.create", "hold.release", "message.redact"]


@pytest.mark.parametrize("number", [2**63 - 1, 2**63, 99999999999999999999])
def test_a_refusal_of_the_database_reads_like_any_other_error(chat: Chat, number: int) -> None:
    refused = chat.run("undo", str(number), "--reason", "x")
    if number < 2**63:
        assert refused.exit_code == 3
        assert refused.stderr.endswith(f"error: there is no action {number}\n")
    else:
        assert refused.exit_code == 2
        assert "unexpected" not in refused.stderr


def test_an_action_is_undone_by_its_number(chat: Chat) -> None:
    chat.act("delete", *map(str, chat.messages))
    result = chat.run("undo", "1", "--reason", "a mistake", "-o", "json")
    assert (result.exit_code, result.document["action"], result.document["done"]) == (0, "message.restore", 2)
    assert chat.world.fact("select count(*) from messages where content is not null") == 2


def test_the_log_names_actor_role_reason_and_ticket(chat: Chat) -> None:
    chat.run("message", "delete", str(chat.messages[0]), "--reason", "spam", "--ticket", "T-1",
             env={"CHATCTL_ACTOR": "cron job"})  # fmt: skip
    entry = chat.run("log", "show", "1", "-o", "json").document
    assert (entry["actor"], entry["reason"], entry["ticket"]) == ("cron job", "spam", "T-1")
    assert (entry["database_role"], entry["targets"]) == ("postgres", [f"message:{chat.messages[0]}"])
    assert re.match(r"chatctl \S+ on \S+", entry["client"])


def test_in_ci_the_job_must_be_named(chat: Chat) -> None:
    result = chat.run("message", "delete", str(chat.messages[0]), "--reason", "spam", env={"CI": "true"})
    assert result.exit_code == 2
    assert "which job acts" in result.stderr


def test_the_log_is_listed_in_pages(chat: Chat) -> None:
    for verb in ("delete", "restore", "delete"):
        chat.act(verb, str(chat.messages[0]))
    page = chat.run("log", "list", "--limit", "2", "-o", "json")
    assert [row["id"] for row in page.document] == [3, 2]
    assert "showing 2; next: --cursor 2" in page.stderr
    assert [row["id"] for row in chat.run("log", "list", "--cursor", "2", "-o", "json").document] == [1]
    about = chat.run("log", "list", "--about", f"message:{chat.messages[0]}", "-o", "id")
    assert about.stdout.split() == ["3", "2", "1"]


def test_an_exported_log_is_verified_and_tampering_is_exit_7(chat: Chat, tmp_path: Path) -> None:
    for verb in ("delete", "restore"):
        chat.act(verb, str(chat.messages[0]))
    file = tmp_path / "log.ndjson"
    assert chat.run("log", "export", str(file), "-o", "json").document["rows"] == 2
    assert chat.run("log", "verify", "--since", str(file)).exit_code == 0
    chat.world.operator.execute("alter table private.moderation_log disable trigger user")
    chat.world.operator.execute("update private.moderation_log set actor = 'ben' where id = 1")
    result = chat.run("log", "verify", "-o", "json")
    assert result.exit_code == 7
    assert [(each["id"], each["problem"]) for each in result.document["breaks"]] == [(1, "changed")]


def test_an_export_is_written_to_a_pipe_and_not_in_place_of_it(chat: Chat, tmp_path: Path) -> None:
    chat.act("delete", str(chat.messages[0]))
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with ThreadPoolExecutor(1) as pool:
        text = pool.submit(pipe.read_text)
        assert chat.run("log", "export", str(pipe), "-q").exit_code == 0
        assert [json.loads(line)["id"] for line in text.result().splitlines()] == [1]
    assert pipe.is_fifo()


def test_an_export_of_the_log_replaces_no_file_and_no_link(chat: Chat, tmp_path: Path) -> None:
    chat.act("delete", str(chat.messages[0]))
    (tmp_path / "evidence").write_text("kept")
    (tmp_path / "link").symlink_to("evidence")
    (tmp_path / "dangling").symlink_to("elsewhere")
    for name in ("evidence", "link", "dangling", ".", "nowhere/log"):
        result = chat.run("log", "export", name)
        assert (result.exit_code, result.stdout) == (2, "")
        assert f"FILE {name}" in result.stderr
    assert (tmp_path / "evidence").read_text() == "kept"
    assert {path.name for path in tmp_path.iterdir()} == {"evidence", "link", "dangling"}
    assert chat.run("log", "export", "log.ndjson").exit_code == 0
    assert (tmp_path / "log.ndjson").stat().st_mode & 0o777 == 0o600


def test_an_export_that_cannot_be_written_is_exit_8(chat: Chat) -> None:
    chat.act("delete", str(chat.messages[0]))
    assert chat.run("log", "export", "/dev/full").exit_code == 8
    assert Path("/dev/full").is_char_device()


def test_a_database_without_the_functions_is_exit_3(
    chatctl: Callable[..., Result], bare_database: Any
) -> None:
    for arguments in (
        ["log", "list"],
        ["hold", "list"],
        ["message", "delete", str(uuid4()), "--reason", "x"],
    ):
        result = chatctl(*arguments, "--db-url", bare_database.url)
        assert result.exit_code == 3
        assert "run `chatctl migrate` first" in result.stderr


def test_the_list_of_the_log_names_holds(chat: Chat) -> None:
    chat.run("hold", "create", "legal-7", "--org", "acme", "--reason", "a lawsuit")
    listed = chat.run("log", "list", "--action", "hold", "-o", "json").document
    assert [entry["target_id"] for entry in listed] == ["legal-7"]
