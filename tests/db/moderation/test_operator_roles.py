"""`chatctl operator`: what a granted role can do, logged in as itself, and what it cannot."""

from __future__ import annotations

from uuid import UUID

import psycopg
import pytest
from psycopg import sql

from chatctl.db.connection import Connection
from chatctl.services.moderation import holds, log, messages, names, undo
from chatctl.services.moderation.holds import HoldSubject
from chatctl.services.moderation.log import LogFilter
from chatctl.services.moderation.messages import MessageVerb
from chatctl.services.moderation.operator_roles import OperatorRole, OperatorVerb
from tests.support.operator_roles import ACT, change, login_role, of
from tests.support.world import Database, World


@pytest.fixture
def chat(world: World) -> tuple[UUID, UUID, UUID]:
    """Two people and their conversation."""
    organization, (ann, ben) = world.team(2)
    return ann, ben, world.direct(organization, ann, ben)


def test_an_operator_deletes_restores_redacts_and_purges(
    world: World, chat: tuple[UUID, UUID, UUID], operator: Connection, role: str
) -> None:
    ann, ben, conversation = chat
    message = world.send(ann, conversation, "good morning")
    world.value(ben, "select toggle_reaction(%s, '👍')", message)
    for verb in MessageVerb:
        result = messages.moderate(operator, verb, [message], ACT, dry_run=False, on_wait=print)
        assert (result.done, result.failed) == (1, 0), verb
    entries = log.entries(operator, LogFilter(action="message"), count=10)
    assert [(entry.action, entry.database_role) for entry in reversed(entries)] == [
        (f"message.{verb}", role) for verb in MessageVerb
    ]


def test_an_operator_holds_and_undoes_and_verifies_the_log(
    world: World, chat: tuple[UUID, UUID, UUID], operator: Connection
) -> None:
    ann, _, conversation = chat
    message = world.send(ann, conversation)
    holds.create(operator, "legal-7", HoldSubject.user, ann, ACT, dry_run=False, on_wait=print)
    assert [hold.name for hold in holds.active(operator)] == ["legal-7"]
    assert (
        messages.moderate(operator, MessageVerb.purge, [message], ACT, dry_run=False, on_wait=print).failed
        == 1
    )
    holds.release(operator, "legal-7", ACT, dry_run=False, on_wait=print)
    deleted = messages.moderate(operator, MessageVerb.delete, [message], ACT, dry_run=False, on_wait=print)
    assert deleted.action_id
    assert undo.undo(operator, deleted.action_id, ACT, dry_run=False, on_wait=print).done == 1
    assert world.fact("select content from messages where id = %s", message) == "hello"
    assert log.verify(operator) == (5, [])
    assert len(list(log.every_entry(operator))) == 5


def test_an_operator_finds_what_it_names(
    world: World, chat: tuple[UUID, UUID, UUID], operator: Connection
) -> None:
    ann, _, conversation = chat
    slug = world.fact("select slug from organizations")
    assert names.user(operator, str(ann)).id == ann
    assert names.user(operator, "person0").id == ann
    assert names.organization(operator, slug).name == slug
    assert names.conversation(operator, str(conversation)).id == conversation


def test_an_operator_reads_every_view(operator: Connection) -> None:
    views = operator.execute(
        "select c.oid::regclass::text from pg_class c "
        "where c.relnamespace = 'moderation'::regnamespace and c.relkind = 'v'"
    ).fetchall()
    assert len(views) > 5
    for (view,) in views:
        operator.execute(f"select * from {view}".encode())


def relations(conn: Connection) -> list[tuple[str, str]]:
    return [
        (row[0], row[1])
        for row in conn.execute(
            "select c.oid::regclass::text, n.nspname "
            "from pg_class c join pg_namespace n on n.oid = c.relnamespace "
            "where n.nspname in ('public', 'private', 'auth', 'storage', 'moderation') "
            "and c.relkind in ('r', 'p', 'v', 'm')"
        )
    ]


def test_an_operator_reads_no_table_and_writes_nothing(world: World, operator: Connection, role: str) -> None:
    held = [
        (table, privilege)
        for table, schema in relations(world.operator)
        for privilege in ("select", "insert", "update", "delete", "truncate", "references", "trigger")
        if (schema, privilege) != ("moderation", "select")
        and world.fact(
            "select has_schema_privilege(%s, %s, 'usage') and has_table_privilege(%s, %s, %s)",
            role, schema, role, table, privilege,
        )
    ]  # fmt: skip
    assert held == []


