"""The functions that clients call: only for oneself, and not as anon."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.support.refused import error_code
from tests.support.world import World

# Every function of the API with a valid call.
CALLS = {
    "get_user_default_organization": "select get_user_default_organization(%(user)s)",
    "get_unread_count": "select get_unread_count(%(conversation)s, %(user)s)",
    "get_conversations_with_details": "select * from get_conversations_with_details(%(user)s)",
    "is_conversation_participant": "select is_conversation_participant(%(conversation)s, %(user)s)",
    "start_direct_conversation": "select start_direct_conversation(%(other)s, %(organization)s)",
    "create_group_conversation": "select create_group_conversation('g', %(others)s, %(organization)s)",
    "send_message": "select * from send_message(%(conversation)s, 'hello')",
    "get_messages_page": "select * from get_messages_page(%(conversation)s)",
    "toggle_reaction": "select toggle_reaction(%(message)s, '👍')",
    "mark_conversation_read": "select mark_conversation_read(%(conversation)s)",
    "check_message_rate_limit": "select * from check_message_rate_limit()",
    "report_message": "select * from report_message(%(message)s, 'spam')",
    "get_my_restrictions": "select count(*) from get_my_restrictions()",
}
IN_ANOTHERS_NAME = [name for name, call in CALLS.items() if "%(user)s" in call]


class Scene(TypedDict):
    """The parameters of the calls, and the people."""

    organization: UUID
    conversation: UUID
    message: UUID
    user: UUID
    other: UUID
    others: list[UUID]


@pytest.fixture
def scene(world: World) -> Scene:
    organization, (ann, ben, cem) = world.team(3)
    conversation = world.group(organization, ann, ben, cem)
    return {
        "organization": organization,
        "conversation": conversation,
        "message": world.send(ann, conversation),
        "user": ann,
        "other": ben,
        "others": [ben, cem],
    }


def _call(
    world: World, user: UUID | None, name: str, values: Mapping[str, Any], role: str = "authenticated"
) -> list[tuple[Any, ...]]:
    with world.acting(user, role=role) as conn:
        return conn.execute(CALLS[name].encode(), values).fetchall()


def test_every_function_of_the_api_is_tested_here(world: World) -> None:
    named = {
        name
        for (name,) in world.operator.execute(
            "select proname from pg_proc where pronamespace = 'public'::regnamespace"
        )
    }
    assert named == set(CALLS)


@pytest.mark.parametrize("name", CALLS)
def test_participants_may_call_it_for_themselves(world: World, scene: Scene, name: str) -> None:
    assert _call(world, scene["user"], name, scene)


@pytest.mark.parametrize("name", IN_ANOTHERS_NAME)
def test_calling_it_for_somebody_else_is_refused(world: World, scene: Scene, name: str) -> None:
    for caller in (scene["other"], uuid4()):
        with pytest.raises(psycopg.errors.InsufficientPrivilege) as refused:
            _call(world, caller, name, scene)
        assert error_code(refused.value) == "FORBIDDEN"


@pytest.mark.parametrize("name", IN_ANOTHERS_NAME)
def test_calling_it_without_a_user_is_refused(world: World, scene: Scene, name: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        _call(world, scene["user"], name, {**scene, "user": None})


@pytest.mark.parametrize("name", IN_ANOTHERS_NAME)
def test_the_service_role_may_call_it_for_anyone(world: World, scene: Scene, name: str) -> None:
    assert _call(world, None, name, scene, role="service_role")


@pytest.mark.parametrize("name", CALLS)
def test_anon_may_call_nothing(world: World, scene: Scene, name: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied for function"):
        _call(world, scene["user"], name, scene, role="anon")


# A suspended user may ask why; tests/db/moderation/test_suspension.py has the answer.
@pytest.mark.parametrize("name", sorted(CALLS.keys() - {"get_my_restrictions"}))
def test_a_user_gets_nothing_from_the_moment_of_suspension(world: World, scene: Scene, name: str) -> None:
    world.operator.execute(
        "insert into private.suspensions (user_id, reason) values (%s, 'spam')", (scene["user"],)
    )

    with pytest.raises(psycopg.Error) as refused:
        _call(world, scene["user"], name, scene)

    assert refused.value.sqlstate in {"42501", "PT403", "PT404"}


def test_a_suspension_ends_automatically(world: World, scene: Scene) -> None:
    world.operator.execute(
        "insert into private.suspensions (user_id, reason, suspended_until) "
        "values (%s, 'spam', now() - interval '1 s')",
        (scene["user"],),
    )

    assert _call(world, scene["user"], "send_message", scene)


def test_a_suspended_user_reads_and_writes_nothing(world: World, scene: Scene) -> None:
    ann = scene["user"]
    world.operator.execute("insert into private.suspensions (user_id, reason) values (%s, 'spam')", (ann,))

    for table in (
        "organizations",
        "organization_members",
        "user_profiles",
        "conversations",
        "conversation_participants",
        "messages",
    ):
        assert world.value(ann, f"select count(*) from {table}") == 0
    assert world.changed(ann, "update user_profiles set full_name = 'x'") == 0
    assert world.changed(ann, "update messages set reactions = '[]'") == 0
    assert world.changed(ann, "update conversation_participants set is_muted = true") == 0
    assert world.changed(ann, "delete from conversation_participants") == 0


def test_a_stranger_learns_nothing_about_a_conversation(world: World, scene: Scene) -> None:
    stranger = world.user()
    for known in (scene["conversation"], uuid4()):
        parameters = {**scene, "conversation": known}
        for name in ("send_message", "get_messages_page", "mark_conversation_read"):
            with pytest.raises(psycopg.Error) as refused:
                _call(world, stranger, name, parameters)
            assert (refused.value.sqlstate, error_code(refused.value)) == ("PT403", "NOT_PARTICIPANT")


def test_the_default_organization_is_the_one_joined_first(world: World) -> None:
    ann = world.user()
    organizations = [world.organization(ann) for _ in range(5)]
    statement = "select get_user_default_organization(%s)"
    assert world.value(ann, statement, ann) == organizations[0]

    world.operator.execute(
        "update organization_members set joined_at = '2020-01-01' where organization_id = %s",
        (organizations[3],),
    )

    assert world.value(ann, statement, ann) == organizations[3]


def test_pages_have_no_gap_and_no_overlap(world: World) -> None:
    organization, people = world.team(3)
    conversation = world.group(organization, *people)
    for number in range(25):
        world.forget_sending()
        world.send(people[number % 3], conversation, f"message {number}")
    world.changed(
        people[1], "update messages set deleted_at = now() where seq = 20 and sender_id = %s", people[1]
    )
    page = "select seq, content, sender_full_name from get_messages_page(%s, %s, 10)"

    read: list[tuple[Any, ...]] = []
    before = None
    while rows := world.rows(people[0], page, conversation, before):
        read += rows
        before = rows[-1][0]

    assert [seq for seq, *_ in read] == [n for n in range(25, 0, -1) if n != 20]
    assert read[-1] == (1, "message 0", "person0")


@pytest.mark.parametrize("limit", [0, -1, 201, None])
def test_the_page_size_is_limited(world: World, scene: Scene, limit: int | None) -> None:
    with pytest.raises(psycopg.Error, match="p_limit") as refused:
        world.rows(
            scene["user"], "select * from get_messages_page(%s, null, %s)", scene["conversation"], limit
        )
    assert error_code(refused.value) == "VALIDATION_ERROR"


@pytest.mark.parametrize(
    ("content", "attachments", "code"),
    [
        (None, None, "EMPTY_MESSAGE"),
        ("", None, "EMPTY_MESSAGE"),
        (" \n\t ", "[]", "EMPTY_MESSAGE"),
        (None, "[]", "EMPTY_MESSAGE"),
        (None, "null", "VALIDATION_ERROR"),
        ("x" * 4001, None, "VALIDATION_ERROR"),
        ("hi", '{"id": 1}', "VALIDATION_ERROR"),
        ("hi", '[{"id": "1"}]', "VALIDATION_ERROR"),
        ("hi", "[1, 2]", "VALIDATION_ERROR"),
    ],
)
def test_an_invalid_message_is_refused_with_the_documented_code(
    world: World, scene: Scene, content: str | None, attachments: str | None, code: str
) -> None:
    with pytest.raises(psycopg.Error) as refused:
        world.rows(
            scene["user"],
            "select send_message(%s, %s, %s::jsonb)",
            scene["conversation"],
            content,
            attachments,
        )
    assert error_code(refused.value) == code


def _attachment(**change: object) -> dict[str, object]:
    return {"id": "a", "name": "a.png", "type": "image/png", "size": 1, "url": "x", **change}


@pytest.mark.parametrize(
    "attachments",
    [
        [_attachment()] * 6,
        [_attachment(size=10485761)],
        [_attachment(size=-1)],
        [_attachment(size=1.5)],
        [_attachment(size="1")],
        [_attachment(type="text/html")],
        [_attachment(name="")],
        [_attachment(url="")],
        [_attachment(url=None)],
        [_attachment(id="")],
        [_attachment(id="x" * 101)],
        [_attachment(id=1)],
        [_attachment(more=1)],
        [_attachment(x="z" * 40_000_000)],
        [{key: value for key, value in _attachment().items() if key != "size"}],
        [_attachment(name="\U0001f98a" * 255, url="\U0001f98a" * 2048)] * 2,
    ],
)
def test_an_invalid_attachment_is_refused(
    world: World, scene: Scene, attachments: list[dict[str, object]]
) -> None:
    with pytest.raises(psycopg.errors.CheckViolation) as refused:
        world.rows(
            scene["user"],
            "select send_message(%s, null, %s)",
            scene["conversation"],
            Jsonb(attachments),
        )
    assert error_code(refused.value) == "VALIDATION_ERROR"


def test_attachments_take_at_most_16_kilobytes(world: World, scene: Scene) -> None:
    long = _attachment(url="\U0001f98a" * 2048)
    size = "select octet_length(%s::text)"
    left = 16384 - world.fact(size, Jsonb([long, _attachment(url="x")]))
    url = "x" * (1 + left % 4) + "\U0001f98a" * (left // 4)
    fitting = Jsonb([long, _attachment(url=url)])
    assert world.fact(size, fitting) == 16384
    sent = "select send_message(%s, null, %s)"

    assert world.rows(scene["user"], sent, scene["conversation"], fitting)
    with pytest.raises(psycopg.errors.CheckViolation):
        world.rows(scene["user"], sent, scene["conversation"], Jsonb([long, _attachment(url=url + "x")]))


def test_five_attachments_of_ten_megabytes_are_accepted(world: World, scene: Scene) -> None:
    files = Jsonb([_attachment(size=10485760)] * 5)

    assert world.rows(scene["user"], "select send_message(%s, null, %s)", scene["conversation"], files)


def test_a_removed_member_who_is_still_listed_reads_nothing_and_can_return(
    world: World, scene: Scene
) -> None:
    ben, organization = scene["other"], scene["organization"]
    world.operator.execute("delete from organization_members where user_id = %s", (ben,))
    assert world.fact("select count(*) from conversation_participants where user_id = %s", ben) == 1
    for table in ("conversations", "conversation_participants", "messages"):
        assert world.value(ben, f"select count(*) from {table}") == 0
    assert world.rows(ben, "select * from get_conversations_with_details(%s)", ben) == []
    with pytest.raises(psycopg.Error, match="not part"):
        world.rows(ben, "select * from get_messages_page(%s)", scene["conversation"])

    world.join_organization(organization, ben)

    assert world.value(ben, "select count(*) from messages") == 1
