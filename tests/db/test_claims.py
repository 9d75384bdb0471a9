"""No value of the claims makes a policy raise: such an error would stop Realtime for everybody."""

from __future__ import annotations

import json

import pytest

from chatctl.db.roles import claims_for
from tests.support.world import World

NOBODY = {
    "unset": "",
    "empty object": "{}",
    "array": "[]",
    "text": '"sub"',
    "no JSON": "not json",
    "half JSON": '{"sub": "',
    "without sub": '{"role": "authenticated"}',
    "null sub": '{"sub": null}',
    "sub not a uuid": '{"sub": "user-123"}',
    "sub of SQL": '{"sub": "\'; drop table messages; --"}',
    "sub an object": '{"sub": {"a": 1}}',
    "sub with a newline": '{"sub": "00000000-0000-4000-8000-000000000000\\n"}',
    "1 MB of JSON": json.dumps({"sub": "x" * 1_000_000}),
    "1 MB of nesting": "[" * 500_000 + "]" * 500_000,
    "a million digits": '{"sub": ' + "1" * 1_000_000 + "}",
}
TABLES = (
    "public.organizations",
    "public.organization_members",
    "public.user_profiles",
    "public.conversations",
    "public.conversation_participants",
    "public.messages",
    "storage.objects",
)


@pytest.fixture
def populated(world: World) -> World:
    organization, (ann, ben) = world.team(2)
    conversation = world.direct(organization, ann, ben)
    world.send(ann, conversation)
    world.operator.execute(
        "insert into storage.objects (bucket_id, name) values ('attachments', %s)",
        (f"{organization}/chat/{conversation}/11111111-1111-4111-8111-111111111111_a.png",),
    )
    return world


@pytest.mark.parametrize("claims", NOBODY.values(), ids=NOBODY)
def test_no_policy_raises_and_nobody_sees_anything(populated: World, claims: str) -> None:
    for table in TABLES:
        assert populated.rows(None, f"select * from {table}", claims=claims) == []
    for statement in (
        "update messages set reactions = '[]'",
        "update conversations set name = 'x'",
        "update conversation_participants set is_muted = true",
        "update user_profiles set full_name = 'x'",
        "delete from conversation_participants",
    ):
        assert populated.changed(None, statement, claims=claims) == 0


def test_a_long_token_of_a_user_is_read(populated: World) -> None:
    ann = populated.fact("select created_by from conversations")

    visible = populated.rows(
        ann, "select content from messages", claims=claims_for(ann, user_metadata={"bio": "x" * 1_000_000})
    )

    assert visible == [("hello",)]


def test_claims_of_another_kind_give_no_rights(populated: World) -> None:
    stranger = populated.user()
    organization = str(populated.fact("select id from organizations"))
    forged = claims_for(
        stranger,
        role="service_role",
        user_metadata={"organization_id": organization, "role": "owner", "is_admin": True},
        app_metadata={"organization_id": organization, "role": "admin"},
    )

    for table in TABLES:
        visible = populated.rows(None, f"select * from {table}", claims=forged)
        assert len(visible) == (1 if table == "public.user_profiles" else 0)
