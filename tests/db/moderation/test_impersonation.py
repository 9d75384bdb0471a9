"""`chatctl as`: what a user sees, and that there is no way out of the view."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg.types.json import Jsonb

from chatctl.db.connection import Connection
from chatctl.errors import NotAllowed, NotFound
from chatctl.services.moderation import impersonation, operator_roles
from chatctl.services.moderation.comparing import compare
from chatctl.services.moderation.impersonation import ImpersonatedUser, ViewedRows
from chatctl.services.moderation.names import NamedThing
from chatctl.services.moderation.operator_roles import OperatorVerb
from chatctl.services.moderation.operators import OperatorAct
from tests.support.operator_roles import login_role
from tests.support.world import World

ACT = OperatorAct("ann@example.test", "cannot see the group", "T-1")


@pytest.fixture
def chat(world: World) -> tuple[UUID, list[UUID], UUID, UUID]:
    """An organization, three people, a group of all, and a conversation of the first two."""
    organization, people = world.team(3)
    ann, ben, cleo = people
    return (
        organization,
        people,
        world.group(organization, ann, ben, cleo),
        world.direct(organization, ann, ben),
    )


def viewer(world: World, user: UUID) -> ImpersonatedUser:
    return impersonation.viewer(world.operator, NamedThing(user, "the user"))


def look(world: World, user: UUID, name: str, **parameters: Any) -> ViewedRows:
    return impersonation.read_as(world.operator, [viewer(world, user)], name, parameters)[0]


def page(world: World, user: UUID, conversation: UUID) -> ViewedRows:
    return look(world, user, "messages", conversation_id=conversation, before=None, count=50)


def test_a_user_sees_what_the_api_gives_the_user(
    world: World, chat: tuple[UUID, list[UUID], UUID, UUID]
) -> None:
    _, (ann, ben, cleo), group, direct = chat
    message = world.send(ann, direct, "for ben")
    world.send(ben, group, "for all")
    for user in (ann, ben, cleo):
        expected = world.rows(
            user, "select conversation_id, unread_count from get_conversations_with_details(%s)", user
        )
        assert [
            (row["id"], row["unread_count"]) for row in look(world, user, "conversations").rows
        ] == expected
    assert [row["content"] for row in page(world, ben, direct).rows] == ["for ben"]
    assert look(world, ben, "message", id=message).rows[0]["content"] == "for ben"
    assert look(world, cleo, "message", id=message).rows == []
    refused = page(world, cleo, direct)
    assert (refused.rows, refused.refusal) == ([], "You're not part of this conversation")
    names = look(world, cleo, "conversations_named", text=str(direct), id=direct, count=5)
    assert names.rows == []


def test_the_claims_are_those_of_the_access_token(world: World) -> None:
    ann = world.user("ann")
    world.operator.execute(
        "update auth.users set raw_app_meta_data = %s, is_anonymous = true where id = %s",
        (Jsonb({"provider": "email", "tier": "gold"}), ann),
    )
    email = world.fact("select email from auth.users where id = %s", ann)
    assert viewer(world, ann).claims == {
        "sub": str(ann),
        "aud": "authenticated",
        "role": "authenticated",
        "email": email,
        "phone": "",
        "app_metadata": {"provider": "email", "tier": "gold"},
        "user_metadata": {"full_name": "ann"},
        "aal": "aal1",
        "is_anonymous": True,
    }


def test_a_policy_that_reads_app_metadata_decides_as_it_does_for_the_user(
    world: World, chat: tuple[UUID, list[UUID], UUID, UUID]
) -> None:
    _, (ann, _, cleo), _, direct = chat
    message = world.send(ann, direct)
    world.operator.execute(
        "create policy gold on messages for select to authenticated "
        "using (auth.jwt() -> 'app_metadata' ->> 'tier' = 'gold')"
    )
    assert look(world, cleo, "message", id=message).rows == []
    world.operator.execute(
        'update auth.users set raw_app_meta_data = \'{"tier": "gold"}\' where id = %s', (cleo,)
    )
    assert len(look(world, cleo, "message", id=message).rows) == 1


def test_a_suspended_user_sees_nothing(world: World, chat: tuple[UUID, list[UUID], UUID, UUID]) -> None:
    _, (ann, _, _), group, _ = chat
    message = world.send(ann, group)
    world.operator.execute("insert into private.suspensions (user_id, reason) values (%s, 'spam')", (ann,))
    assert viewer(world, ann).suspended
    assert look(world, ann, "conversations").rows == []
    assert page(world, ann, group).rows == []
    assert look(world, ann, "message", id=message).rows == []
    world.operator.execute("update private.suspensions set suspended_until = now() - interval '1 day'")
    assert not viewer(world, ann).suspended
    assert len(page(world, ann, group).rows) == 1


@pytest.mark.parametrize(
    "body",
    [
        "insert into public.organizations (name, slug) values ('x', 'x')",
        "set transaction read write; insert into public.organizations (name, slug) values ('x', 'x')",
        "perform set_config('transaction_read_only', 'off', true)",
        "reset role; insert into public.organizations (name, slug) values ('x', 'x')",
        "delete from private.moderation_log",
        "perform private.log_act('x', '{a:b}', 'x', 'x', null)",
        "create table public.mine ()",
    ],
)
@pytest.mark.parametrize("security", ["invoker", "definer"])
def test_nothing_can_be_written_in_the_view(
    world: World, chat: tuple[UUID, list[UUID], UUID, UUID], body: str, security: str
) -> None:
    replace_listing(world, body, security)
    try:
        # What the role lacks a privilege for, the API refuses as well.
        assert look(world, chat[1][0], "conversations").refusal
    except psycopg.Error as error:
        assert error.sqlstate in ("25001", "25006", "0A000")
    assert world.fact("select count(*) from private.moderation_log") == 0
    assert world.fact("select count(*) from public.organizations") == 1
    assert world.fact("select current_user") == "postgres"


@pytest.mark.parametrize(
    "body",
    [
        "reset role",
        "set local role service_role",
        "perform set_config('role', 'postgres', true)",
        "perform set_config('role', 'none', false)",
        "perform set_config('request.jwt.claims', '{\"role\": \"service_role\"}', true)",
        "perform set_config('request.jwt.claims', '', true)",
    ],
)
def test_a_function_that_leaves_the_view_gets_nothing_out(
    world: World, chat: tuple[UUID, list[UUID], UUID, UUID], body: str
) -> None:
    replace_listing(world, body, "invoker")
    with pytest.raises((NotAllowed, psycopg.Error)) as error:
        look(world, chat[1][0], "conversations")
    assert "left the view" in str(error.value)
    assert world.fact("select current_user") == "postgres"
    assert world.fact("select coalesce(current_setting('request.jwt.claims', true), '')") == ""


def replace_listing(world: World, body: str, security: str) -> None:
    """The client's function, as somebody could replace it who wants more than the view gives."""
    world.operator.execute("drop function public.get_conversations_with_details(uuid)")
    world.operator.execute(
        f"""
        create function public.get_conversations_with_details(p_user_id uuid)
        returns table (
          conversation_id uuid, organization_id uuid, name text, is_group boolean, unread_count integer,
          is_starred boolean, is_muted boolean, last_read_at timestamptz, last_message_created_at timestamptz,
          last_message_sender_name text, last_message_content text
        )
        language plpgsql security {security}
        as $body$ begin {body};
          return query select m.conversation_id, m.organization_id, ''::text, false, 0, false, false,
            now(), now(), ''::text, m.content from public.messages m;
        end $body$
        """.encode()
    )


