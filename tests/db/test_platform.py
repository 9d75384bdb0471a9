"""sql/platform: the embedded server allows and refuses the same as a hosted project."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.errors import (
    CheckViolation,
    InsufficientPrivilege,
    InvalidTextRepresentation,
    UniqueViolation,
)

from chatctl.db.connection import Connection
from chatctl.db.roles import act_as
from tests.support.platform import value
from tests.support.world import Database

API_ROLES = ("anon", "authenticated", "service_role")


@pytest.fixture
def postgres(bare_database: Database) -> Iterator[Connection]:
    """Connected as the role that migrations run as."""
    with bare_database.connect() as conn:
        yield conn


@pytest.fixture
def api(bare_database: Database) -> Iterator[Connection]:
    """Connected as PostgREST is."""
    with bare_database.connect("authenticator") as conn:
        yield conn


def insert_user(conn: Connection, email: str | None = None) -> UUID:
    user = uuid4()
    conn.execute("insert into auth.users (id, email) values (%s, %s)", (user, email))
    return user


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


# auth -------------------------------------------------------------------------------------------------------


def test_users_and_identities_have_the_defaults_of_auth(postgres: Connection) -> None:
    user = insert_user(postgres, "ann@example.test")
    row = postgres.execute(
        """
        select aud, created_at, confirmation_token, recovery_token, email_change, email_change_token_new,
               phone_change, phone_change_token, email_change_token_current, reauthentication_token,
               email_change_confirm_status, is_sso_user, is_anonymous, phone
        from auth.users
        """
    ).fetchone()
    assert row == (None, None, None, None, None, None, "", "", "", "", 0, False, False, None)

    postgres.execute("update auth.users set email_confirmed_at = '2026-01-23 12:00Z'")
    assert value(postgres, "select confirmed_at = email_confirmed_at from auth.users")
    postgres.execute(
        "insert into auth.identities (provider_id, user_id, provider, identity_data) "
        "values ('1', %s, 'email', '{\"email\": \"Ann@Example.test\"}')",
        (user,),
    )
    assert value(postgres, "select email from auth.identities where id is not null") == "ann@example.test"


@pytest.mark.parametrize(
    ("column", "literal", "error"),
    [
        ("email", "'ann@example.test'", UniqueViolation),
        ("phone", "'491701234567'", UniqueViolation),
        ("confirmation_token", "'deadbeef'", UniqueViolation),
        ("email_change_confirm_status", "3", CheckViolation),
    ],
)
def test_users_have_the_unique_constraints_of_auth(
    postgres: Connection, column: str, literal: str, error: type[psycopg.Error]
) -> None:
    statement = f"insert into auth.users (id, {column}) values (gen_random_uuid(), {literal})".encode()
    with pytest.raises(error):
        for _ in range(2):
            postgres.execute(statement)


def test_an_identity_is_unique_per_provider(postgres: Connection) -> None:
    user = insert_user(postgres)
    statement = (
        "insert into auth.identities (provider_id, user_id, provider, identity_data) "
        "values ('1', %s, %s, '{}')"
    )
    postgres.execute(statement, (user, "email"))
    postgres.execute(statement, (user, "github"))
    with pytest.raises(UniqueViolation):
        postgres.execute(statement, (user, "email"))


@pytest.mark.parametrize("claims", [None, "", "{}", '{"role": "authenticated"}', '{"sub": null}'])
def test_without_a_subject_there_is_no_user(api: Connection, claims: str | None) -> None:
    with api.transaction():
        act_as(api, "authenticated", claims)
        assert value(api, "select auth.uid()") is None


def test_the_claims_identify_the_user(api: Connection) -> None:
    user = uuid4()
    claims = {"sub": str(user), "role": "authenticated", "email": "ann@example.test", "extra": [1]}
    with api.transaction():
        act_as(api, "authenticated", claims)
        row = api.execute("select auth.uid(), auth.role(), auth.email(), auth.jwt()").fetchone()
    assert row == (user, "authenticated", "ann@example.test", claims)


def test_an_individual_claim_takes_precedence(api: Connection) -> None:
    alone, together = uuid4(), uuid4()
    with api.transaction():
        act_as(api, "authenticated", {"sub": str(together)})
        api.execute("select set_config('request.jwt.claim.sub', %s, true)", (str(alone),))
        assert value(api, "select auth.uid()") == alone


@pytest.mark.parametrize("claims", ["{", "claims", '{"sub": "not-a-uuid"}', '{"sub": ""}'])
def test_malformed_claims_raise_as_they_do_in_hosted_projects(api: Connection, claims: str) -> None:
    with pytest.raises(InvalidTextRepresentation), api.transaction():
        act_as(api, "authenticated", claims)
        api.execute("select auth.uid()")


# storage ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("org/chat/7/a_b.c.png", (["org", "chat", "7"], "a_b.c.png", "png")),
        ("plain.txt", ([], "plain.txt", "txt")),
        ("folder/", (["folder"], "", "")),
        ("//x", (["", ""], "x", "x")),
        ("", (None, None, None)),
    ],
)
def test_the_name_of_an_object_is_split_into_parts(
    api: Connection, name: str, parts: tuple[Any, ...]
) -> None:
    with api.transaction():
        act_as(api, "authenticated")
        row = api.execute(
            "select storage.foldername(%(n)s), storage.filename(%(n)s), storage.extension(%(n)s)", {"n": name}
        ).fetchone()
    assert row == parts


def test_an_object_has_path_tokens_and_a_current_updated_at(postgres: Connection) -> None:
    postgres.execute("insert into storage.buckets (id, name) values ('b', 'b')")
    postgres.execute(
        "insert into storage.objects (bucket_id, name, updated_at) values ('b', 'a/b', '2020-01-01')"
    )
    postgres.execute("update storage.objects set version = '2'")
    row = postgres.execute("select path_tokens, updated_at > '2026-01-01' from storage.objects").fetchone()
    assert row == (["a", "b"], True)


def test_rows_of_storage_are_not_deleted_by_accident(postgres: Connection) -> None:
    postgres.execute("insert into storage.buckets (id, name) values ('b', 'b')")
    with pytest.raises(InsufficientPrivilege, match="Use the Storage API instead"):
        postgres.execute("delete from storage.buckets")
    with postgres.transaction():
        postgres.execute("set local storage.allow_delete_query = 'true'")
        postgres.execute("delete from storage.buckets")
    assert value(postgres, "select count(*) from storage.buckets") == 0


def test_a_bucket_has_no_versions_and_a_limited_name_length(postgres: Connection) -> None:
    postgres.execute("insert into storage.buckets (id, name) values ('b', 'b')")
    assert value(postgres, "select versioning_status from storage.buckets") == "DISABLED"
    with pytest.raises(CheckViolation, match="buckets_versioning_dark_check"):
        postgres.execute("update storage.buckets set versioning_status = 'ENABLED'")
    with pytest.raises(psycopg.errors.RaiseException, match="100 are the most"):
        postgres.execute("update storage.buckets set name = repeat('x', 101)")


def test_a_policy_can_read_the_current_operation_of_storage(api: Connection) -> None:
    with api.transaction():
        act_as(api, "authenticated")
        api.execute("set local storage.operation = 'storage.object.list'")
        row = api.execute(
            """
            select
              storage.allow_only_operation('object.list'),
              storage.allow_only_operation('storage.object.get'),
              storage.allow_any_operation('{object.get,storage.object.list}'),
              storage.allow_any_operation('{}')
            """
        ).fetchone()
    assert row == (True, False, True, False)
