"""sql/platform: the embedded server allows and refuses the same as a hosted project."""

from __future__ import annotations

import pytest
from psycopg.errors import (
    InsufficientPrivilege,
)

from chatctl.db.connection import Connection
from chatctl.db.roles import act_as
from tests.support.platform import insert_user, value
from tests.support.world import Database

API_ROLES = ("anon", "authenticated", "service_role")


# Roles ------------------------------------------------------------------------------------------------------


def test_roles_are_the_same_as_hosted_ones(postgres: Connection) -> None:
    rows = postgres.execute(
        """
        select rolname, rolcanlogin, rolinherit, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication
        from pg_roles
        where rolname in ('anon', 'authenticated', 'service_role', 'authenticator', 'postgres')
        """
    ).fetchall()
    assert {name: attributes for name, *attributes in rows} == {
        "anon": [False, True, False, False, False, False],
        "authenticated": [False, True, False, False, False, False],
        "service_role": [False, True, True, False, False, False],
        "authenticator": [True, False, False, False, False, False],
        "postgres": [True, True, True, True, True, True],
    }


def test_only_the_superuser_is_a_superuser(postgres: Connection) -> None:
    supers = postgres.execute("select rolname from pg_roles where rolsuper").fetchall()
    assert supers == [("supabase_admin",)]


@pytest.mark.parametrize("login", ["postgres", "authenticator"])
@pytest.mark.parametrize("role", API_ROLES)
def test_api_roles_can_be_assumed(bare_database: Database, login: str, role: str) -> None:
    with bare_database.connect(login) as conn:
        conn.execute(f"set role {role}".encode())
        assert value(conn, "select current_user") == role


@pytest.mark.parametrize("role", ["supabase_admin", "supabase_auth_admin", "supabase_storage_admin"])
def test_owner_roles_cannot_be_assumed(postgres: Connection, role: str) -> None:
    with pytest.raises(InsufficientPrivilege):
        postgres.execute(f"set role {role}".encode())


def test_every_login_role_can_log_in(bare_database: Database) -> None:
    with bare_database.connect() as conn:
        logins = conn.execute("select rolname from pg_roles where rolcanlogin").fetchall()
    assert len(logins) >= 10
    for (role,) in logins:
        with bare_database.connect(role) as conn:
            assert value(conn, "select session_user") == role


def test_api_roles_have_short_timeouts(bare_database: Database, api: Connection) -> None:
    assert value(api, "show statement_timeout") == "8s"
    assert value(api, "show lock_timeout") == "8s"
    with bare_database.connect() as conn:
        settings = conn.execute(
            "select rolname, rolconfig from pg_roles where rolname in ('anon', 'authenticated')"
        ).fetchall()
    assert dict(settings) == {"anon": ["statement_timeout=3s"], "authenticated": ["statement_timeout=8s"]}


def test_postgres_owns_the_database_and_may_set_the_replication_role(postgres: Connection) -> None:
    postgres.execute("create schema private")
    postgres.execute("create table public.here (id int)")
    postgres.execute("set session_replication_role = replica")
    assert value(postgres, "select pg_has_role('pg_database_owner', 'member')")


# Default privileges -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", API_ROLES)
def test_tables_created_by_postgres_in_public_are_open_to_the_api(postgres: Connection, role: str) -> None:
    postgres.execute("create table public.notes (id bigint generated always as identity, body text)")
    postgres.execute("create function public.greet() returns text language sql return 'hello'")
    for privilege in ("select", "insert", "update", "delete", "truncate", "references", "trigger"):
        assert value(postgres, "select has_table_privilege(%s, 'public.notes', %s)", role, privilege)
    assert value(postgres, "select has_sequence_privilege(%s, 'public.notes_id_seq', 'usage')", role)
    assert value(postgres, "select has_function_privilege(%s, 'public.greet()', 'execute')", role)


def test_tables_created_by_postgres_elsewhere_are_not_open_to_the_api(postgres: Connection) -> None:
    postgres.execute("create schema private")
    postgres.execute("create table private.notes (id int)")
    assert not value(postgres, "select has_table_privilege('service_role', 'private.notes', 'select')")


# Tables of Supabase -----------------------------------------------------------------------------------------

TABLES = ("auth.users", "auth.identities", "storage.buckets", "storage.objects", "realtime.messages")


@pytest.mark.parametrize("table", TABLES)
def test_postgres_manages_policies_on_tables_that_it_does_not_own(postgres: Connection, table: str) -> None:
    for statement in (
        "create policy mine on {} for select to authenticated using (true)",
        "alter policy mine on {} using (false)",
        "comment on policy mine on {} is 'tried'",
        "drop policy mine on {}",
    ):
        postgres.execute(statement.format(table).encode())


def test_postgres_manages_triggers_on_users(postgres: Connection) -> None:
    postgres.execute("create table public.seen (id uuid)")
    postgres.execute(
        "create function public.see() returns trigger language plpgsql as "
        "'begin insert into public.seen values (new.id); return new; end'"
    )
    for replace in ("", "or replace"):
        postgres.execute(
            f"create {replace} trigger on_user after insert on auth.users "
            "for each row execute function public.see()".encode()
        )
    user = insert_user(postgres)
    assert postgres.execute("select id from public.seen").fetchall() == [(user,)]
    postgres.execute("drop trigger on_user on auth.users")
    postgres.execute("drop function public.see()")