def test_hostile_claims_are_only_data(world: World, chat: tuple[UUID, list[UUID], UUID, UUID]) -> None:
    _, (ann, ben, _), group, _ = chat
    hostile = {"role": "service_role", "sub": str(ben), "full_name": "'; reset role; --", "x": '"}\\u0000'}
    world.operator.execute(
        "update auth.users set raw_user_meta_data = %s, raw_app_meta_data = %s where id = %s",
        (Jsonb(hostile), Jsonb(hostile), ann),
    )
    claims = viewer(world, ann).claims
    assert (claims["role"], claims["sub"]) == ("authenticated", str(ann))
    world.send(ben, group)
    assert len(page(world, ann, group).rows) == 1


@pytest.mark.parametrize("role", ["service_role", "postgres", "anon", "supabase_admin"])
def test_users_whose_tokens_have_another_role_are_refused(world: World, role: str) -> None:
    ann = world.user("ann")
    world.operator.execute("update auth.users set role = %s where id = %s", (role, ann))
    with pytest.raises(NotAllowed):
        viewer(world, ann)


def test_a_user_without_an_account_cannot_be_viewed(world: World) -> None:
    with pytest.raises(NotFound):
        viewer(world, UUID(int=1))


def test_a_role_of_operators_is_refused_before_anything_is_logged(world: World) -> None:
    with login_role(world.database) as role:
        operator_roles.change(world.operator, OperatorVerb.grant, role, ACT, dry_run=False, on_wait=print)
        with world.database.connect(role) as conn, pytest.raises(NotAllowed) as error:
            impersonation.require_possible(conn)
        assert role in str(error.value)
    impersonation.require_possible(world.operator)


