"""`chatctl operator`: granting and revoking the rights of operators, and what else a role has."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import sql

from chatctl.db.connection import Connection, translated
from chatctl.errors import Invalid, NotAllowed, NotFound
from chatctl.services.drift.compare import between
from chatctl.services.moderation import log, operator_roles, undo
from chatctl.services.moderation.log import LogFilter
from chatctl.services.moderation.operator_roles import OperatorRole, OperatorVerb
from tests.support.operator_roles import ACT, change, grant, login_role, of
from tests.support.world import Database, World

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
