"""Operators read conversations and messages, and the log says so before they do."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import psycopg
import pytest

from chatctl.errors import NotFound
from chatctl.services.moderation.look import reading, transcript
from chatctl.services.moderation.look.transcript import SeqRange
from chatctl.services.moderation.operators import OperatorAct
from tests.support.world import World

ACT = OperatorAct("ann@example.test", "a report", "T-1")


@pytest.fixture
def chat(world: World) -> tuple[UUID, UUID, UUID, list[UUID]]:
    """Two people and five messages: 2 is deleted by its sender, 3 redacted, 4 purged."""
    organization, (ann, ben) = world.team(2)
    conversation = world.direct(organization, ann, ben)
    sent = [world.send(ann, conversation, f"number {number}") for number in range(1, 6)]
    world.value(ben, "select toggle_reaction(%s, '👍')", sent[1])
    world.changed(ann, "update messages set deleted_at = now() where id = %s", sent[1])
    world.operator.execute("select moderation.redact_messages(%s, 'x', 'a key')", (sent[2:3],))
    world.operator.execute("select moderation.purge_messages(%s, 'x', 'retention')", (sent[3:4],))
    return ann, ben, conversation, sent


def whole(world: World, conversation: UUID) -> SeqRange:
    return transcript.bounds(world.operator, conversation, since=None, until=None)


def test_a_transcript_has_every_seq_with_its_state(
    world: World, chat: tuple[UUID, UUID, UUID, list[UUID]]
) -> None:
    ann, _, conversation, sent = chat
    rows = transcript.messages(world.operator, conversation, whole(world, conversation), with_deleted=False)
    assert [(row.id, row.seq, row.state, row.content) for row in rows] == [
        (sent[0], 1, "sent", "number 1"),
        (sent[1], 2, "deleted", None),
        (sent[2], 3, "redacted", None),
        (sent[3], 4, "purged", None),
        (sent[4], 5, "sent", "number 5"),
    ]
    assert [row.deleted_by for row in rows] == [None, ann, None, None, None]
    assert [row.sender_name for row in rows] == ["person0"] * 3 + [None, "person0"]


def test_what_is_kept_of_deleted_messages_is_shown_when_asked_for(
    world: World, chat: tuple[UUID, UUID, UUID, list[UUID]]
) -> None:
    _, ben, conversation, _ = chat
    rows = transcript.messages(world.operator, conversation, whole(world, conversation), with_deleted=True)
    assert [row.content for row in rows] == ["number 1", "number 2", None, None, "number 5"]
    assert [row.state for row in rows] == ["sent", "deleted", "redacted", "purged", "sent"]
    assert rows[1].reactions == [{"userId": str(ben), "emoji": "👍"}]


def test_a_message_of_an_erased_sender_has_none(
    world: World, chat: tuple[UUID, UUID, UUID, list[UUID]]
) -> None:
    _, _, conversation, _ = chat
    world.operator.execute("update messages set sender_id = null")
    rows = transcript.messages(world.operator, conversation, SeqRange(1, 2), with_deleted=False)
    assert (rows[0].sender_id, rows[0].sender_name, rows[0].content) == (None, None, "number 1")


def test_the_range_between_two_moments(world: World, chat: tuple[UUID, UUID, UUID, list[UUID]]) -> None:
    _, _, conversation, _ = chat
    rows = transcript.messages(world.operator, conversation, whole(world, conversation), with_deleted=False)
    at = [row.created_at for row in rows]
    moment = timedelta(microseconds=1)

    def between(since: object, until: object) -> SeqRange:
        return transcript.bounds(world.operator, conversation, since=since, until=until)  # type: ignore[arg-type]

    assert between(None, None) == SeqRange(1, 6)
    for number in range(1, 6):
        assert between(at[number - 1], None) == SeqRange(number, 6)
        assert between(None, at[number - 1]) == SeqRange(1, number)
        assert between(at[number - 1], at[number - 1] + moment) == SeqRange(number, number + 1)
    assert len(between(at[4] + moment, None)) == 0
    assert len(between(None, at[0])) == 0
    assert len(between(at[3], at[1])) == 0


def test_a_conversation_without_messages_has_an_empty_range(world: World) -> None:
    organization, (ann, ben) = world.team(2)
    conversation = world.direct(organization, ann, ben)
    assert len(whole(world, conversation)) == 0
    assert transcript.messages(world.operator, conversation, SeqRange(1, 1), with_deleted=True) == []


def test_ranges_are_cut_to_what_there_is() -> None:
    assert SeqRange(1, 101).last(50) == SeqRange(51, 101)
    assert SeqRange(1, 11).last(50) == SeqRange(1, 11)
    assert SeqRange(1, 101).around(40, 10) == SeqRange(35, 45)
    assert SeqRange(1, 101).around(2, 10) == SeqRange(1, 11)
    assert SeqRange(1, 101).around(100, 10) == SeqRange(95, 101)
    assert SeqRange(1, 101).before(51).last(50) == SeqRange(1, 51)
    assert SeqRange(1, 101).before(500) == SeqRange(1, 101)
    assert len(SeqRange(6, 1)) == 0


def test_a_message_is_found_where_it_is_and_where_it_was(
    world: World, chat: tuple[UUID, UUID, UUID, list[UUID]]
) -> None:
    _, _, conversation, sent = chat
    for number, message in enumerate(sent, start=1):
        place = transcript.place(world.operator, message)
        assert (place.conversation_id, place.seq) == (conversation, number)
    with pytest.raises(NotFound):
        transcript.place(world.operator, uuid4())


def test_a_message_with_who_could_see_it_and_what_was_done(world: World) -> None:
    organization, (ann, ben, cay, dan) = world.team(4)
    group = world.group(organization, ann, ben, dan)
    message = world.send(ann, group, "hello")
    world.value(
        ann, "insert into conversation_participants (conversation_id, user_id) values (%s, %s)", group, cay
    )
    world.value(ben, "select mark_conversation_read(%s)", group)
    world.operator.execute("delete from organization_members where user_id = %s", (dan,))
    world.operator.execute("select moderation.delete_messages(%s, 'x', 'spam', 'T-7')", ([message],))
    shown = transcript.details(world.operator, message, with_deleted=False)
    viewers = {each.id: (each.at_the_time, each.has_read) for each in shown.viewers}
    assert viewers[ann] == (True, True)
    assert viewers[ben] == (True, True)
    assert viewers[cay] == (False, False)
    assert {each.id for each in shown.viewers if not each.is_member} <= {dan}
    assert [each.could_see_since >= shown.message.created_at for each in shown.viewers] == [True] * len(
        viewers
    )
    assert [(each.action, each.reason, each.ticket) for each in shown.log] == [
        ("message.delete", "spam", "T-7")
    ]
    assert shown.message.state == "deleted"


def test_a_read_is_logged_with_who_why_and_what(
    world: World, chat: tuple[UUID, UUID, UUID, list[UUID]]
) -> None:
    _, _, conversation, _ = chat
    reading.log_read(
        world.operator, "conversation show", [f"conversation:{conversation}"], {"limit": 50}, ACT,
        on_wait=pytest.fail,
    )  # fmt: skip
    row = world.operator.execute(
        "select actor, action, target_type, target_id, reason, ticket, details from moderation.log "
        "order by id desc limit 1"
    ).fetchone()
    assert row == (
        "ann@example.test", "read", "conversation", str(conversation), "a report", "T-1",
        {"command": "conversation show", "arguments": {"limit": 50}},
    )  # fmt: skip


def test_a_snapshot_cannot_change_anything(world: World) -> None:
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction), reading.snapshot(world.operator):
        world.operator.execute("delete from private.send_windows")
