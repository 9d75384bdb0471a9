"""A plan acts on exactly the messages that a selector chose, as long as they are what they were."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chatctl.errors import Conflict, Invalid, NotFound
from chatctl.services.moderation import jobs, plans, searchindex
from chatctl.services.moderation.messages import MessageVerb, moderate
from chatctl.services.moderation.operators import OperatorAct
from chatctl.services.moderation.plans import MessagePlan
from chatctl.services.moderation.search import search
from chatctl.services.moderation.selectors import MessageSelector
from tests.support.world import World

ACT = OperatorAct("ann@example.test", "spam", "T-1")


def ignore(_: object) -> None:
    """Ignore progress."""


class Spam:
    """A conversation in which one of two people sends spam."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.conn = world.operator
        self.organization, (self.ann, self.ben) = world.team(2)
        self.conversation = world.direct(self.organization, self.ann, self.ben)
        self.ids = [world.send(self.ann, self.conversation, f"free coins {number}") for number in range(4)]
        self.other = world.send(self.ben, self.conversation, "good morning")

    def plan(self, verb: MessageVerb = MessageVerb.redact, **filters: Any) -> MessagePlan:
        return plans.make(self.conn, verb, MessageSelector(**filters or {"text": "coins"}))

    def apply(self, plan: MessagePlan) -> list[tuple[str, str | None]]:
        result = plans.apply(self.conn, plan, ACT, on_wait=ignore, on_step=ignore)
        return [(item.status, item.problem) for item in result.items]


@pytest.fixture
def spam(world: World) -> Spam:
    return Spam(world)


def test_a_plan_is_applied_to_what_it_chose_and_nothing_else(spam: Spam) -> None:
    plan = spam.plan()
    assert plan.ids == spam.ids
    spam.world.send(spam.ann, spam.conversation, "more free coins")
    assert spam.apply(plan) == [("done", None)] * 4
    left = spam.world.fact("select array_agg(content order by seq) from messages where content is not null")
    assert left == ["good morning", "more free coins"]


@pytest.mark.parametrize("verb", MessageVerb)
def test_messages_that_changed_after_the_plan_are_skipped_and_listed(spam: Spam, verb: MessageVerb) -> None:
    if verb is MessageVerb.restore:
        moderate(spam.conn, MessageVerb.delete, spam.ids, ACT, on_wait=ignore)
    plan = spam.plan(verb, text="coins", deleted=verb is MessageVerb.restore)
    if verb is MessageVerb.restore:
        moderate(spam.conn, MessageVerb.restore, spam.ids[:1], ACT, on_wait=ignore)
    else:
        spam.world.changed(spam.ann, "update messages set content = 'edited' where id = %s", spam.ids[0])
    assert spam.apply(plan) == [("skipped", "CHANGED"), *[("done", None)] * 3]


def test_a_hold_after_the_plan_wins(spam: Spam) -> None:
    plan = spam.plan()
    spam.conn.execute(
        "select moderation.create_hold('legal-7', 'ann', 'a lawsuit', p_user_id => %s)", (spam.ann,)
    )
    assert spam.apply(plan) == [("failed", "HELD")] * 4
    assert spam.world.fact("select count(*) from messages where content is null") == 0


def test_a_plan_is_applied_once(spam: Spam) -> None:
    plan = spam.plan(MessageVerb.delete)
    assert spam.apply(plan) == [("done", None)] * 4
    assert spam.apply(plan) == [("noop", None)] * 4
    moderate(spam.conn, MessageVerb.restore, spam.ids, ACT, on_wait=ignore)
    with pytest.raises(Conflict, match="4 messages changed back since"):
        spam.apply(plan)
    assert spam.world.fact("select count(*) from messages where content is null") == 0
    assert len(jobs.newest(spam.conn, count=10)) == 1


def test_an_interrupted_plan_is_continued(spam: Spam) -> None:
    plan = spam.plan(MessageVerb.delete)
    job_id = jobs.create(
        spam.conn, plan.verb, plan.ids, plan.versions, ACT, plan_hash=plan.hash, on_wait=ignore
    )
    spam.conn.execute("select moderation.run_job(%s, 3, %s)", (job_id, ACT.actor))
    assert spam.apply(plan) == [("done", None)] * 4
    assert spam.world.fact("select count(*) from moderation.log") == 2