def test_postgres_references_users_from_its_own_tables(postgres: Connection) -> None:
    postgres.execute(
        "create table public.profiles (id uuid primary key references auth.users on delete cascade)"
    )
    user = insert_user(postgres)
    postgres.execute("insert into public.profiles values (%s)", (user,))
    postgres.execute("delete from auth.users")
    assert value(postgres, "select count(*) from public.profiles") == 0
    postgres.execute("drop table public.profiles")


REFUSED = {
    "alter table storage.objects add column mine int": "must be owner of table objects",
    "alter table storage.objects disable row level security": "must be owner of table objects",
    "alter table storage.objects force row level security": "must be owner of table objects",
    "alter table storage.objects owner to postgres": "must be owner of table objects",
    "alter table storage.objects disable trigger update_objects_updated_at": "must be owner of table objects",
    "alter trigger protect_objects_delete on storage.objects rename to it": "must be owner of table objects",
    "alter table auth.users disable trigger user": "must be owner of table users",
    "alter table auth.users drop column phone": "must be owner of table users",
    "alter table auth.users alter column email set not null": "must be owner of table users",
    "comment on table auth.users is 'mine'": "must be owner of table users",
    "create index mine on auth.users (email)": "must be owner of table users",
    "create rule mine as on insert to auth.users do nothing": "must be owner of table users",
    "drop table storage.objects": "must be owner of table objects",
    "drop table auth.users cascade": "must be owner of table users",
    "drop index auth.users_instance_id_idx": "must be owner of index users_instance_id_idx",
    "drop function auth.uid() cascade": "must be owner of function auth.uid()",
    "drop schema storage cascade": "must be owner of schema storage",
    "create table storage.mine (id int)": "permission denied for schema storage",
    "create view auth.mine as select 1 as one": "permission denied for schema auth",
    "create function auth.mine() returns int language sql return 1": "permission denied for schema auth",
    "create or replace function auth.uid() returns uuid language sql return null::uuid": (
        "permission denied for schema auth"
    ),
    "alter function auth.uid() owner to postgres": "must be owner of function auth.uid()",
    "alter publication supabase_realtime add table auth.users": "must be owner of table users",
    "create event trigger mine on ddl_command_end execute function extensions.refuse_platform_commands()": (
        'permission denied to create event trigger "mine"'
    ),
    "drop event trigger platform_refuse_commands": "must be owner of event trigger platform_refuse_commands",
}


@pytest.mark.parametrize("statement", REFUSED)
def test_postgres_may_not_do_what_only_owners_may(postgres: Connection, statement: str) -> None:
    with pytest.raises(InsufficientPrivilege) as refused:
        postgres.execute(statement.encode())
    assert refused.value.diag.message_primary == REFUSED[statement]


def test_a_refused_command_leaves_its_transaction_usable_after_a_savepoint(postgres: Connection) -> None:
    with postgres.transaction():
        postgres.execute("create table public.kept (id int)")
        with pytest.raises(InsufficientPrivilege), postgres.transaction():
            postgres.execute("alter table storage.objects add column mine int")
    assert value(postgres, "select to_regclass('public.kept') is not null")


def test_postgres_publishes_its_own_tables(postgres: Connection) -> None:
    postgres.execute("create table public.notes (id int primary key)")
    postgres.execute("alter publication supabase_realtime add table public.notes")
    published = postgres.execute("select schemaname, tablename from pg_publication_tables").fetchall()
    assert published == [("public", "notes")]


@pytest.mark.parametrize("role", API_ROLES)
def test_the_api_sees_no_table_of_auth(api: Connection, role: str) -> None:
    for table in ("users", "identities", "sessions", "refresh_tokens"):
        with pytest.raises(InsufficientPrivilege), api.transaction():
            act_as(api, role)
            api.execute(f"select from auth.{table}".encode())


def test_storage_is_open_to_the_api_except_for_row_level_security(
    postgres: Connection, api: Connection
) -> None:
    postgres.execute("insert into storage.buckets (id, name) values ('attachments', 'attachments')")
    for role in API_ROLES:
        assert value(postgres, "select has_table_privilege(%s, 'storage.objects', 'truncate')", role)
    with api.transaction():
        act_as(api, "authenticated")
        assert api.execute("select id from storage.buckets").fetchall() == []
    with api.transaction():
        act_as(api, "service_role")
        assert api.execute("select id from storage.buckets").fetchall() == [("attachments",)]


def test_row_level_security_is_enabled_on_tables_open_to_the_api(postgres: Connection) -> None:
    rows = postgres.execute(
        """
        select oid::regclass::text
        from pg_class
        where relnamespace in ('auth'::regnamespace, 'storage'::regnamespace, 'realtime'::regnamespace)
          and relkind in ('r', 'p') and not relrowsecurity
          and has_table_privilege('authenticated', oid, 'select, insert, update, delete')
        """
    ).fetchall()
    assert rows == [("realtime.subscription",)]
