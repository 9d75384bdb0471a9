"""An operator deletes, restores, redacts and purges messages, and each of these writes the log."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.support.dumps import dump
from tests.support.invariants import breaches
from tests.support.world import World

VERBS = ["delete", "restore", "redact", "purge"]


@pytest.fixture
def chat(world: World) -> tuple[UUID, UUID, UUID]:
    """Two people and their conversation."""
    organization, (ann, ben) = world.team(2)
    return ann, ben, world.direct(organization, ann, ben)


def act(world: World, verb: str, *ids: UUID, reason: str = "spam") -> list[tuple[str, str | None]]:
    """Status and problem of each message."""
    cursor = world.operator.execute(
        f"select status, problem from moderation.{verb}_messages(%s, 'ann@example.test', %s, 'T-1')".encode(),
        (list(ids), reason),
    )
    return [(status, problem) for status, problem in cursor]


def actions(world: World) -> list[str]:
    return [row[0] for row in world.operator.execute("select action from moderation.log order by id")]


def test_deleting_and_restoring_a_message_leaves_everything_as_it_was(
    world: World, chat: tuple[UUID, UUID, UUID]
) -> None:
    ann, ben, conversation = chat
    message = world.send(ann, conversation, "good morning")
    world.send(ben, conversation, "hello")
    world.value(ben, "select toggle_reaction(%s, '👍')", message)
    before = dump(world)
    assert act(world, "delete", message) == [("done", None)]
    assert world.value(ben, "select content from messages where id = %s", message) is None
    assert act(world, "restore", message) == [("done", None)]
    assert dump(world) == before
    assert actions(world) == ["message.delete", "message.restore"]


def test_undo_of_a_deletion_restores_the_message(world: World, chat: tuple[UUID, UUID, UUID]) -> None:
    ann, _, conversation = chat
    message = world.send(ann, conversation, "good morning")
    before = dump(world)
    act(world, "delete", message)
    row = world.operator.execute("select * from moderation.undo(1, 'ann', 'a mistake')").fetchone()
    assert row == ("message.restore", 2, str(message), "done", None)
    assert dump(world) == before


def test_undo_of_a_deletion_does_not_restore_what_the_sender_deleted_later(
    world: World, chat: tuple[UUID, UUID, UUID]
) -> None:
    ann, _, conversation = chat
    messages = [world.send(ann, conversation, f"number {number}") for number in range(2)]
    act(world, "delete", *messages)
    act(world, "restore", messages[0])
    world.changed(ann, "update messages set deleted_at = now() where id = %s", messages[0])
    before = dump(world)
    undo = "select id, status, problem from moderation.undo(1, 'ann', 'a mistake')"
    with world.operator.transaction(force_rollback=True):
        assert world.operator.execute(undo.encode()).fetchall() == [
            (str(messages[0]), "skipped", "CHANGED"), (str(messages[1]), "done", None)
        ]  # fmt: skip
    assert dump(world) == before
    act(world, "restore", messages[0])
    act(world, "delete", messages[0])
    assert world.operator.execute(undo.encode()).fetchall() == [
        (str(messages[0]), "skipped", "CHANGED"), (str(messages[1]), "done", None)
    ]  # fmt: skip
    assert world.operator.execute(undo.encode()).fetchall() == [
        (str(messages[0]), "skipped", "CHANGED"), (str(messages[1]), "noop", None)
    ]  # fmt: skip


@pytest.mark.parametrize("by", ["sender", "operator"])
def test_undo_of_a_restoration_deletes_when_and_by_whom_it_was_deleted(
    world: World, chat: tuple[UUID, UUID, UUID], by: str
) -> None:
    ann, _, conversation = chat
    message = world.send(ann, conversation, "good morning")
    if by == "sender":
        world.changed(ann, "update messages set deleted_at = now() where id = %s", message)
    else:
        act(world, "delete", message)
    deletions = (
        "select array_agg("
        "(m.deleted_at, m.updated_at, d.deleted_at, d.deleted_by, d.content, d.updated_at)::text) "
        "from messages m join private.deleted_messages d on d.message_id = m.id"
    )
    before = world.fact(deletions)
    act(world, "restore", message)
    restoration = world.fact("select max(id) from moderation.log")
    undone = world.operator.execute("select status from moderation.undo(%s, 'ann', 'no')", (restoration,))
    assert undone.fetchall() == [("done",)]
    assert world.fact(deletions) == before
    assert not breaches(world.operator)
    if by == "operator":
        undone = world.operator.execute("select status from moderation.undo(1, 'ann', 'a mistake')")
        assert undone.fetchall() == [("done",)]


def test_an_operator_who_claims_to_be_the_sender_has_not_deleted_as_the_sender(
    world: World, chat: tuple[UUID, UUID, UUID]
) -> None:
    ann, _, conversation = chat
    message = world.send(ann, conversation)
    with world.operator.transaction():
        world.operator.execute("select set_config('request.jwt.claim.sub', %s, true)", (str(ann),))
        act(world, "delete", message)
    assert world.fact("select deleted_by from private.deleted_messages") is None
    assert world.fact("select (details #> '{messages,0,by_sender}')::boolean from moderation.log") is False


def test_a_repeated_act_changes_nothing_and_logs_nothing(world: World, chat: tuple[UUID, UUID, UUID]) -> None:
    ann, _, conversation = chat
    message, other = world.send(ann, conversation, "one"), world.send(ann, conversation, "two")
    for verb, target in (("delete", message), ("restore", message), ("redact", message), ("purge", other)):
        assert act(world, verb, target) == [("done", None)]
        logged = actions(world)
        before = dump(world)
        assert act(world, verb, target) == [("noop", None)]
        assert actions(world) == logged
        assert dump(world) == before
    assert not breaches(world.operator, purged=[(conversation, 2)])


@pytest.mark.parametrize("verb", VERBS)
def test_an_unknown_message_is_a_failure_of_its_own(
    world: World, chat: tuple[UUID, UUID, UUID], verb: str
) -> None:
    ann, _, conversation = chat
    message = world.send(ann, conversation)
    if verb == "restore":
        act(world, "delete", message)
    assert act(world, verb, uuid4(), message, message) == [("failed", "NOT_FOUND"), ("done", None)]


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("reason", ["", "  ", "person0 is a spammer", "PERSON0 again"])
def test_a_reason_is_required_and_does_not_name_the_sender(
    world: World, chat: tuple[UUID, UUID, UUID], verb: str, reason: str
) -> None:
    ann, _, conversation = chat
    message = world.send(ann, conversation)
    before = dump(world)
    with pytest.raises(psycopg.Error) as error:
        act(world, verb, message, reason=reason)
    assert error.value.sqlstate == "PT400"
    assert dump(world) == before
    assert actions(world) == []


@pytest.mark.parametrize("deleted_before", [True, False])
def test_nothing_of_a_redacted_message_is_left(
    world: World, chat: tuple[UUID, UUID, UUID], deleted_before: bool
) -> None:
    ann, ben, conversation = chat
    message = world.send(ann, conversation, "the secret sentence")
    world.value(ben, "select toggle_reaction(%s, '🦄')", message)
    if deleted_before:
        act(world, "delete", message)
    assert act(world, "redact", message) == [("done", None)]
    everything = f"{dump(world)} {world.fact('select array_agg(l::text) from moderation.log l')}"
    assert "the secret sentence" not in everything
    assert "🦄" not in everything
    assert world.rows(ben, "select content, deleted_at is null from messages") == [(None, False)]
    assert act(world, "restore", message) == [("failed", "REDACTED")]
    assert not breaches(world.operator)


def test_a_purged_message_leaves_a_gap_that_is_explained(world: World, chat: tuple[UUID, UUID, UUID]) -> None:
    ann, ben, conversation = chat
    messages = [world.send(ann, conversation, f"number {number}") for number in range(3)]
    assert act(world, "purge", messages[1]) == [("done", None)]
    assert [row[0] for row in world.rows(ben, "select seq from messages order by seq")] == [1, 3]
    assert world.operator.execute(
        "select message_id, conversation_id, seq from private.purged_messages"
    ).fetchall() == [(messages[1], conversation, 2)]
    assert not breaches(world.operator, purged=[(conversation, 2)])


@pytest.mark.parametrize("verb", ["redact", "purge"])
def test_the_files_of_removed_messages_are_hidden_and_wait_for_storage(
    world: World, chat: tuple[UUID, UUID, UUID], verb: str
) -> None:
    ann, ben, conversation = chat
    organization = world.fact("select organization_id from conversations where id = %s", conversation)
    file = uuid4()
    path = f"{organization}/chat/{conversation}/{file}_plan.pdf"
    with world.acting(ann) as conn:
        conn.execute(
            "insert into storage.objects (bucket_id, name, owner_id) values ('attachments', %s, %s)",
            (path, str(ann)),
        )
    attachment = {"id": str(file), "name": "plan.pdf", "type": "application/pdf", "size": 10, "url": path}
    message = world.value(ann, "select id from send_message(%s, '', %s)", conversation, Jsonb([attachment]))
    assert world.value(ben, "select count(*) from storage.objects") == 1
    assert act(world, verb, message) == [("done", None)]
    assert world.value(ben, "select count(*) from storage.objects") == 0
    assert world.fact("select name from private.files_to_delete") == path


@pytest.mark.parametrize("verb", ["redact", "purge"])
@pytest.mark.parametrize("subject", ["organization", "conversation", "user"])
def test_a_held_message_is_neither_redacted_nor_purged(
    world: World, chat: tuple[UUID, UUID, UUID], verb: str, subject: str
) -> None:
    ann, _, conversation = chat
    organization = world.fact("select organization_id from conversations where id = %s", conversation)
    message = world.send(ann, conversation)
    target = {"organization": organization, "conversation": conversation, "user": ann}[subject]
    world.operator.execute(
        f"select moderation.create_hold('legal-7', 'ann', 'a lawsuit', p_{subject}_id => %s)".encode(),
        (target,),
    )
    before = dump(world)
    assert act(world, verb, message) == [("failed", "HELD")]
    for statement in ("delete from messages", "delete from conversations", "delete from organizations",
                      "delete from auth.users", "update messages set sender_id = null"):  # fmt: skip
        with pytest.raises(psycopg.Error) as error, world.operator.transaction():
            world.operator.execute(statement.encode())
        # 23503: the foreign key of the hold.
        assert error.value.sqlstate in ("PT409", "23503")
    assert dump(world) == before
    world.operator.execute("select moderation.release_hold('legal-7', 'ann', 'it is over')")
    assert act(world, verb, message) == [("done", None)]


def test_undo_releases_only_the_hold_that_the_action_created(
    world: World, chat: tuple[UUID, UUID, UUID]
) -> None:
    def run(statement: str) -> Any:
        return world.operator.execute(statement.encode(), {"user": chat[0]}).fetchone()

    create = "select moderation.create_hold('legal-7', 'ann', 'a lawsuit', p_user_id => %(user)s)"
    undo = "select action, id, status, problem from moderation.undo(1, 'ann', 'a mistake')"
    run(create)
    run("select moderation.release_hold('legal-7', 'ann', 'it is over')")
    assert run(undo) == ("hold.release", "legal-7", "noop", None)
    run(create)
    assert run(undo) == ("hold.release", "legal-7", "skipped", "CHANGED")
    assert world.fact("select count(*) from moderation.holds") == 1
    assert run(undo.replace("(1,", "(3,")) == ("hold.release", "legal-7", "done", None)
    assert world.fact("select count(*) from moderation.holds") == 0
    assert actions(world) == ["hold.create", "hold.release"] * 2


def test_the_name_of_a_released_hold_can_be_used_again(world: World, chat: tuple[UUID, UUID, UUID]) -> None:
    create = "select moderation.create_hold('legal-7', 'ann', 'a lawsuit', p_user_id => %s)"
    world.operator.execute(create.encode(), (chat[0],))
    with pytest.raises(psycopg.Error, match="There is an active hold of that name") as refused:
        world.operator.execute(create.encode(), (chat[1],))
    assert refused.value.sqlstate == "PT409"
    world.operator.execute("select moderation.release_hold('legal-7', 'ann', 'it is over')")
    world.operator.execute(create.encode(), (chat[1],))


def test_a_message_that_changed_meanwhile_is_left_alone(world: World, chat: tuple[UUID, UUID, UUID]) -> None:
    ann, _, conversation = chat
    messages = [world.send(ann, conversation, f"number {number}") for number in range(2)]
    versions = [
        world.fact("select version from private.message_versions where id = %s", message)
        for message in messages
    ]
    world.changed(ann, "update messages set content = 'edited' where id = %s", messages[0])
    rows = world.operator.execute(
        "select status, problem from moderation.redact_messages(%s, 'ann', 'spam', p_versions => %s)",
        (messages, versions),
    ).fetchall()
    assert rows == [("skipped", "CHANGED"), ("done", None)]


@pytest.mark.parametrize("role", ["anon", "authenticated", "service_role"])
def test_no_role_of_the_api_can_moderate(world: World, chat: tuple[UUID, UUID, UUID], role: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege), world.acting(chat[0], role=role) as conn:
        conn.execute("select * from moderation.log")
    with pytest.raises(psycopg.errors.InsufficientPrivilege), world.acting(chat[0], role=role) as conn:
        conn.execute("select moderation.delete_messages('{}', 'ann', 'spam')")
