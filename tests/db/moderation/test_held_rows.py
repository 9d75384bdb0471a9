"""A hold refuses SQL that would remove held content without the operators' functions."""

from __future__ import annotations

from uuid import UUID

import psycopg
import pytest

from tests.support.dumps import dump
from tests.support.world import World

TRUNCATES = [
    f"truncate {table} cascade"
    for table in ("public.messages", "public.conversations", "public.organizations",
                  "private.deleted_messages", "private.holds", "public.user_profiles")
]  # fmt: skip
ERASURES = [
    "update messages set sender_id = null where deleted_at is null",
    "update messages set sender_id = null where deleted_at is not null",
]
REMOVALS = [
    "delete from private.deleted_messages",
    "update private.deleted_messages set content = null",
    "update private.deleted_messages set content = 'other'",
    "update private.deleted_messages set attachments = '[]'",
    "update private.deleted_messages d set message_id = m.id from messages m where m.deleted_at is null",
]
OTHER_SUBJECTS = [
    "update private.holds set organization_id = null, conversation_id = null, user_id = "
    "(select id from user_profiles order by id desc limit 1)",
    "update private.holds set id = gen_random_uuid()",
]


@pytest.fixture(params=["organization", "conversation", "user"])
def held(world: World, request: pytest.FixtureRequest) -> UUID:
    """A message that its sender deleted, with a hold on it; and a live one."""
    organization, people = world.team(2)
    ann, _ = sorted(people)
    conversation = world.direct(organization, *people)
    message = world.send(ann, conversation, "the contract")
    world.send(ann, conversation)
    world.changed(ann, "update messages set deleted_at = now() where id = %s", message)
    subject = {"organization": organization, "conversation": conversation, "user": ann}[request.param]
    world.operator.execute(
        f"select moderation.create_hold('legal-7', 'ann', 'a lawsuit', p_{request.param}_id => %s)".encode(),
        (subject,),
    )
    return message


@pytest.mark.usefixtures("held")
def test_what_removes_held_content_is_refused_until_the_hold_is_released(world: World) -> None:
    before = dump(world)
    for statement in [*TRUNCATES, *REMOVALS, *OTHER_SUBJECTS, *ERASURES]:
        with pytest.raises(psycopg.Error) as refused, world.operator.transaction():
            world.operator.execute(statement.encode())
        assert refused.value.sqlstate == "PT409", statement
    assert dump(world) == before
    world.operator.execute("select moderation.release_hold('legal-7', 'ann', 'it is over')")
    for statement in [*REMOVALS, *ERASURES, *TRUNCATES]:
        with world.operator.transaction(force_rollback=True):
            world.operator.execute(statement.encode())


def test_a_held_message_can_be_restored_and_deleted(world: World, held: UUID) -> None:
    for verb in ("restore", "delete", "restore"):
        row = world.operator.execute(
            f"select status from moderation.{verb}_messages(array[%s], 'ann', 'a mistake')".encode(), (held,)
        ).fetchone()
        assert row == ("done",)
    assert world.fact("select content from messages where id = %s", held) == "the contract"


def test_other_rows_are_not_held(world: World, held: UUID) -> None:
    organization, (cem, dan) = world.team(2)
    message = world.send(cem, world.direct(organization, cem, dan))
    world.changed(cem, "update messages set deleted_at = now() where id = %s", message)
    for change in (
        "update private.deleted_messages set content = null",
        "delete from private.deleted_messages",
    ):
        world.operator.execute(f"{change} where message_id = %s".encode(), (message,))
    world.operator.execute(
        "update private.deleted_messages set reactions = '[]' where message_id = %s", (held,)
    )


def test_a_hold_on_a_user_covers_deleted_messages_whose_sender_was_erased_before(world: World) -> None:
    organization, (ann, ben) = world.team(2)
    message = world.send(ann, world.direct(organization, ann, ben))
    world.changed(ann, "update messages set deleted_at = now()")
    world.changed(None, "update messages set sender_id = null", role="service_role")
    world.operator.execute(
        "select moderation.create_hold('legal-7', 'op', 'a lawsuit', p_user_id => %s)", (ann,)
    )
    for verb in ("redact", "purge"):
        row = world.operator.execute(
            f"select status, problem from moderation.{verb}_messages(array[%s], 'op', 'spam')".encode(),
            (message,),
        ).fetchone()
        assert row == ("failed", "HELD")