@pytest.mark.parametrize(
    "statement",
    [
        "select * from public.messages",
        "select * from private.moderation_log",
        "select * from private.moderation_key",
        "select * from auth.users",
        "update moderation.organizations set name = 'mine'",
        "delete from moderation.holds",
        "insert into moderation.log_pseudonyms values (gen_random_uuid(), gen_random_uuid())",
        "set role postgres",
        "set role service_role",
        "set role authenticated",
        "set role supabase_admin",
        "set session authorization postgres",
        "create table moderation.mine ()",
        "create function moderation.mine() returns int language sql return 1",
        "create table public.mine ()",
        "create schema mine",
        "create role mine",
        "select private.log_act('mine', '{a:b}', 'ann', 'because', null)",
        "select private.grant_operator('someone', 'ann', 'because')",
        "select private.claims_of(gen_random_uuid())",
        "select private.revoke_operator('someone', 'ann', 'because')",
        "select public.get_messages_page(gen_random_uuid())",
        "select public.get_conversations_with_details(gen_random_uuid())",
        "alter function moderation.log_read owner to current_user",
        "set session_replication_role = replica",
        "truncate private.moderation_log",
        "alter table private.moderation_log disable trigger all",
        "lock table public.messages",
        "copy (select 1) to program 'true'",
    ],
)
def test_an_operator_can_do_nothing_else(operator: Connection, statement: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege), operator.transaction():
        operator.execute(statement.encode())


def test_an_operator_cannot_pass_its_rights_on(operator: Connection, database: Database) -> None:
    with login_role(database) as other:
        for statement in (
            "grant usage on schema moderation to {}",
            "grant execute on all functions in schema moderation to {}",
            "grant select on moderation.log to {}",
        ):
            # PostgreSQL warns and grants nothing, if the role has the privilege itself.
            operator.execute(sql.SQL(statement).format(sql.Identifier(other)))
        with database.connect() as conn:
            assert of(conn, other) is None


def test_functions_and_views_of_a_later_release_are_granted_as_well(
    world: World, operator: Connection, role: str
) -> None:
    world.operator.execute("create function moderation.later() returns int language sql return 1")
    world.operator.execute("revoke execute on function moderation.later() from public")
    world.operator.execute("create view moderation.later_view as select 2")
    assert operator.execute("select moderation.later()").fetchone() == (1,)
    assert operator.execute("select * from moderation.later_view").fetchone() == (2,)
    assert of(world.operator, role) == OperatorRole(role, True, [], [])


def test_operators_who_are_no_longer_trusted_cannot_act(
    world: World, chat: tuple[UUID, UUID, UUID], operator: Connection, role: str
) -> None:
    message = world.send(chat[0], chat[2])
    change(world.operator, OperatorVerb.revoke, role)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        messages.moderate(operator, MessageVerb.delete, [message], ACT, dry_run=False, on_wait=print)
    assert world.fact("select content from messages where id = %s", message) == "hello"


def test_a_setting_of_an_operator_does_not_change_how_functions_are_read(
    world: World, chat: tuple[UUID, UUID, UUID], operator: Connection
) -> None:
    ann, _, conversation = chat
    email = world.fact("select email from user_profiles where id = %s", ann)
    message = world.send(ann, conversation, f"write to {email}")
    operator.execute("set standard_conforming_strings = off")
    with pytest.raises(psycopg.Error, match="must not contain"):
        operator.execute("select moderation.delete_messages(%s, 'SS', %s)", ([message], f"S about {email} S"))
    operator.execute("select moderation.erase_user(%s, 'anonymize', 'op', 'a request')", (ann,))
    assert world.fact("select content from messages where id = %s", message) == "write to [erased]"


@pytest.mark.parametrize("type_name", ["bytea", "jsonb", "text", "timestamptz", "uuid"])
def test_a_type_of_an_operators_own_never_runs_as_the_owner(
    world: World, chat: tuple[UUID, UUID, UUID], operator: Connection, type_name: str
) -> None:
    """PostgreSQL finds types in pg_temp first, unless the search path names it last."""
    ann, _, conversation = chat
    message = world.send(ann, conversation, "good morning")
    operator.execute(
        "create function pg_temp.take_over() returns boolean language plpgsql as $$ begin "
        "insert into public.organizations (name, slug) values ('taken', 'taken'); return true; end $$"
    )
    operator.execute(
        f"create domain pg_temp.{type_name} as pg_catalog.{type_name} check (pg_temp.take_over())".encode()
    )
    for call in (
        "moderation.create_hold('h', 'op', 'a lawsuit', p_conversation_id => %(conversation)s)",
        "moderation.lock_conversation(%(conversation)s, 'closed', 'op', 'spam')",
        "moderation.suspend_user(%(user)s, 'op', 'spam')",
        "moderation.delete_messages(array[%(message)s]::pg_catalog.uuid[], 'op', 'spam')",
    ):
        with operator.transaction():
            operator.execute(
                f"select {call}".encode(), {"conversation": conversation, "user": ann, "message": message}
            )
    assert world.operator.execute("select from organizations where slug = 'taken'").fetchone() is None
