"""`chatctl operator`: what a granted role can do, logged in as itself, and what it cannot."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import psycopg
import pytest
from psycopg import sql

from chatctl.db.connection import Connection, translated
from chatctl.errors import Invalid, NotAllowed, NotFound
from chatctl.services.drift.compare import between
from chatctl.services.moderation import holds, log, messages, names, operator_roles, undo
from chatctl.services.moderation.holds import HoldSubject
from chatctl.services.moderation.log import LogFilter
from chatctl.services.moderation.messages import MessageVerb
from chatctl.services.moderation.operator_roles import OperatorRole, OperatorVerb
from chatctl.services.moderation.operators import OperatorAct
from chatctl.services.moderation.results import ActionResult
from tests.support.operator_roles import login_role
from tests.support.world import Database, World

ACT = OperatorAct("ann@example.test", "spam", "T-1")
HOSTILE = [
    'x"; drop schema moderation cascade; --',
    "o'brien",
    "select",
    "Upper Case",
    "ann@example.test",
    "%I %s %%",
    "back\\slash $$ {}",
    "zwei\nZeilen",
    "🦄",
]


def change(conn: Connection, verb: OperatorVerb, role: str, *, dry_run: bool = False) -> ActionResult:
    with translated():
        return operator_roles.change(conn, verb, role, ACT, dry_run=dry_run, on_wait=print)


def grant(conn: Connection, role: str) -> None:
    change(conn, OperatorVerb.grant, role)


def of(conn: Connection, role: str) -> OperatorRole | None:
    return next((each for each in operator_roles.roles(conn) if each.name == role), None)


@pytest.fixture
def role(database: Database) -> Iterator[str]:
    """A login role that was granted the rights of an operator."""
    with login_role(database) as name, database.connect() as conn:
        grant(conn, name)
        yield name


@pytest.fixture
def operator(database: Database, role: str) -> Iterator[Connection]:
    """A connection of that role."""
    with database.connect(role) as conn:
        yield conn


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


@pytest.mark.parametrize("name", HOSTILE)
def test_any_name_of_a_role_works(database: Database, name: str) -> None:
    with login_role(database, name) as role, database.connect() as owner:
        grant(owner, role)
        assert of(owner, role) == OperatorRole(role, True, [], [])
        with database.connect(role) as conn:
            assert conn.execute("select count(*) from moderation.log").fetchone() == (1,)
            assert log.entries(conn, LogFilter(), count=1)[0].targets == [f"role:{role}"]
            change(owner, OperatorVerb.revoke, role)
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                conn.execute("select count(*) from moderation.log")


def test_a_revoked_role_has_nothing_left_and_can_be_dropped(world: World, database: Database) -> None:
    with login_role(database) as kept:
        grant(world.operator, kept)
        world.operator.execute("create role dropped_operator login")
        grant(world.operator, "dropped_operator")
        change(world.operator, OperatorVerb.revoke, "dropped_operator")
        world.operator.execute("drop role dropped_operator")
        assert of(world.operator, kept) == OperatorRole(kept, True, [], [])


def test_granting_and_revoking_again_changes_nothing(world: World, database: Database) -> None:
    with login_role(database) as role:
        for verb in OperatorVerb:
            assert change(world.operator, verb, role, dry_run=True).dry_run
            if verb is OperatorVerb.grant:
                assert of(world.operator, role) is None
                first = change(world.operator, verb, role)
                assert (first.done, first.action_id) == (1, 1)
            else:
                assert change(world.operator, verb, role).done == 1
            again = change(world.operator, verb, role)
            assert (again.noop, again.action_id) == (1, None)
    actions = [entry.action for entry in log.entries(world.operator, LogFilter(), count=10)]
    assert actions == ["operator.revoke", "operator.grant"]


def test_a_grant_mends_what_is_missing_and_takes_what_is_too_much(
    world: World, role: str, operator: Connection
) -> None:
    name = sql.Identifier(role)
    for statement in (
        "revoke execute on function moderation.undo from {}",
        "revoke select on moderation.log from {}",
        "grant update on moderation.organizations to {}",
        "grant update (name) on moderation.organizations to {}",
        "grant usage on schema moderation to {} with grant option",
    ):
        world.operator.execute(sql.SQL(statement).format(name))
    found = of(world.operator, role)
    assert found
    assert found.missing == [
        "EXECUTE on function moderation.undo(bigint,text,text,text)", "SELECT on view moderation.log"
    ]  # fmt: skip
    assert found.surplus == [
        "UPDATE on column moderation.organizations.name",
        "UPDATE on view moderation.organizations",
        "USAGE on schema moderation with grant option",
    ]  # fmt: skip
    grant(world.operator, role)
    assert of(world.operator, role) == OperatorRole(role, True, [], [])


def test_the_list_shows_what_else_a_role_can_do(world: World, role: str, database: Database) -> None:
    with login_role(database, "group", "nologin") as group:
        world.operator.execute(sql.SQL("grant {} to {}").format(sql.Identifier(group), sql.Identifier(role)))
        found = of(world.operator, role)
        assert found
        assert found.surplus == [f"member of {group}"]


@pytest.mark.parametrize(
    ("statement", "surplus"),
    [
        ("grant select on public.messages to {}", "select on public.messages"),
        ("grant update (content) on public.messages to {}", "update on public.messages.content"),
        ("grant usage on schema private to {}", "usage on schema private"),
        (
            "grant usage on schema private to {} with grant option",
            "usage on schema private with grant option",
        ),
        ("grant execute on function pg_ls_logdir() to {}", "execute on function pg_catalog.pg_ls_logdir()"),
        (
            "alter default privileges for role postgres in schema public grant delete on tables to {}",
            "delete on new objects for role postgres in schema public on tables",
        ),
        (
            "do 'begin execute format($$grant create on database %I to {}$$, current_database()); end'",
            "create on database",
        ),
        ("grant set on parameter session_replication_role to {}", "set session_replication_role"),
        ("alter role {} createdb", "createdb"),
        ('create table public."My t" (); alter table public."My t" owner to {}', 'owns public."My t"'),
        ("create schema mine authorization {}", "owns schema mine"),
    ],
)  # fmt: skip
def test_the_list_shows_each_right_outside_of_schema_moderation(
    world: World, database: Database, role: str, statement: str, surplus: str
) -> None:
    with database.connect("supabase_admin") as admin:
        admin.execute(sql.SQL(statement).format(sql.Identifier(role)))
    assert of(world.operator, role) == OperatorRole(role, True, [], [surplus])
    assert change(world.operator, OperatorVerb.grant, role).noop == 1


def test_temporary_tables_of_an_operator_are_no_surplus(
    world: World, operator: Connection, role: str
) -> None:
    operator.execute("create temporary table mine ()")
    assert of(world.operator, role) == OperatorRole(role, True, [], [])


@pytest.mark.parametrize(
    "refused",
    [
        *("anon", "authenticated", "service_role", "authenticator", "postgres", "supabase_admin"),
        *("supabase_auth_admin", "supabase_storage_admin", "supabase_read_only_user", "pgbouncer"),
        *("pg_read_all_data", "pg_monitor"),
    ],
)
def test_roles_of_the_api_and_of_supabase_are_refused(world: World, refused: str) -> None:
    with pytest.raises((NotAllowed, Invalid)):
        grant(world.operator, refused)
    assert operator_roles.roles(world.operator) == []
    assert log.entries(world.operator, LogFilter(), count=1) == []


def test_roles_that_can_do_more_or_cannot_log_in_are_refused(world: World, database: Database) -> None:
    for attribute in ("bypassrls", "createrole"):
        with login_role(database, attributes=f"login {attribute}") as more, pytest.raises(NotAllowed):
            grant(world.operator, more)
    with login_role(database, attributes="nologin") as group, pytest.raises(Invalid):
        grant(world.operator, group)
    assert operator_roles.roles(world.operator) == []


def test_members_of_roles_that_can_do_more_are_refused(world: World, database: Database) -> None:
    more = ["pg_execute_server_program", "pg_write_all_data", "pg_write_server_files", "authenticated"]
    if world.fact("select current_setting('server_version_num')::int") >= 170000:
        more.append("pg_maintain")
    for each in more:
        with (
            login_role(database, "group", "nologin") as group,
            login_role(database) as member,
            login_role(database) as member_of_group,
            database.connect("supabase_admin") as admin,
        ):
            for of_role, to in ((each, group), (each, member), (group, member_of_group)):
                statement = sql.SQL("grant {} to {} with inherit false")
                admin.execute(statement.format(sql.Identifier(of_role), sql.Identifier(to)))
            for refused in (member, member_of_group):
                with pytest.raises(NotAllowed):
                    grant(world.operator, refused)
    assert operator_roles.roles(world.operator) == []


def test_the_owner_of_the_database_is_refused(world: World, database: Database) -> None:
    change_owner = sql.SQL("alter database {} owner to {}")
    with login_role(database) as owner, database.connect("supabase_admin") as admin:
        admin.execute(change_owner.format(sql.Identifier(database.name), sql.Identifier(owner)))
        try:
            with pytest.raises(NotAllowed):
                grant(world.operator, owner)
        finally:
            admin.execute(change_owner.format(sql.Identifier(database.name), sql.SQL("postgres")))


@pytest.mark.parametrize("missing", ["nobody_of_this_name", "public", "PUBLIC", "current_user", "n" * 70])
def test_a_role_that_does_not_exist_is_not_found(world: World, missing: str) -> None:
    for verb in OperatorVerb:
        with pytest.raises(NotFound):
            change(world.operator, verb, missing)


def test_a_grant_is_revoked_by_its_owner_and_not_by_undo(world: World, operator: Connection) -> None:
    for conn in (operator, world.operator):
        with pytest.raises(Invalid), translated():
            undo.undo(conn, 1, ACT, dry_run=False, on_wait=print)


def test_an_operator_makes_nobody_an_operator(operator: Connection, role: str, database: Database) -> None:
    with login_role(database) as other:
        for verb in OperatorVerb:
            for target in (other, role):
                with pytest.raises(NotAllowed):
                    change(operator, verb, target)


def test_a_granted_role_is_no_drift_and_other_grants_are(
    world: World, role: str, other_database: Database
) -> None:
    with other_database.connect() as wanted:
        assert between(wanted, world.operator) == []
        name = sql.Identifier(role)
        world.operator.execute(sql.SQL("grant select on public.messages to {}").format(name))
        world.operator.execute(sql.SQL("grant update on moderation.organizations to {}").format(name))
        world.operator.execute("grant usage on schema moderation to service_role")
        found = {difference.name for difference in between(wanted, world.operator)}
        assert found == {
            f"on table public.messages to {role}",
            f"on view moderation.organizations to {role}",
            "on schema moderation to service_role",
        }


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
