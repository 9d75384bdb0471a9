"""The commands of operators that act on people and conversations."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.cli.conftest import Result
from tests.support.forks import variables
from tests.support.terminal import terminal
from tests.support.world import World

ALL_FORMATS = ("table", "plain", "json", "ndjson", "yaml", "csv", "id")
SHOWN = ("--visible-reason", "be nice")

# Each verb: what it is done to, and the verb that comes before it for there to be something to undo.
VERBS: dict[str, tuple[tuple[str, ...], str | None]] = {
    "user suspend": (("ann@example.test", *SHOWN), None),
    "user unsuspend": (("ann@example.test",), "user suspend"),
    "user mute": (("ann@example.test", *SHOWN), None),
    "user unmute": (("ann@example.test",), "user mute"),
    "conversation lock": (("support", "--org", "acme", *SHOWN), None),
    "conversation unlock": (("support", "--org", "acme"), "conversation lock"),
    "participant add": (("support", "dan@example.test", "--org", "acme"), None),
    "participant remove": (("support", "dan@example.test", "--org", "acme"), "participant add"),
}


@dataclass(frozen=True)
class Place:
    """An organization ``acme`` with its group ``support``, and ``chatctl`` as an operator."""

    world: World
    people: dict[str, UUID]
    group: UUID
    run: Callable[..., Result]

    def act(self, verb: str, *more: str, reason: str = "spam") -> Result:
        return self.run(*verb.split(), *VERBS[verb][0], "--reason", reason, *more)

    def prepare(self, verb: str) -> None:
        """Bring about the state that ``verb`` changes."""
        before = VERBS[verb][1]
        if before is not None:
            assert self.act(before, reason="prepared").exit_code == 0

    @property
    def actions(self) -> list[str]:
        rows = self.world.operator.execute(
            "select action from moderation.log where reason <> 'prepared' order by id"
        )
        return [row[0] for row in rows]

    def target(self, verb: str) -> str:
        if verb.startswith("conversation"):
            return str(self.group)
        return str(self.people["dan" if verb.startswith("participant") else "ann"])


@pytest.fixture
def place(world: World, chatctl: Callable[..., Result]) -> Place:
    people = {name: world.user(name) for name in ("ann", "ben", "cleo", "dan")}
    for name, user in people.items():
        world.operator.execute(
            "update auth.users set email = %s where id = %s", (f"{name}@example.test", user)
        )
    organization = world.organization(*people.values(), slug="acme")
    group = world.group(organization, people["ann"], people["ben"], people["cleo"])
    world.operator.execute("update conversations set name = 'support' where id = %s", (group,))

    def run(*arguments: str, **how: Any) -> Result:
        return chatctl(*arguments, "--db-url", world.database.url, **how)

    return Place(world, people, group, run)


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_reports_what_it_did_and_how_to_undo_it(place: Place, verb: str) -> None:
    place.prepare(verb)
    result = place.act(verb, "-o", "json")
    assert result.exit_code == 0
    document = result.document
    assert (document["action"], document["done"]) == (verb.replace(" ", "."), 1)
    assert document["items"] == [{"id": place.target(verb), "status": "done", "problem": None}]
    assert document["undo"] == f"chatctl undo {document['action_id']}"
    undone = place.run("undo", str(document["action_id"]), "--reason", "a mistake", "-o", "json")
    assert (undone.exit_code, undone.document["done"]) == (0, 1)
    assert place.actions == [verb.replace(" ", "."), undone.document["action"]]
    again = place.run("undo", str(document["action_id"]), "--reason", "a mistake", "-o", "json")
    assert (again.exit_code, again.document["noop"]) == (0, 1)


@pytest.mark.parametrize("verb", VERBS)
def test_a_repeated_act_is_no_error_and_is_not_logged(place: Place, verb: str) -> None:
    place.prepare(verb)
    assert place.act(verb).exit_code == 0
    again = place.act(verb)
    assert again.exit_code == 0
    assert "1 noop" in again.stdout
    assert place.actions == [verb.replace(" ", ".")]


@pytest.mark.parametrize("verb", VERBS)
def test_a_dry_run_changes_nothing_and_logs_nothing(place: Place, verb: str) -> None:
    place.prepare(verb)
    result = place.act(verb, "--dry-run", "-o", "json")
    assert (result.exit_code, result.document["done"], result.document["action_id"]) == (0, 1, None)
    assert place.actions == []
    assert place.act(verb, "-o", "json").document["done"] == 1


@pytest.mark.parametrize("output", ALL_FORMATS)
@pytest.mark.parametrize("verb", ["user suspend", "conversation lock", "participant add"])
def test_results_in_every_format(place: Place, verb: str, output: str) -> None:
    result = place.act(verb, "-o", output)
    text = f"{verb.replace(' ', '.')}: 1 done, action 1\n"
    target = place.target(verb)
    assert result.exit_code == 0
    assert {
        "table": text,
        "plain": text,
        "csv": f"id,status,problem\n{target},done,\n",
        "id": f"{target}\n",
    }.get(output, target) in result.stdout.replace("\r\n", "\n")


NAMES = [
    (["user", "suspend", "{who}"], "user"),
    (["user", "unsuspend", "{who}"], "user"),
    (["user", "mute", "{who}"], "user"),
    (["user", "unmute", "{who}"], "user"),
    (["user", "mute", "ann@example.test", "--org", "{who}"], "organization"),
    (["user", "mute", "ann@example.test", "--org", "acme", "--conversation", "{who}"], "conversation"),
    (["conversation", "lock", "{who}", "--org", "acme", *SHOWN], "conversation"),
    (["conversation", "unlock", "{who}", "--org", "acme"], "conversation"),
    (["conversation", "repair", "{who}", "--org", "acme"], "conversation"),
    (["participant", "add", "{who}", "ann", "--org", "acme"], "conversation"),
    (["participant", "remove", "support", "{who}", "--org", "acme"], "user"),
]


@pytest.mark.parametrize(("arguments", "kind"), NAMES, ids=lambda value: " ".join(value[:2]))
def test_a_name_of_nothing_is_exit_3(place: Place, arguments: list[str], kind: str) -> None:
    for name in ("nothing", str(uuid4())):
        result = place.run(*(each.replace("{who}", name) for each in arguments), "--reason", "spam")
        assert (result.exit_code, result.stdout) == (3, "")
        assert f"there is no {kind} {name}" in result.stderr
    assert place.actions == []


@pytest.mark.parametrize(("arguments", "kind"), NAMES, ids=lambda value: " ".join(value[:2]))
def test_an_ambiguous_name_is_exit_2_with_the_candidates(
    place: Place, arguments: list[str], kind: str
) -> None:
    others = [place.world.user("same-a"), place.world.user("same-b")]
    organizations = [place.world.organization(slug=slug) for slug in ("same-a", "same-b")]
    for number in (1, 2):
        organization = place.world.fact("select id from organizations where slug = 'acme'")
        group = place.world.group(organization, *list(place.people.values())[:3])
        place.world.operator.execute(
            "update conversations set name = %s where id = %s", (f"same-{number}", group)
        )
        organizations.append(group)
    result = place.run(*(each.replace("{who}", "same") for each in arguments), "--reason", "spam")
    assert (result.exit_code, result.stdout) == (2, "")
    candidates = {"user": others, "organization": organizations[:2], "conversation": organizations[2:]}[kind]
    assert all(str(candidate) in result.stderr for candidate in candidates)
    assert place.actions == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["user", "suspend", "ann"], "--reason is missing"),
        (["user", "suspend", "--reason", "spam"], "is missing"),
        (["user", "suspend", "ann", "--reason", " "], "--reason is empty"),
        (["user", "suspend", "ann", "--reason", "Ann@example.test again"], "must not contain"),
        (["user", "suspend", "ann", "--reason", "spam", "--until", "tomorrow"], "is not a time"),
        (["user", "suspend", "ann", "--reason", "spam", "--until", "2020-01-01"], "must be in the future"),
        (["user", "suspend", "ann", "--reason", "spam", "--visible-reason", " "], "1 to 500 characters"),
        (["user", "suspend", "ann", "--reason", "spam", "--actor", ""], "--actor is empty"),
        (["user", "mute", "ann", "--reason", "spam", "--until", "0d"], "must be in the future"),
        (["user", "mute", "ann", "--reason", "spam", "--conversation", "support"], "a name needs --org"),
        (
            ["conversation", "lock", "support", "--org", "acme", "--reason", "x"],
            "--visible-reason is missing",
        ),
        (
            ["conversation", "lock", "support", "--org", "acme", "--reason", "x", "--visible-reason", ""],
            "is empty",
        ),
        (["conversation", "lock", "support", "--reason", "x", *SHOWN], "a name needs --org"),
        (
            ["conversation", "repair", "support", "--org", "acme", "--reason", "x", "-o", "id"],
            "does not support",
        ),
        (["participant", "add", "support", "--org", "acme", "--reason", "x"], "is missing"),
    ],
    ids=lambda value: " ".join(value)[:60] if isinstance(value, list) else "",
)
def test_bad_input_is_named_and_changes_nothing(place: Place, arguments: list[str], message: str) -> None:
    result = place.run(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr
    assert place.actions == []


@pytest.mark.parametrize("verb", VERBS)
def test_a_target_that_is_not_local_needs_yes(chatctl: Callable[..., Result], verb: str) -> None:
    result = chatctl(
        *verb.split(), *VERBS[verb][0], "--reason", "spam",
        "--db-url", "postgresql://postgres@db.example.test/postgres",
    )  # fmt: skip
    assert result.exit_code == 2
    assert "needs --yes" in result.stderr


def test_suspending_says_that_sessions_do_not_come_back(place: Place) -> None:
    result = place.act("user suspend", "--until", "3d")
    assert "sessions are revoked, which undo does not change" in result.stderr
    assert "sessions" not in place.act("user suspend", "--dry-run").stderr


def test_who_cannot_be_added_is_listed(place: Place) -> None:
    stranger = place.world.user("stranger")
    result = place.run(
        "participant", "add", str(place.group), "stranger", "dan", "--reason", "help", "-o", "json"
    )
    assert result.exit_code == 6
    assert [(item["id"], item["problem"]) for item in result.document["items"]] == [
        (str(stranger), "NOT_MEMBER"),
        (str(place.people["dan"]), None),
    ]
    alone = place.run("participant", "add", str(place.group), "stranger", "--reason", "help")
    assert alone.exit_code == 5
    assert "is not a member of the organization" in alone.stderr


def test_an_action_is_not_undone_after_a_later_one(place: Place) -> None:
    place.act("user suspend")
    place.act("user suspend", "--until", "3d")
    result = place.run("undo", "1", "--reason", "a mistake")
    assert result.exit_code == 5
    assert "has changed since" in result.stderr


def test_a_repair_shows_what_is_wrong_and_then_repairs_it(place: Place) -> None:
    group = str(place.group)
    arguments = ("conversation", "repair", "support", "--org", "acme", "--reason", "counts")
    nothing = place.run(*arguments)
    assert (nothing.exit_code, nothing.stdout) == (0, "nothing is wrong\n")
    place.world.operator.execute("set session_replication_role = replica")
    place.world.operator.execute("update conversations set participant_count = 9, created_by = null")
    place.world.operator.execute(
        "update conversation_participants set joined_at = '2020-01-01' where user_id = %s",
        (place.people["ann"],),
    )
    place.world.operator.execute("delete from private.read_states where user_id = %s", (place.people["ben"],))
    place.world.operator.execute("set session_replication_role = origin")
    dry = place.run(*arguments, "--dry-run", "-o", "json")
    assert [(each["what"], each["was"], each["becomes"]) for each in dry.document["changes"]] == [
        ("creator", None, str(place.people["ann"])),
        ("participant_count", "9", "3"),
        ("read_state", "none", "read to 0, 0 seen"),
    ]
    assert place.actions == []
    done = place.run(*arguments, "-o", "json")
    assert (done.exit_code, done.document["action_id"]) == (0, 1)
    assert done.document["changes"] == dry.document["changes"]
    assert "participant_count" in done.stderr
    assert place.world.fact("select participant_count from conversations where id = %s", group) == 3
    assert place.run(*arguments, "-o", "json").document["changes"] == []
    assert place.actions == ["conversation.repair"]
    assert place.run("undo", "1", "--reason", "a mistake").exit_code == 2


def test_the_changes_of_a_repair_are_shown_before_the_prompt_even_with_q(
    place: Place, tmp_path: Path
) -> None:
    place.world.operator.execute("set session_replication_role = replica")
    place.world.operator.execute("update conversations set participant_count = 9")
    place.world.operator.execute("set session_replication_role = origin")
    target = {"db_url": place.world.database.url, "environment": "staging"}
    (tmp_path / "chatctl.yaml").write_text(json.dumps({"targets": {"staging": target}}))
    command = ("conversation", "repair", str(place.group), "--reason", "counts", "-q", "--target", "staging")
    with terminal(*command, cwd=tmp_path) as at:
        assert "participant_count" in at.wait_for("1 changes on")
        at.press("n\n")
        assert at.end() == 1
    assert place.actions == []


def test_errors_are_json_when_the_output_is(place: Place) -> None:
    result = place.run("user", "suspend", "nothing", "--reason", "spam", "-o", "json")
    assert json.loads(result.stderr.splitlines()[-1])["error"]["exit"] == 3


ERASE = ("user", "erase", "ann@example.test", "--messages", "delete", "--reason", "a request")


def test_an_erasure_shows_an_inventory_and_needs_the_name(place: Place) -> None:
    place.world.send(place.people["ann"], place.group, "hello")
    dry = place.run(*ERASE, "--dry-run", "-o", "json")
    assert (dry.exit_code, dry.document["action_id"]) == (0, None)
    assert {
        "table": "public.messages (sent)",
        "rows": 1,
        "becomes": "removed; tombstones stay",
    } in dry.document["inventory"]
    for confirm in ([], ["--confirm", "ann"], ["--yes"]):
        refused = place.run(*ERASE, *confirm)
        assert (refused.exit_code, refused.stdout) == (2, "")
        assert "ann@example.test" in refused.stderr
    assert place.actions == []
    done = place.run(*ERASE, "--confirm", "ann@example.test", "-o", "json")
    assert (done.exit_code, done.document["action_id"]) == (0, 1)
    assert done.document["inventory"] == dry.document["inventory"]
    again = place.run(*ERASE, "--confirm", "ann@example.test")
    assert again.exit_code == 3
    assert place.run("undo", "1", "--reason", "a mistake").exit_code == 2
    assert place.actions == ["user.erase"]


@pytest.mark.parametrize("output", ["table", "plain", "json", "ndjson", "yaml", "csv"])
def test_an_inventory_in_every_format(place: Place, output: str) -> None:
    result = place.run(*ERASE, "--dry-run", "-o", output)
    assert result.exit_code == 0
    assert "public.user_profiles" in result.stdout
    assert place.run(*ERASE, "--dry-run", "-o", "id").exit_code == 2


@pytest.mark.parametrize(("mode", "waiting"), [("keep", 0), ("anonymize", 1), ("delete", 1)])
def test_an_erasure_names_the_files_that_storage_has_not_deleted(
    place: Place, mode: str, waiting: int
) -> None:
    world, ann = place.world, place.people["ann"]
    organization = world.fact("select organization_id from conversations where id = %s", place.group)
    world.changed(
        ann,
        "insert into storage.objects (bucket_id, name, owner_id) values ('attachments', %s, %s)",
        f"{organization}/chat/{place.group}/{uuid4()}_plan.pdf",
        str(ann),
    )
    done = place.run(
        "user", "erase", "ann", "--messages", mode, "--reason", "a request", "--confirm", "ann@example.test"
    )
    assert done.exit_code == 0
    assert ("1 file waits to be deleted, hidden from everybody" in done.stderr) == bool(waiting)
    assert world.fact("select count(*) from private.files_to_delete") == waiting


def test_the_inventory_is_shown_before_the_question_even_if_quiet(place: Place, tmp_path: Path) -> None:
    ours, theirs = os.openpty()
    asker = subprocess.Popen(
        [sys.executable, "-m", "chatctl", *ERASE, "-q", "--db-url", place.world.database.url],
        cwd=tmp_path, env=variables(), stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    os.write(ours, b"other\n")
    _, errors = asker.communicate(timeout=120)
    os.close(ours)
    os.close(theirs)
    assert asker.returncode == 2
    assert errors.index("public.user_profiles") < errors.index("Type ann@example.test to continue")


def test_a_held_user_is_not_erased(place: Place) -> None:
    place.run("hold", "create", "legal-7", "--user", "ann", "--reason", "a lawsuit")
    result = place.run(*ERASE, "--confirm", "ann@example.test")
    assert (result.exit_code, result.stdout) == (5, "")
    assert "legal-7" in result.stderr
    assert place.run(*ERASE, "--dry-run").exit_code == 5


def test_what_becomes_of_the_messages_must_be_said(place: Place) -> None:
    without = ("user", "erase", "ann", "--reason", "a request", "--confirm", "ann@example.test")
    assert place.run(*without).exit_code == 2
    assert place.run(*without, "--messages", "forget").exit_code == 2
    assert place.actions == []