def logged(conn: Connection) -> list[tuple[Any, ...]]:
    return conn.execute("select action, targets, details, user_id from moderation.log order by id").fetchall()


def test_the_log_names_the_users_by_pseudonym(
    world: World, chat: tuple[UUID, list[UUID], UUID, UUID]
) -> None:
    _, (ann, ben, _), group, _ = chat
    impersonation.log(
        world.operator, "conversation show", [viewer(world, ann), viewer(world, ben)],
        [f"conversation:{group}"], {"limit": 50}, ACT, on_wait=print,
    )  # fmt: skip
    ((action, targets, details, _),) = logged(world.operator)
    assert action == "read"
    assert [target.split(":")[0] for target in targets] == ["user", "user", "conversation"]
    assert str(ann) not in f"{targets} {details}"
    assert details == {"command": "as conversation show", "arguments": {"limit": 50}}
    with pytest.raises(psycopg.Error) as error:
        impersonation.log(
            world.operator, "conversation list", [viewer(world, ann)], [], {},
            OperatorAct("ann", "person0 asked"), on_wait=print,
        )  # fmt: skip
    assert error.value.sqlstate == "PT400"


def test_two_users_are_compared_in_one_snapshot(
    world: World, chat: tuple[UUID, list[UUID], UUID, UUID]
) -> None:
    organization, (ann, _, cleo), group, direct = chat
    alone = world.direct(organization, cleo, chat[1][1])
    views = impersonation.read_as(
        world.operator, [viewer(world, ann), viewer(world, cleo)], "conversations", {}
    )
    result = compare(*views, personal=("unread_count", "is_starred", "is_muted", "last_read_at"))
    assert {row["id"] for row in result.rows} == {direct, alone}
    assert result.identical == 1
    assert group not in {row["id"] for row in result.rows}


def test_a_comparison_names_the_columns_that_differ() -> None:
    ann, ben = (
        ImpersonatedUser(UUID(int=1), "ann", {}, False),
        ImpersonatedUser(UUID(int=2), "ben", {}, False),
    )
    result = compare(
        ViewedRows(ann, [{"id": 1, "name": "x", "unread": 3}, {"id": 2, "name": "y", "unread": 0}]),
        ViewedRows(ben, [{"id": 1, "name": None, "unread": 0}, {"id": 3, "name": "z", "unread": 0}]),
        personal=["unread"],
    )
    assert result.rows == [
        {"seen_by": "ann", "differs": ["name"], "id": 1, "name": "x", "unread": 3},
        {"seen_by": "ben", "differs": ["name"], "id": 1, "name": None, "unread": 0},
        {"seen_by": "ann", "differs": [], "id": 2, "name": "y", "unread": 0},
        {"seen_by": "ben", "differs": [], "id": 3, "name": "z", "unread": 0},
    ]
    assert (result.identical, result.different, result.only) == (0, 1, {"ann": 1, "ben": 1})
