"""Acts on many messages are committed in batches, and continue after a kill."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import groupby
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import psycopg
import pytest

from chatctl.db.connection import Connection, connect
from chatctl.errors import Conflict, Invalid
from chatctl.services.moderation import jobs, messages, transaction
from chatctl.services.moderation.jobs import JobProgress
from chatctl.services.moderation.messages import MessageVerb
from chatctl.services.moderation.operators import OperatorAct
from chatctl.services.moderation.results import ActionResult
from chatctl.services.seed.loading import load
from chatctl.services.seed.outline import build
from chatctl.services.seed.scaling import scaled
from chatctl.services.seed.spec import PERF
from chatctl.waiting import until
from tests.support.forks import Forks, variables
from tests.support.invariants import breaches
from tests.support.loads import WORLD
from tests.support.world import Database

ACT = OperatorAct("ann@example.test", "spam", "T-1")
SECONDS = 120  # that anything may take at most
KILLS = 10


def ignore(_: object) -> None:
    """Ignore progress."""


class Many:
    """A database with many messages, and what was done to them."""

    def __init__(self, database: Database, conn: psycopg.Connection[Any]) -> None:
        self.url = database.url
        self.conn = conn
        self.ids: list[UUID] = [
            row[0] for row in conn.execute("select id from messages where deleted_at is null order by id")
        ]

    def fact(self, statement: str) -> Any:
        row = self.conn.execute(statement.encode()).fetchone()
        return row[0] if row else None

    def is_running(self) -> bool:
        """Whether a batch is being done right now."""
        running = (
            "select exists (select from pg_stat_activity where datname = current_database() "
            "and pid <> pg_backend_pid() and state = 'active' and query like '%run_job%')"
        )
        return bool(self.fact(running))

    def has_done_more_than(self, job_id: UUID, messages: int) -> bool:
        return jobs.by_id(self.conn, job_id).done > messages

    def actions(self) -> list[str]:
        """The actions in the log, a row of equal ones once."""
        rows = self.conn.execute("select action from moderation.log order by id")
        return [action for action, _ in groupby(row[0] for row in rows)]

    def batches(self) -> list[int]:
        """The number of messages of each row that acts have written to the log."""
        return [
            row[0]
            for row in self.conn.execute(
                "select jsonb_array_length(details -> 'messages') from moderation.log "
                "where action <> 'read' order by id"
            )
        ]

    def logged(self) -> list[UUID]:
        """The messages that the log names, each as often as it does."""
        return [
            UUID(row[0].removeprefix("message:"))
            for row in self.conn.execute("select unnest(targets) from moderation.log order by 1")
        ]


@pytest.fixture
def many(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Many]:
    monkeypatch.setattr(jobs, "BATCH", 20)
    with connect(database.url) as conn:
        load(conn, WORLD)
        yield Many(database, conn)


def moderate(many: Many, verb: MessageVerb, **how: Any) -> Any:
    return messages.moderate(many.conn, verb, many.ids, ACT, on_wait=ignore, **how)


def run(conn: Connection, job_id: UUID, *, actor: str = ACT.actor) -> ActionResult:
    return jobs.run(conn, job_id, actor=actor, on_wait=ignore, on_step=ignore)


def undo(many: Many, job_id: UUID, *, on_step: Callable[[JobProgress], None] = ignore) -> ActionResult:
    return jobs.undo(many.conn, jobs.by_id(many.conn, job_id), ACT, on_wait=ignore, on_step=on_step)


def unfinished(many: Many, verb: str) -> UUID:
    """A job of which one batch is done."""
    job_id = jobs.create(many.conn, verb, many.ids, [None] * len(many.ids), ACT, on_wait=ignore)
    many.conn.execute("select moderation.run_job(%s, 20, %s)", (job_id, ACT.actor))
    return job_id


def test_a_large_act_is_a_job_with_one_row_in_the_log_for_each_batch(many: Many) -> None:
    result = moderate(many, MessageVerb.redact)
    assert (result.done, result.failed, result.action_id) == (len(many.ids), 0, None)
    full, rest = divmod(len(many.ids), 20)
    assert many.batches() == [20] * full + ([rest] if rest else [])
    assert many.logged() == sorted(many.ids)
    assert many.fact("select count(*) from messages where deleted_at is null") == 0
    job = jobs.by_id(many.conn, result.job_id)
    assert (job.total, job.done, job.pending) == (len(many.ids), len(many.ids), 0)
    assert job.finished_at is not None
    assert {row[0] for row in many.conn.execute("select distinct job_id from moderation.log")} == {job.id}
    assert not breaches(many.conn)


def test_a_job_that_is_run_again_changes_nothing(many: Many) -> None:
    first = moderate(many, MessageVerb.delete)
    logged = many.batches()
    again = run(many.conn, first.job_id)
    assert (again.done, again.items) == (first.done, first.items)
    assert many.batches() == logged


def test_a_dry_run_of_many_changes_nothing(many: Many) -> None:
    result = moderate(many, MessageVerb.redact, dry_run=True)
    assert (result.done, result.job_id) == (len(many.ids), None)
    assert many.fact("select count(*) from messages where deleted_at is not null") == many.fact(
        "select count(*) from private.deleted_messages"
    )
    assert many.batches() == []
    assert jobs.newest(many.conn, count=1) == []


def test_a_reason_that_names_a_sender_starts_no_job(many: Many) -> None:
    name = many.fact("select full_name from user_profiles u join messages m on m.sender_id = u.id limit 1")
    with pytest.raises(psycopg.Error) as error:
        messages.moderate(
            many.conn, MessageVerb.delete, many.ids, OperatorAct("ann", f"spam of {name}"), on_wait=ignore
        )
    assert error.value.sqlstate == "PT400"
    assert jobs.newest(many.conn, count=1) == []


def test_undoing_a_job_leaves_everything_as_it_was(many: Many) -> None:
    before = many.conn.execute("select * from messages order by id").fetchall()
    deleted = jobs.by_id(many.conn, moderate(many, MessageVerb.delete).job_id)
    result = undo(many, deleted.id)
    assert (result.action, result.done, result.matched) == ("message.restore", len(many.ids), len(many.ids))
    assert many.conn.execute("select * from messages order by id").fetchall() == before
    assert many.batches() == many.batches()[: len(many.batches()) // 2] * 2
    assert {item.status for item in undo(many, deleted.id).items} == {"noop"}


def test_undoing_a_job_of_restorations_brings_back_who_deleted_when(many: Many) -> None:
    tombstones = (
        "select (m, d)::text from messages m join private.deleted_messages d on d.message_id = m.id "
        "order by m.id"
    )
    moderate(many, MessageVerb.delete)
    many.conn.execute("update private.deleted_messages set deleted_by = sender_id")
    before = many.conn.execute(tombstones.encode()).fetchall()
    restored = moderate(many, MessageVerb.restore)
    assert undo(many, restored.job_id).done == len(many.ids)
    assert many.conn.execute(tombstones.encode()).fetchall() == before


def test_undoing_a_job_leaves_what_was_deleted_once_more_since(many: Many) -> None:
    deleted = jobs.by_id(many.conn, moderate(many, MessageVerb.delete).job_id)
    again = many.ids[0]
    for state in ("null", "clock_timestamp()"):
        many.conn.execute(f"update messages set deleted_at = {state} where id = %s".encode(), (again,))
    result = undo(many, deleted.id)
    assert [(item.id, item.status, item.problem) for item in result.failures] == [
        (str(again), "skipped", "CHANGED")
    ]
    assert result.done == len(many.ids) - 1


def test_undoing_a_job_continues_after_an_interruption(many: Many) -> None:
    job_id = moderate(many, MessageVerb.delete).job_id

    def interrupt(step: JobProgress) -> None:
        if step.done == 40:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        undo(many, job_id, on_step=interrupt)
    result = undo(many, job_id)
    assert (result.noop, result.done) == (40, len(many.ids) - 40)
    assert (
        many.fact(
            "select count(*) from messages where id in (select message_id from moderation.job_items)"
            " and deleted_at is not null"
        )
        == 0
    )


def test_undoing_an_unfinished_job_cancels_it(many: Many) -> None:
    job_id = unfinished(many, "delete")
    result = undo(many, job_id)
    assert (result.done, result.matched) == (20, 20)
    assert many.actions() == ["message.delete", "job.cancel", "message.restore"]
    with pytest.raises(Conflict, match="was canceled"):
        run(many.conn, job_id)
    assert many.fact("select count(*) from messages where deleted_at is null") == len(many.ids)


@pytest.mark.parametrize("verb", ["delete", "restore", "redact", "purge"])
def test_a_canceled_job_does_nothing_more(many: Many, verb: str) -> None:
    if verb == "restore":
        moderate(many, MessageVerb.delete)
    job_id = unfinished(many, verb)
    first = jobs.cancel(many.conn, job_id, ACT, on_wait=ignore)
    assert (first.done, first.action_id) == (1, many.fact("select max(id) from moderation.log"))
    job = jobs.by_id(many.conn, job_id)
    assert (job.done, job.failed, job.pending) == (20, len(many.ids) - 20, 0)
    assert job.finished_at is not None
    logged = many.actions()
    assert logged[-1] == "job.cancel"
    with pytest.raises(Conflict, match="was canceled"):
        run(many.conn, job_id)
    assert jobs.cancel(many.conn, job_id, ACT, on_wait=ignore).noop == 1
    assert many.actions() == logged


def test_a_job_that_cannot_be_undone_is_not_canceled_by_trying(many: Many) -> None:
    job_id = unfinished(many, "redact")
    with pytest.raises(Invalid, match="cannot be undone"):
        undo(many, job_id)
    assert jobs.by_id(many.conn, job_id).pending == len(many.ids) - 20


def test_the_log_names_who_ran_each_batch(many: Many) -> None:
    job_id = unfinished(many, "delete")
    run(many.conn, job_id, actor="ben")
    rows = many.conn.execute("select actor, reason, ticket from moderation.log order by id").fetchall()
    assert rows == [(ACT.actor, "spam", "T-1")] + [("ben", "spam", "T-1")] * (len(rows) - 1)
    assert len(rows) > 1
    assert jobs.by_id(many.conn, job_id).actor == ACT.actor


def test_a_job_without_messages_is_finished(many: Many) -> None:
    job_id = jobs.create(many.conn, "delete", [], [], ACT, on_wait=ignore)
    assert jobs.by_id(many.conn, job_id).finished_at is not None


def test_a_sender_cannot_end_a_job_by_taking_a_word_of_its_reason_as_name(many: Many) -> None:
    job_id = unfinished(many, "delete")
    many.conn.execute("update user_profiles set full_name = 'Spam'")
    assert run(many.conn, job_id).done == len(many.ids)


def test_the_id_of_a_job_does_not_replace_the_check_of_another_reason(many: Many) -> None:
    job_id = unfinished(many, "delete")
    name = many.fact("select full_name from user_profiles u join messages m on m.sender_id = u.id limit 1")
    with pytest.raises(psycopg.Error) as error:
        many.conn.execute(
            "select moderation.delete_messages(%s, 'ann', %s, null, null, %s)",
            (many.ids, f"spam of {name}", job_id),
        )
    assert error.value.sqlstate == "PT400"


def test_a_batch_needs_an_actor(many: Many) -> None:
    job_id = jobs.create(many.conn, "delete", many.ids, [None] * len(many.ids), ACT, on_wait=ignore)
    with pytest.raises(psycopg.Error) as error:
        run(many.conn, job_id, actor=" ")
    assert error.value.sqlstate == "PT400"


@pytest.mark.parametrize("difference", ["verb", "ids", "order", "versions"])
def test_a_plan_is_not_applied_by_the_job_of_another(many: Many, difference: str) -> None:
    ids = many.ids[:3]
    job: dict[str, Any] = {"verb": "delete", "ids": ids, "versions": ["a", "b", None]}
    others: dict[str, dict[str, Any]] = {
        "verb": {"verb": "redact"}, "ids": {"ids": many.ids[1:4]},
        "order": {"ids": ids[::-1]}, "versions": {"versions": ["a", "b", "c"]},
    }  # fmt: skip
    how: dict[str, Any] = {"act": ACT, "plan_hash": "abc", "on_wait": ignore}
    job_id = jobs.create(many.conn, **job, **how)
    assert jobs.create(many.conn, **job, **how) == job_id
    with pytest.raises(psycopg.Error) as error:
        jobs.create(many.conn, **job | others[difference], **how)
    assert error.value.sqlstate == "PT409"


def test_held_messages_of_a_job_are_listed_and_stay(many: Many) -> None:
    conversation = many.fact("select conversation_id from messages where deleted_at is null limit 1")
    many.conn.execute(
        "select moderation.create_hold('legal-7', 'ann', 'a lawsuit', p_conversation_id => %s)",
        (conversation,),
    )
    result = moderate(many, MessageVerb.redact)
    held = many.fact(
        f"select count(*) from messages where conversation_id = '{conversation}' and deleted_at is null"
    )
    assert held == result.failed > 0
    assert {item.problem for item in result.items if item.status == "failed"} == {"HELD"}
    assert many.fact("select count(*) from messages where deleted_at is null") == held


def test_two_who_run_one_job_share_its_batches(many: Many) -> None:
    versions = [None] * len(many.ids)
    job_id = jobs.create(many.conn, "redact", many.ids, versions, ACT, on_wait=ignore)
    with connect(many.url) as first, connect(many.url) as second, ThreadPoolExecutor() as threads:
        results = list(threads.map(lambda conn: run(conn, job_id), (first, second)))
    assert [result.done for result in results] == [len(many.ids)] * 2
    assert many.logged() == sorted(many.ids)


def test_a_redaction_of_10000_messages_killed_at_random_moments_ends_exact(
    database: Database, forks: Forks, tmp_path: Path
) -> None:
    random = Random(14)
    with connect(database.url) as conn:
        load(conn, build(scaled(PERF, 0.01)))
        many = Many(database, conn)
        assert len(many.ids) > 9_000
        job_id = jobs.create(conn, "redact", many.ids, [None] * len(many.ids), ACT, on_wait=ignore)
        resume = ("job", "resume", str(job_id), "--db-url", many.url)
        for _ in range(KILLS):
            committed = jobs.by_id(conn, job_id).done
            with (tmp_path / "output").open("w") as output:
                run = forks.start(
                    "chatctl", *resume,
                    env=variables(), cwd=tmp_path, stdout=output.fileno(), stderr=output.fileno(),
                )  # fmt: skip
            if random.choice((True, False)):
                moment = many.is_running
            else:
                moment = partial(many.has_done_more_than, job_id, committed)
            assert until(moment, seconds=SECONDS, every=random.uniform(0.001, 0.05))
            run.kill()
            assert run.wait(SECONDS) == -9
        done = forks.run("chatctl", *resume, env=variables(), cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert jobs.by_id(conn, job_id).done == len(many.ids)
        assert many.logged() == sorted(many.ids)
        assert max(many.batches()) <= jobs.BATCH
        assert len(many.batches()) == -(-len(many.ids) // jobs.BATCH)
        assert many.fact("select count(*) from messages where deleted_at is null") == 0
        assert many.fact(
            "select count(*) from private.deleted_messages where redacted_at is not null"
        ) == len(many.ids)
        assert not breaches(conn)


def test_a_job_that_cannot_lock_a_message_says_how_to_continue(
    many: Many, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transaction, "DEADLINE", 0.5)
    versions = [None] * len(many.ids)
    job_id = jobs.create(many.conn, "redact", many.ids, versions, ACT, on_wait=ignore)
    with connect(database.url) as other, other.transaction():
        other.execute("update messages set updated_at = now() where id = %s", (many.ids[30],))
        with pytest.raises(Conflict) as error:
            run(many.conn, job_id)
    assert f"chatctl job resume {job_id}" in str(error.value.hint)
    assert many.batches() == [20]
    run(many.conn, job_id)
    assert many.logged() == sorted(many.ids)
