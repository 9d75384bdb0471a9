"""Locks are taken in a fixed order."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any
from uuid import UUID

import psycopg
import pytest

from chatctl.db.connection import Connection
from tests.support import locking
from tests.support.locking import (
    ADD,
    CONVERSATIONS,
    LOCKING,
    MESSAGES,
    ORDER,
    PROFILES,
    READ_STATES,
    REMOVE,
    SEND,
    WRITES,
    Scene,
)
from tests.support.waiting import locked, sqlstate, waiting
from tests.support.world import World


@pytest.fixture
def scene(world: World) -> Iterator[Scene]:
    with locking.scene(world) as scene:
        yield scene


@pytest.mark.parametrize("name", WRITES)
def test_a_write_waits_for_its_users_turn_without_holding_locks(scene: Scene, name: str) -> None:
    statement, values = WRITES[name](scene)
    scene.hold("private.send_windows", "user_id = %s", scene.ann)

    with scene.waits(scene.ann, statement, *values) as done:
        locked_rows = {table: locked(scene.watcher, table, key) for table, key in ORDER[1:]}
        scene.release()

    assert not any(locked_rows.values())
    assert sqlstate(done) is None


@pytest.mark.parametrize("name", LOCKING)
def test_a_write_that_waits_for_a_conversation_holds_no_later_lock(scene: Scene, name: str) -> None:
    statement, values = WRITES[name](scene)
    scene.hold("conversations", "id = %s", scene.conversations[0])

    with scene.waits(scene.ann, statement, *values) as done:
        conversations = locked(scene.watcher, *CONVERSATIONS)
        after = {table: locked(scene.watcher, table, key) for table, key in (READ_STATES, PROFILES)}
        scene.release()

    assert conversations == [scene.conversations[0]]  # held by the test
    assert not any(after.values())
    assert sqlstate(done) is None


@pytest.mark.parametrize(
    "statement",
    [
        "update messages set deleted_at = now() where sender_id = %s",
        "update conversation_participants set last_read_at = now() where user_id = %s",
    ],
)
def test_several_conversations_are_locked_by_ascending_id(scene: Scene, statement: str) -> None:
    scene.hold("conversations", "id = %s", scene.conversations[0])

    with scene.waits(scene.ann, statement, scene.ann) as done:
        locked_rows = locked(scene.watcher, *CONVERSATIONS)
        scene.release()

    assert locked_rows == [scene.conversations[0]]
    assert sqlstate(done) is None


TWO = SEND + ", (%s, %s, %s, 'ho')"


def _to_two(scene: Scene, *conversations: UUID) -> tuple[Any, ...]:
    return tuple(
        value for conversation in conversations for value in (scene.organization, conversation, scene.ann)
    )


def test_messages_of_several_conversations_may_be_in_any_order(scene: Scene) -> None:
    assert scene.world.changed(scene.ann, TWO, *_to_two(scene, *scene.conversations)) == 2
    assert scene.world.changed(scene.ann, TWO, *_to_two(scene, *reversed(scene.conversations))) == 2


def test_messages_out_of_order_do_not_wait(scene: Scene) -> None:
    scene.hold("conversations", "id = %s", scene.conversations[0])

    with pytest.raises(psycopg.Error, match="one conversation at a time") as refused:
        scene.world.rows(scene.ann, TWO, *_to_two(scene, *reversed(scene.conversations)))
    scene.release()

    assert refused.value.sqlstate == "PT429"
    assert scene.world.changed(scene.ann, TWO, *_to_two(scene, *reversed(scene.conversations))) == 2


def test_messages_in_order_wait_as_long_as_necessary(scene: Scene) -> None:
    scene.hold("conversations", "id = %s", scene.conversations[0])

    with scene.waits(scene.ann, TWO, *_to_two(scene, *scene.conversations)) as done:
        locked_rows = locked(scene.watcher, *CONVERSATIONS)
        scene.release()

    assert locked_rows == [scene.conversations[0]]
    assert sqlstate(done) is None


def test_a_user_is_deleted_in_the_same_order(scene: Scene) -> None:
    delete = "delete from auth.users where id = %s"
    scene.world.rows(scene.ben, "select report_message(%s, 'spam')", scene.messages[0])
    for (table, condition), free in (
        (("private.send_windows", "user_id = %s"), ORDER[1:]),
        (("message_reports", "sender_id = %s"), (MESSAGES, CONVERSATIONS, READ_STATES, PROFILES)),
        (("conversations", "created_by = %s"), (READ_STATES, PROFILES)),
    ):
        scene.hold(table, condition, scene.ann)
        with (
            scene.world.database.connect() as conn,
            waiting(conn, partial(_rolled_back, conn, delete, scene.ann), scene.watcher) as done,
        ):
            locked_rows = {table: locked(scene.watcher, table, key) for table, key in free}
            scene.release()
        assert not any(locked_rows.values())
        assert sqlstate(done) is None


def test_a_returning_member_is_locked_after_their_conversations(scene: Scene) -> None:
    """Otherwise it could deadlock with their deletion, and block others who wait for the conversation."""
    scene.world.operator.execute("delete from organization_members where user_id = %s", (scene.ben,))
    scene.hold("conversations", "id = %s", scene.conversations[0])

    come_back = "insert into organization_members (organization_id, user_id) values (%s, %s)"
    with (
        scene.world.database.connect() as conn,
        waiting(
            conn, lambda: conn.execute(come_back.encode(), (scene.organization, scene.ben)), scene.watcher
        ) as done,
    ):
        profiles = locked(scene.watcher, *PROFILES, "for update")
        scene.release()

    assert profiles == []
    assert sqlstate(done) is None


def _rolled_back(conn: Connection, statement: str, *values: Any) -> None:
    with conn.transaction(force_rollback=True):
        conn.execute(statement.encode(), values)


def test_a_leaving_participant_is_added_again_only_after_they_have_left(scene: Scene) -> None:
    scene.world.lift_limits("return")
    scene.hold("conversations", "id = %s", scene.conversations[0])

    with scene.waits(scene.ben, REMOVE, scene.conversations[0], scene.ben) as left:
        with scene.waits(scene.ann, ADD, scene.conversations[0], scene.ben) as added:
            scene.release()
        assert (sqlstate(left), sqlstate(added)) == (None, None)

    assert (
        scene.world.fact("select participant_count from conversations where id = %s", scene.conversations[0])
        == 3
    )


def test_a_read_mark_of_several_conversations_and_a_removal_do_not_block_each_other(scene: Scene) -> None:
    """One goes through the conversations of a user, the other through the people of a conversation."""
    scene.hold("conversations", "id = %s", scene.conversations[1])

    with scene.waits(scene.ben, "update conversation_participants set last_read_at = now()") as read:
        with scene.waits(scene.ann, REMOVE, scene.conversations[0], scene.ben) as removed:
            scene.release()
        assert (sqlstate(read), sqlstate(removed)) == (None, None)


def test_messages_of_several_senders_do_not_wait_either(scene: Scene) -> None:
    """The turn of the second sender would be locked after the conversation of the first."""
    senders = (scene.ann, scene.ben)
    values = [value for sender in senders for value in (scene.organization, scene.conversations[0], sender)]
    scene.hold("private.send_windows", "user_id = %s", scene.ben)

    with pytest.raises(psycopg.Error, match="one conversation at a time"):
        scene.world.operator.execute(TWO.encode(), values)
    scene.release()

    scene.world.operator.execute(TWO.encode(), values)


def test_participants_are_removed_one_at_a_time(scene: Scene) -> None:
    """A statement that waits for the row of one participant holds no other row."""
    for statement, value in (
        ("delete from conversation_participants where conversation_id = %s", scene.conversations[0]),
        ("delete from conversation_participants where user_id = %s", scene.ann),
    ):
        with pytest.raises(psycopg.Error, match="one person at a time") as refused:
            scene.world.rows(scene.ann, statement, value)
        assert refused.value.sqlstate == "PT400"

    assert scene.world.fact("select count(*) from conversation_participants") == 6


def test_a_statement_adds_people_to_one_conversation(scene: Scene) -> None:
    """Two people who start the same direct conversations in a different order would wait for each other."""
    add = f"{ADD}, (%s, %s)"
    dan = scene.people[3]

    with pytest.raises(psycopg.Error, match="one conversation at a time") as refused:
        scene.world.rows(scene.ann, add, scene.conversations[0], dan, scene.conversations[1], dan)

    assert refused.value.sqlstate == "PT400"


def test_starting_several_direct_conversations_waits_only_for_the_first(scene: Scene) -> None:
    """Three people who each start two of them, in a ring, would wait for each other."""
    ann, ben, cem, _ = scene.people
    start = "select start_direct_conversation(%s, %s)"

    with scene.world.database.connect("authenticator") as conn, scene.world.acting(cem, conn=conn):
        conn.execute(start, (ann, scene.organization))
        with pytest.raises(psycopg.Error, match="one conversation at a time") as refused:
            scene.world.rows(
                ann, f"{start}, start_direct_conversation(%s, %s)",
                ben, scene.organization, cem, scene.organization,
            )  # fmt: skip

    assert refused.value.sqlstate == "PT429"


UPSERT = """
insert into messages (id, organization_id, conversation_id, content)
values ('00000000-0000-4000-8000-000000000001', %s, %s, 'hi')
on conflict (id) do nothing
"""


def test_a_message_inserted_by_two_sessions_at_once_is_counted_once(scene: Scene) -> None:
    conversation = scene.conversations[0]
    scene.hold("conversations", "id = %s", conversation)

    with (
        scene.world.database.connect() as one,
        scene.world.database.connect() as two,
        waiting(one, lambda: one.execute(UPSERT, (scene.organization, conversation)), scene.watcher) as first,
        waiting(
            two, lambda: two.execute(UPSERT, (scene.organization, conversation)), scene.watcher
        ) as second,
    ):
        scene.release()

    assert {sqlstate(first), sqlstate(second)} == {None, "23505"}
    counts = "select last_seq, message_count, last_message_seq from conversations where id = %s"
    assert scene.watcher.execute(counts, (conversation,)).fetchone() == (2, 2, 2)


def test_messages_of_an_erased_user_are_erased_before_a_conversation_is_locked(scene: Scene) -> None:
    """With many messages that takes seconds."""
    scene.world.operator.execute(
        """
        create function pause() returns trigger language plpgsql
        as $$ begin perform pg_advisory_xact_lock(7); return null; end $$;
        create trigger pause after update of sender_id on messages for each row execute function pause();
        """
    )
    scene.holder.execute("begin")
    scene.holder.execute("select pg_advisory_xact_lock(7)")

    delete = "delete from auth.users where id = %s"
    with (
        scene.world.database.connect() as conn,
        waiting(conn, lambda: conn.execute(delete, (scene.ann,)), scene.watcher) as done,
    ):
        conversations = locked(scene.watcher, *CONVERSATIONS)
        scene.release()

    assert conversations == []
    assert sqlstate(done) is None
    assert scene.world.fact("select count(*) from messages where sender_id is null") == 2


def test_a_session_that_renamed_a_group_does_not_wait_for_an_earlier_group(scene: Scene) -> None:
    """Several writes in one transaction, as GraphQL sends them."""
    scene.hold("conversations", "id = %s", scene.conversations[0])

    with (
        scene.world.database.connect("authenticator") as conn,
        pytest.raises(psycopg.Error, match="one conversation at a time"),
        scene.world.acting(scene.ann, conn=conn),
    ):
        conn.execute("update conversations set name = 'new' where id = %s", (scene.conversations[1],))
        conn.execute(SEND, (scene.organization, scene.conversations[0], scene.ann))
    scene.release()


def test_a_first_write_in_another_session_is_not_waited_for_with_a_conversation_locked(
    scene: Scene,
) -> None:
    scene.world.forget_sending()
    scene.holder.execute("begin")
    scene.holder.execute(SEND, (scene.organization, scene.conversations[0], None))

    with scene.waits(scene.ann, SEND, scene.organization, scene.conversations[0], scene.ann) as sent:
        with pytest.raises(psycopg.Error, match="one conversation at a time"):
            scene.holder.execute(SEND, (scene.organization, scene.conversations[0], scene.ann))
        scene.holder.execute("rollback")

    assert sqlstate(sent) is None


def test_removing_a_member_and_adding_them_again_do_not_deadlock(scene: Scene) -> None:
    scene.hold("conversations", "id = %s", scene.conversations[0])
    values = (scene.organization, scene.ben)
    add = "insert into organization_members (organization_id, user_id) values (%s, %s) on conflict do nothing"
    remove = "delete from organization_members where organization_id = %s and user_id = %s"

    with (
        scene.world.database.connect() as adding,
        scene.world.database.connect() as removing,
        waiting(adding, lambda: adding.execute(add, values), scene.watcher) as added,
        waiting(removing, lambda: removing.execute(remove, values), scene.watcher) as removed,
    ):
        scene.release()

    assert sqlstate(added) is None
    assert sqlstate(removed) is None