def test_a_plan_that_another_actor_has_begun_is_not_continued(spam: Spam) -> None:
    plan = spam.plan(MessageVerb.delete)
    job_id = jobs.create(
        spam.conn, plan.verb, plan.ids, plan.versions, ACT, plan_hash=plan.hash, on_wait=ignore
    )
    with pytest.raises(Conflict, match="has begun to apply this plan") as error:
        plans.apply(spam.conn, plan, replace(ACT, actor="ben"), on_wait=ignore, on_step=ignore)
    assert f"chatctl job resume {job_id}" in str(error.value.hint)
    assert spam.world.fact("select count(*) from messages where content is null") == 0


def test_the_plan_of_a_canceled_job_is_not_applied(spam: Spam) -> None:
    plan = spam.plan(MessageVerb.delete)
    job_id = jobs.create(
        spam.conn, plan.verb, plan.ids, plan.versions, ACT, plan_hash=plan.hash, on_wait=ignore
    )
    jobs.cancel(spam.conn, job_id, ACT, on_wait=ignore)
    assert spam.apply(plan) == [("failed", "CANCELED")] * 4
    assert spam.world.fact("select count(*) from messages where content is null") == 0


def test_a_preview_counts_and_shows_samples(spam: Spam) -> None:
    spam.world.send(spam.ben, spam.conversation, "coins, too")
    plan = spam.plan()
    preview = plans.preview(spam.conn, plan)
    assert (preview.hash, preview.count) == (plan.hash, 5)
    assert [(share.id, share.messages) for share in preview.senders] == [(spam.ann, 4), (spam.ben, 1)]
    assert [(share.id, share.messages) for share in preview.conversations] == [(spam.conversation, 5)]
    assert [sample.content for sample in preview.samples] == [
        *(f"free coins {number}" for number in range(4)), "coins, too",
    ]  # fmt: skip


def test_a_plan_without_messages_does_nothing(spam: Spam) -> None:
    plan = spam.plan(text="nothing of the kind")
    assert plans.preview(spam.conn, plan).samples == []
    assert spam.apply(plan) == []
    assert spam.world.fact("select count(*) from moderation.log") == 0


def test_a_plan_is_read_as_it_was_written(spam: Spam, tmp_path: Path) -> None:
    plan = spam.plan()
    file = tmp_path / "plan.json"
    file.write_text(plans.text_of(plan))
    assert plans.read(file) == plan
    assert "coins" not in file.read_text()
    assert replace(plan, created_at="2026-01-01").hash != plan.hash


def _edited(change: Callable[[dict[str, Any]], object]) -> Callable[[str], str]:
    def edit(text: str) -> str:
        document = json.loads(text)
        change(document)
        return json.dumps(document)

    return edit


@pytest.mark.parametrize(
    "edit",
    [
        lambda text: "",
        lambda text: text[:-20],
        lambda text: "[]",
        lambda text: "{}",
        lambda text: "[" * 100_000,
        lambda text: "\udcff",
        _edited(lambda document: document["messages"].pop()),
        _edited(lambda document: document["messages"].append(document["messages"][0])),
        _edited(lambda document: document["messages"][0].update(id="abc")),
        _edited(lambda document: document.update(action="message.purge")),
        _edited(lambda document: document.update(action="user.erase")),
        _edited(lambda document: document.update(format=2)),
        _edited(lambda document: document.update(hash="0")),
        _edited(lambda document: document.update(messages=7)),
    ],
)
def test_an_edited_file_is_no_plan(spam: Spam, tmp_path: Path, edit: Callable[[str], str]) -> None:
    file = tmp_path / "plan.json"
    file.write_text(edit(plans.text_of(spam.plan())), errors="surrogateescape")
    with pytest.raises(Invalid, match="plan"):
        plans.read(file)


def test_no_file_is_no_plan(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="there is no"):
        plans.read(tmp_path / "missing.json")


def test_a_role_with_rights_in_schema_moderation_alone_searches_plans_and_applies(spam: Spam) -> None:
    role = f"operator_{spam.ann.hex}"
    grants = """
    create role {role};
    grant {role} to current_user;
    grant usage on schema moderation to {role};
    grant select on all tables in schema moderation to {role};
    grant execute on all functions in schema moderation to {role};
    """
    spam.conn.execute(grants.replace("{role}", role).encode())
    spam.conn.execute(f"set role {role}".encode())
    try:
        hits = search(spam.conn, MessageSelector(text="coins"), ACT, count=9, on_wait=ignore)
        assert len(hits) == 4
        plan = spam.plan()
        assert plans.preview(spam.conn, plan).count == 4
        assert spam.apply(plan) == [("done", None)] * 4
        assert searchindex.status(spam.conn).state == "absent"
        assert len(jobs.newest(spam.conn, count=2)) == 1
    finally:
        spam.conn.execute("reset role")
        spam.conn.execute(f"drop owned by {role}; drop role {role}".encode())
