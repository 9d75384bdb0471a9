"""Acting on selected messages, ``chatctl apply`` and ``chatctl job``, as people and scripts run them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest

from tests.cli.conftest import Result
from tests.support.world import Database, World

Chatctl = Callable[..., Result]
WHY = ("--reason", "spam", "--actor", "ann")
VERBS = ["delete", "restore", "redact", "purge"]
HOSTILE = "coins \x1b[2J\x1b]52;c;YQ==\x07 \u202etxt.exe [/red]"


@pytest.fixture
def spam(world: World) -> list[UUID]:
    """Messages with spam in an organization ``acme``, beside others."""
    people = [world.user("Ann Smith"), world.user("Ben Jones")]
    organization = world.organization(*people, slug="acme")
    conversation = world.direct(organization, *people)
    world.send(people[1], conversation, "good morning")
    return [world.send(people[0], conversation, text) for text in ("free coins", HOSTILE, "more coins")]


@pytest.fixture
def run(chatctl: Chatctl, database: Database, spam: list[UUID]) -> Chatctl:
    def run(*arguments: str) -> Result:
        return chatctl(*arguments, "--db-url", database.url)

    return run


def conversation(world: World) -> UUID:
    return UUID(str(world.fact("select id from conversations")))


def contents(world: World) -> int:
    return int(world.fact("select count(*) from messages where content is not null"))


def acts(world: World) -> list[str]:
    rows = world.operator.execute("select action from moderation.log where action <> 'read' order by id")
    return [row[0] for row in rows]


def test_selected_messages_are_deleted_and_restored(run: Chatctl, world: World, spam: list[UUID]) -> None:
    deleted = run("message", "delete", "--text", "coins", "--org", "acme", *WHY, "-o", "json")
    assert deleted.exit_code == 0, deleted.stderr
    assert {item["id"] for item in deleted.document["items"]} == {str(each) for each in spam}
    assert contents(world) == 1
    restored = run("message", "restore", "--text", "coins", *WHY)
    assert restored.exit_code == 0, restored.stderr
    assert "message.restore: 3 done" in restored.stdout
    assert contents(world) == 4


def test_what_a_search_finds_is_piped_into_an_act(run: Chatctl, world: World) -> None:
    found = run("message", "search", "coins", *WHY, "-o", "id")
    assert run("message", "delete", *found.stdout.split(), *WHY).exit_code == 0
    assert contents(world) == 1


@pytest.mark.parametrize("output", ["table", "plain", "json", "ndjson", "yaml", "csv", "id"])
def test_a_dry_run_shows_the_plan_and_changes_nothing(run: Chatctl, world: World, output: str) -> None:
    shown = run("message", "redact", "--text", "coins", "--dry-run", *WHY, "-o", output)
    assert shown.exit_code == 0, shown.stderr
    assert not {"\x1b", "\x07", "\u202e"} & set(shown.stdout)
    assert contents(world) == 4
    assert acts(world) == []
    assert world.fact("select details ->> 'command' from moderation.log") == "message redact --dry-run"
    if output == "json":
        document = shown.document
        assert document["dry_run"] is True
        assert (document["done"], document["plan"]["count"], document["held"]) == (3, 3, [])
        assert [share["name"] for share in document["plan"]["senders"]] == ["Ann Smith"]
        assert len(document["plan"]["samples"]) == 3
    elif output == "table":
        for part in ("3 done", "SENDER", "Ann Smith", "CONVERSATION", "samples:", "free coins"):
            assert part in shown.stdout


def test_held_messages_are_shown_by_a_dry_run(run: Chatctl, world: World, spam: list[UUID]) -> None:
    assert run("hold", "create", "legal-7", "--org", "acme", *WHY).exit_code == 0
    shown = run("message", "redact", "--text", "coins", "--dry-run", *WHY, "-o", "json")
    assert sorted(shown.document["held"]) == sorted(str(each) for each in spam)
    assert contents(world) == 4


def test_a_dry_run_exits_like_the_act(run: Chatctl, world: World, spam: list[UUID], tmp_path: Path) -> None:
    assert run("hold", "create", "legal-7", "--user", "Ann Smith", *WHY).exit_code == 0
    by_ids = run("message", "redact", *map(str, spam), "--dry-run", *WHY)
    by_text = run("message", "redact", "--text", "coins", "--dry-run", *WHY)
    assert (by_ids.exit_code, by_text.exit_code) == (5, 5)
    file = tmp_path / "plan.json"
    written = run("message", "redact", "--conversation", str(conversation(world)), "--plan", str(file), *WHY)
    assert (written.exit_code, file.exists()) == (6, True), written.stderr
    assert run("apply", str(file), "--dry-run", *WHY).exit_code == 6


@pytest.mark.parametrize("existing", ["a file", "a link", "a broken link"])
def test_a_plan_is_never_written_over_a_file(
    run: Chatctl, world: World, tmp_path: Path, existing: str
) -> None:
    file, other = tmp_path / "plan.json", tmp_path / "other.json"
    if existing != "a broken link":
        other.write_text("precious")
    if existing == "a file":
        other.rename(file)
    else:
        file.symlink_to(other)
    before = {each.name: each.is_symlink() or each.read_text() for each in tmp_path.iterdir()}
    refused = run("message", "delete", "--text", "coins", "--plan", str(file), *WHY)
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "exists; nothing is overwritten" in refused.stderr
    assert {each.name: each.is_symlink() or each.read_text() for each in tmp_path.iterdir()} == before
    assert world.fact("select count(*) from moderation.log") == 0


def test_nothing_is_left_beside_a_plan(run: Chatctl, tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    assert run("message", "delete", "--text", "coins", "--plan", str(file), *WHY).exit_code == 0
    assert list(tmp_path.iterdir()) == [file]


def test_a_plan_is_written_and_applied_once(run: Chatctl, world: World, tmp_path: Path) -> None:
    file = str(tmp_path / "plan.json")
    written = run("message", "redact", "--text", "coins", "--plan", file, *WHY, "-o", "json")
    assert written.exit_code == 0, written.stderr
    assert contents(world) == 4
    assert json.loads(Path(file).read_text())["hash"] == written.document["plan"]["hash"]

    unconfirmed = run("apply", file, *WHY)
    assert (unconfirmed.exit_code, contents(world)) == (2, 4)
    assert "--confirm acme" in unconfirmed.stderr
    previewed = run("apply", file, "--dry-run", *WHY)
    assert (previewed.exit_code, contents(world)) == (0, 4), previewed.stderr

    applied = run("apply", file, "--confirm", "acme", "--expect", "3", *WHY, "-o", "json")
    assert (applied.exit_code, contents(world)) == (0, 1), applied.stderr
    assert (applied.document["done"], applied.document["failed"]) == (3, 0)
    again = run("apply", file, "--confirm", "acme", *WHY, "-o", "json")
    assert (again.exit_code, again.document["done"], again.document["noop"]) == (0, 0, 3)
    assert again.document["job_id"] == applied.document["job_id"]
    assert acts(world) == ["message.redact"]


def test_what_changed_since_the_plan_is_listed(
    run: Chatctl, world: World, spam: list[UUID], tmp_path: Path
) -> None:
    file = str(tmp_path / "plan.json")
    run("message", "delete", "--text", "coins", "--plan", file, *WHY)
    world.operator.execute("update messages set content = 'edited' where id = %s", (spam[0],))
    applied = run("apply", file, *WHY)
    assert (applied.exit_code, "2 done, 1 skipped" in applied.stdout) == (6, True)
    assert f"{spam[0]}  CHANGED" in applied.stdout
    (job,) = run("job", "list", "-o", "json").document
    assert (job["done"], job["skipped"], job["failed"]) == (2, 1, 0)
    again = run("apply", file, *WHY, "-o", "json").document
    assert (again["noop"], again["skipped"], again["failed"]) == (2, 1, 0)
    assert contents(world) == 2


def test_jobs_are_listed_shown_and_undone(run: Chatctl, world: World, tmp_path: Path) -> None:
    file = str(tmp_path / "plan.json")
    run("message", "delete", "--text", "coins", "--plan", file, *WHY)
    job = run("apply", file, *WHY, "-o", "json").document["job_id"]
    (listed,) = run("job", "list", "-o", "json").document
    assert (listed["id"], listed["done"], listed["pending"]) == (job, 3, 0)
    assert run("job", "show", job, "-o", "json").document == listed
    assert run("job", "resume", job).exit_code == 0
    undone = run("job", "undo", job, *WHY)
    assert (undone.exit_code, contents(world)) == (0, 4), undone.stderr
    assert acts(world) == ["message.delete", "message.restore"]


@pytest.fixture
def begun(world: World, spam: list[UUID]) -> Callable[[str], str]:
    """Creates a job that has dealt with one of three messages, and returns its id."""

    def begin(verb: str) -> str:
        job = world.fact("select moderation.create_job(%s, %s, %s, 'ann', 'spam')", verb, spam, [None] * 3)
        world.operator.execute("select moderation.run_job(%s, 1, 'ann')", (job,))
        return str(job)

    return begin


def test_a_job_is_canceled(run: Chatctl, world: World, begun: Callable[[str], str]) -> None:
    job = begun("redact")
    canceled = run("job", "cancel", job, *WHY, "-o", "json")
    assert (canceled.exit_code, canceled.document["done"]) == (0, 1), canceled.stderr
    assert "2 pending messages canceled" in canceled.stderr
    resumed = run("job", "resume", job, "-o", "json")
    assert (resumed.exit_code, resumed.stdout) == (5, "")
    assert "was canceled" in resumed.stderr
    assert run("job", "cancel", job, *WHY).exit_code == 0
    assert (contents(world), acts(world)) == (3, ["message.redact", "job.cancel"])


def test_who_resumes_a_job_is_in_the_log(run: Chatctl, world: World, begun: Callable[[str], str]) -> None:
    assert run("job", "resume", begun("delete"), "--actor", "ben").exit_code == 0
    actors = world.operator.execute("select actor from moderation.log order by id").fetchall()
    assert actors == [("ann",), ("ben",)]


@pytest.mark.parametrize("verb", VERBS)
def test_on_a_target_that_is_not_local_resuming_confirms_what_cannot_be_undone(
    chatctl: Chatctl, world: World, begun: Callable[[str], str], tmp_path: Path, verb: str
) -> None:
    if verb == "restore":
        world.operator.execute("update messages set deleted_at = now()")
    (tmp_path / "chatctl.yaml").write_text(
        f"targets:\n  staging:\n    db_url: {world.database.url}\n    environment: staging\n"
    )
    resume = ("job", "resume", begun(verb), "--target", "staging", "--yes")
    unconfirmed = chatctl(*resume)
    if verb in ("redact", "purge"):
        assert (unconfirmed.exit_code, "--confirm acme" in unconfirmed.stderr) == (2, True)
        assert len(acts(world)) == 1
        assert chatctl(*resume, "--confirm", "acme").exit_code == 0
    assert unconfirmed.exit_code in (0, 2)
    assert len(acts(world)) == 2


@pytest.mark.parametrize("verb", ["delete", "restore"])
def test_a_plan_that_was_undone_is_not_applied_again(
    run: Chatctl, world: World, tmp_path: Path, verb: str
) -> None:
    file = str(tmp_path / "plan.json")
    if verb == "restore":
        run("message", "delete", "--text", "coins", *WHY)
    run("message", verb, "--text", "coins", "--plan", file, *WHY)
    job = run("apply", file, *WHY, "-o", "json").document["job_id"]
    again = run("apply", file, *WHY, "-o", "json").document
    assert (again["done"], again["noop"], again["undo"]) == (0, 3, None)
    run("job", "undo", job, *WHY)
    before = (contents(world), acts(world))
    undone = run("apply", file, *WHY)
    assert (undone.exit_code, undone.stdout) == (5, "")
    assert f"this plan was applied already (job {job})" in undone.stderr
    assert (contents(world), acts(world)) == before


def test_the_note_about_a_plan_is_a_command_that_works(run: Chatctl, world: World, tmp_path: Path) -> None:
    small = run("message", "delete", "--text", "coins", "--plan", str(tmp_path / "a plan.json"), *WHY)
    assert f"chatctl apply '{tmp_path}/a plan.json' --reason …\n" in small.stderr
    add_spam(world)
    large = run("message", "delete", "--text", "coins", "--plan", str(tmp_path / "plan.json"), *WHY)
    assert f"chatctl apply {tmp_path}/plan.json --reason … --expect 101\n" in large.stderr


def add_spam(world: World) -> None:
    world.operator.execute(
        "insert into messages (organization_id, conversation_id, content, seq) "
        "select organization_id, conversation_id, 'coins', 100 + n "
        "from generate_series(1, 98) as n cross join (select * from messages limit 1) as m"
    )


def test_more_than_a_hundred_messages_need_their_number(run: Chatctl, world: World) -> None:
    add_spam(world)
    silent = run("message", "delete", "--text", "coins", *WHY)
    assert (silent.exit_code, acts(world)) == (2, [])
    assert "--expect 101" in silent.stderr
    wrong = run("message", "delete", "--text", "coins", "--expect", "100", *WHY)
    assert (wrong.exit_code, acts(world)) == (2, [])
    right = run("message", "delete", "--text", "coins", "--expect", "101", *WHY)
    assert (right.exit_code, contents(world)) == (0, 1), right.stderr


ID = "6f1c0e5c-0000-4000-8000-000000000000"


@pytest.mark.parametrize(
    ("arguments", "exit_code", "message"),
    [
        *((("message", verb), 2, "no filter") for verb in VERBS),
        (("message", "restore", "--deleted"), 2, "no filter"),
        (("message", "delete", ID, "--text", "a"), 2, "cannot be combined"),
        (("message", "delete", ID, "--plan", "p.json"), 2, "--plan"),
        (("message", "delete", "--text", "coins", "--plan", "missing/p.json"), 2, "missing"),
        (("message", "delete", "--regex", "a"), 2, "--regex"),
        (("message", "delete", "--text", "coins", "--expect", "7"), 2, "not 7"),
        (("message", "delete", "--text", "coins", "--sender", "nobody"), 3, "nobody"),
        (("message", "redact", "--text", "coins"), 2, "--confirm acme"),
        (("message", "purge", "--text", "coins", "--confirm", "other"), 2, "acme"),
        (("apply", "missing.json"), 3, "there is no missing.json"),
        (("job", "resume", ID), 3, ID),
        (("job", "cancel", ID, *WHY), 3, ID),
        (("job", "undo", ID, *WHY), 3, ID),
        (("job", "show", ID), 3, ID),
        (("job", "show", "abc"), 2, "JOB must be an id"),
    ],
)
def test_bad_input_is_named_and_changes_nothing(
    run: Chatctl, world: World, arguments: tuple[str, ...], exit_code: int, message: str
) -> None:
    reason = WHY if arguments[0] != "job" else ()
    result = run(*arguments, *reason)
    assert (result.exit_code, result.stdout) == (exit_code, ""), result.stderr
    assert message in result.stderr
    assert (acts(world), contents(world)) == ([], 4)


def test_nothing_selected_is_done_at_once(run: Chatctl, world: World) -> None:
    result = run("message", "redact", "--text", "needle", *WHY, "-o", "json")
    assert (result.exit_code, result.document["matched"]) == (0, 0), result.stderr
    assert acts(world) == []


def test_the_index_is_created_shown_and_dropped(run: Chatctl) -> None:
    def state(verb: str) -> str:
        result = run("message", "index", verb, "-o", "json")
        assert result.exit_code == 0, result.stderr
        nothing = ", nothing to do" if "nothing to do" in result.stderr else ""
        return f"{result.document['state']}{nothing}"

    assert [state(verb) for verb in ("status", "create", "create", "status", "drop", "drop")] == [
        "absent", "ready", "ready, nothing to do", "ready", "absent", "absent, nothing to do",
    ]  # fmt: skip
