"""sql/platform: what a hosted project allows works on the embedded server, and what it refuses fails."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from psycopg.errors import (
    CheckViolation,
    InsufficientPrivilege,
    InvalidTextRepresentation,
    UniqueViolation,
)

from chatctl.db.connection import Connection
from chatctl.db.roles import act_as
from chatctl.local.postgres import binaries, platform
from chatctl.local.postgres.server import Server
from tests.support.world import Database

API_ROLES = ("anon", "authenticated", "service_role")
_numbers = count(1)


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


def value(conn: Connection, statement: str, *parameters: Any) -> Any:
    row = conn.execute(statement.encode(), parameters or None).fetchone()
    assert row
    return row[0]


def insert_user(conn: Connection, email: str | None = None) -> UUID:
    user = uuid4()
    conn.execute("insert into auth.users (id, email) values (%s, %s)", (user, email))
    return user


# Roles ------------------------------------------------------------------------------------------------------


def test_roles_are_what_hosted_ones_are(postgres: Connection) -> None:
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


def test_only_the_superuser_is_one(postgres: Connection) -> None:
    supers = postgres.execute("select rolname from pg_roles where rolsuper").fetchall()
    assert supers == [("supabase_admin",)]


@pytest.mark.parametrize("login", ["postgres", "authenticator"])
@pytest.mark.parametrize("role", API_ROLES)
def test_api_roles_can_be_taken(bare_database: Database, login: str, role: str) -> None:
    with bare_database.connect(login) as conn:
        conn.execute(f"set role {role}".encode())
        assert value(conn, "select current_user") == role


@pytest.mark.parametrize("role", ["supabase_admin", "supabase_auth_admin", "supabase_storage_admin"])
def test_owners_cannot_be_taken(postgres: Connection, role: str) -> None:
    with pytest.raises(InsufficientPrivilege):
        postgres.execute(f"set role {role}".encode())


def test_every_role_that_may_log_in_can(bare_database: Database) -> None:
    with bare_database.connect() as conn:
        logins = conn.execute("select rolname from pg_roles where rolcanlogin").fetchall()
    assert len(logins) >= 10
    for (role,) in logins:
        with bare_database.connect(role) as conn:
            assert value(conn, "select session_user") == role


def test_api_roles_have_little_time(bare_database: Database, api: Connection) -> None:
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


# What is open by default ------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", API_ROLES)
def test_what_postgres_makes_in_public_is_open_to_the_api(postgres: Connection, role: str) -> None:
    postgres.execute("create table public.notes (id bigint generated always as identity, body text)")
    postgres.execute("create function public.greet() returns text language sql return 'hello'")
    for privilege in ("select", "insert", "update", "delete", "truncate", "references", "trigger"):
        assert value(postgres, "select has_table_privilege(%s, 'public.notes', %s)", role, privilege)
    assert value(postgres, "select has_sequence_privilege(%s, 'public.notes_id_seq', 'usage')", role)
    assert value(postgres, "select has_function_privilege(%s, 'public.greet()', 'execute')", role)


def test_what_postgres_makes_elsewhere_is_not(postgres: Connection) -> None:
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


def test_postgres_refers_to_users_from_its_own_tables(postgres: Connection) -> None:
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
def test_postgres_is_refused_what_owners_do(postgres: Connection, statement: str) -> None:
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


def test_storage_is_open_to_the_api_but_for_row_level_security(postgres: Connection, api: Connection) -> None:
    postgres.execute("insert into storage.buckets (id, name) values ('attachments', 'attachments')")
    for role in API_ROLES:
        assert value(postgres, "select has_table_privilege(%s, 'storage.objects', 'truncate')", role)
    with api.transaction():
        act_as(api, "authenticated")
        assert api.execute("select id from storage.buckets").fetchall() == []
    with api.transaction():
        act_as(api, "service_role")
        assert api.execute("select id from storage.buckets").fetchall() == [("attachments",)]


def test_row_level_security_is_on_where_the_api_reaches_rows(postgres: Connection) -> None:
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
def test_users_are_as_unique_as_in_auth(
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
def test_nobody_is_asking_without_a_subject(api: Connection, claims: str | None) -> None:
    with api.transaction():
        act_as(api, "authenticated", claims)
        assert value(api, "select auth.uid()") is None


def test_the_claims_say_who_is_asking(api: Connection) -> None:
    user = uuid4()
    claims = {"sub": str(user), "role": "authenticated", "email": "ann@example.test", "extra": [1]}
    with api.transaction():
        act_as(api, "authenticated", claims)
        asked = api.execute("select auth.uid(), auth.role(), auth.email(), auth.jwt()").fetchone()
    assert asked == (user, "authenticated", "ann@example.test", claims)


def test_a_claim_alone_comes_first(api: Connection) -> None:
    alone, together = uuid4(), uuid4()
    with api.transaction():
        act_as(api, "authenticated", {"sub": str(together)})
        api.execute("select set_config('request.jwt.claim.sub', %s, true)", (str(alone),))
        assert value(api, "select auth.uid()") == alone


@pytest.mark.parametrize("claims", ["{", "claims", '{"sub": "not-a-uuid"}', '{"sub": ""}'])
def test_malformed_claims_raise_as_they_do_hosted(api: Connection, claims: str) -> None:
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
def test_an_objects_name_has_parts(api: Connection, name: str, parts: tuple[Any, ...]) -> None:
    with api.transaction():
        act_as(api, "authenticated")
        row = api.execute(
            "select storage.foldername(%(n)s), storage.filename(%(n)s), storage.extension(%(n)s)", {"n": name}
        ).fetchone()
    assert row == parts


def test_an_object_has_path_tokens_and_a_fresh_updated_at(postgres: Connection) -> None:
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


def test_a_bucket_has_no_versions_and_a_name_of_bearable_length(postgres: Connection) -> None:
    postgres.execute("insert into storage.buckets (id, name) values ('b', 'b')")
    assert value(postgres, "select versioning_status from storage.buckets") == "DISABLED"
    with pytest.raises(CheckViolation, match="buckets_versioning_dark_check"):
        postgres.execute("update storage.buckets set versioning_status = 'ENABLED'")
    with pytest.raises(psycopg.errors.RaiseException, match="100 are the most"):
        postgres.execute("update storage.buckets set name = repeat('x', 101)")


def test_a_policy_may_ask_which_operation_of_storage_it_is(api: Connection) -> None:
    with api.transaction():
        act_as(api, "authenticated")
        api.execute("set local storage.operation = 'storage.object.list'")
        asked = api.execute(
            """
            select
              storage.allow_only_operation('object.list'),
              storage.allow_only_operation('storage.object.get'),
              storage.allow_any_operation('{object.get,storage.object.list}'),
              storage.allow_any_operation('{}')
            """
        ).fetchone()
    assert asked == (True, False, True, False)


# Applying it ------------------------------------------------------------------------------------------------


@contextmanager
def empty_database(server: Server) -> Iterator[Database]:
    """A database without the platform, in a cluster whose roles are there."""
    name = f"empty_{next(_numbers)}"
    with psycopg.connect(server.admin_url, autocommit=True) as admin:
        admin.execute(f"create database {name} template template0".encode())
        try:
            yield Database(server, name)
        finally:
            admin.execute(f"drop database {name} with (force)".encode())


def columns(database: Database, *, defaults: bool = True) -> dict[tuple[str, str], tuple[Any, ...]]:
    """Type, nullability, default and generation of each column of users, identities, buckets and objects."""
    with database.connect("supabase_admin") as conn:
        rows = conn.execute(
            """
            select attrelid::regclass::text, attname, format_type(atttypid, null), attnotnull, attgenerated,
                   case when %s and attgenerated = '' then pg_get_expr(adbin, adrelid) end
            from pg_attribute
            left join pg_attrdef on adrelid = attrelid and adnum = attnum
            where attrelid in (
                'auth.users'::regclass, 'auth.identities'::regclass,
                'storage.buckets'::regclass, 'storage.objects'::regclass
              )
              and attnum > 0 and not attisdropped
            """,
            (defaults,),
        ).fetchall()
    return {(table, column): tuple(rest) for table, column, *rest in rows}


def test_applied_again_it_changes_nothing(bare_database: Database) -> None:
    before = columns(bare_database)
    platform.apply(bare_database.server.url_for("supabase_admin", bare_database.name))
    assert columns(bare_database) == before


def test_it_completes_an_older_one_and_keeps_what_is_in_it(bare_database: Database) -> None:
    before = columns(bare_database)
    with bare_database.connect("supabase_admin") as admin:
        admin.execute(
            """
            drop schema graphql, graphql_public, net, vault, supabase_functions, pgbouncer, _realtime,
              supabase_subscription_mgmt cascade;
            drop table storage.s3_multipart_uploads, storage.migrations, auth.mfa_factors cascade;
            drop table realtime.subscription, realtime.messages_other_days;
            alter table storage.buckets drop column versioning_status;
            alter table storage.objects drop column is_versioned;
            alter schema extensions owner to supabase_admin;
            insert into storage.buckets (id, name) values ('b', 'b');
            insert into storage.objects (bucket_id, name) values ('b', 'a');
            insert into realtime.messages (topic, extension) values ('t', 'broadcast');
            create policy mine on realtime.messages for select to authenticated using (true);
            """
        )
    for _ in range(2):
        platform.apply(bare_database.server.url_for("supabase_admin", bare_database.name))
        assert columns(bare_database) == before
    with bare_database.connect() as conn:
        kept = conn.execute(
            """
            select
              b.versioning_status, o.is_versioned, m.topic, p.polname,
              to_regclass('realtime.subscription') is not null,
              (select nspowner::regrole::text from pg_namespace where nspname = 'extensions')
            from storage.buckets b, storage.objects o, realtime.messages m, pg_policy p
            """
        ).fetchall()
    assert kept == [("DISABLED", False, "t", "mine", True, "postgres")]


def test_it_can_be_applied_to_many_databases_at_once(server: Server) -> None:
    with empty_database(server) as one, empty_database(server) as two, ThreadPoolExecutor() as threads:
        urls = [server.url_for("supabase_admin", database.name) for database in (one, two)] * 3
        list(threads.map(platform.apply, urls))
        assert columns(one) == columns(two)


def test_it_completes_an_auth_that_someone_else_began(server: Server) -> None:
    with empty_database(server) as database:
        with database.connect("supabase_admin") as conn:
            conn.execute("create schema auth")
            conn.execute(
                "create table auth.users (id uuid primary key, email text, created_at date default now())"
            )
            conn.execute("insert into auth.users (id, email) values (gen_random_uuid(), 'ann@example.test')")
        platform.apply(server.url_for("supabase_admin", database.name))
        with database.connect() as conn:
            assert value(conn, "select email from auth.users where not is_anonymous and phone_change = ''")


def test_postgres_can_dump_the_database(bare_database: Database, pg_version: int) -> None:
    program = binaries.program(pg_version, "pg_dump")
    dump = subprocess.run([program, bare_database.url], capture_output=True, text=True, check=False)
    assert dump.stderr == ""
    assert "CREATE TABLE auth.users" in dump.stdout


# Supabase Lite ----------------------------------------------------------------------------------------------

DENO = Path(sys.prefix) / "bin" / "deno"
LITE = "@supabase/lite@0.10.0"
UNREACHABLE = re.compile(
    "error sending request|timed out|dns error|connect|Failed to (?:fetch|load)|proxy", re.I
)

# Runs all of Lite's own SQL, says which statements fail, and signs somebody up and in.
BOOTSTRAP = """
import { App, getStorageSchemaSql, splitSqlStatements } from "@supabase/lite";
import { createPostgresConnection } from "@supabase/lite/postgres";

const postgresOptions = { ...JSON.parse(Deno.args[0]), max: 1, onnotice: () => {} };
const connection = createPostgresConnection({ url: "postgresql://localhost/", postgresOptions });
connection.rlsState = "active"; // or Lite grants the API roles everything in every schema with policies
const app = new App({
  connection,
  auth: { enabled: true, jwt_secret: "s".repeat(40) },
  db: { migrations: { enabled: false } }, // or it takes supabase_migrations for its own
});
await app.ensureSystemSchema();

const failed = [];
for (const sql of splitSqlStatements([connection.config.baseSchema, getStorageSchemaSql()].join("\\n"))) {
  await connection.exec(sql).catch((error) => failed.push(`${error.code} ${error.message}`));
}
const post = async (path, body) => {
  const headers = { "Content-Type": "application/json" };
  const request = new Request("http://lite" + path, { method: "POST", headers, body: JSON.stringify(body) });
  return (await app.fetch(request)).status;
};
const ann = { email: "Ann@Example.test", password: "correct horse battery" };
const signedUp = await post("/auth/v1/signup", ann);
const signedIn = await post("/auth/v1/token?grant_type=password", ann);
console.log(JSON.stringify({ failed, signedUp, signedIn }));
await connection.close();
"""


@pytest.fixture(scope="module")
def lite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with Lite installed."""
    if not DENO.exists():
        pytest.skip("the extra `local` with Deno is not installed")
    directory = tmp_path_factory.mktemp("lite")
    (directory / "package.json").write_text('{"type": "module"}')
    (directory / "deno.json").write_text('{"nodeModulesDir": "auto"}')
    (directory / "bootstrap.js").write_text(BOOTSTRAP)
    command = [str(DENO), "install", "--quiet", f"npm:{LITE}", "npm:postgres@^3.4.8"]
    done = subprocess.run(
        command, cwd=directory, env=deno_environment(), capture_output=True, text=True, check=False
    )
    if done.returncode and UNREACHABLE.search(done.stderr):
        pytest.skip(f"npm is out of reach: {done.stderr.strip().splitlines()[-1]}")
    assert done.returncode == 0, done.stderr
    return directory


def deno_environment() -> dict[str, str]:
    return {**os.environ, "DO_NOT_TRACK": "1", "DENO_NO_UPDATE_CHECK": "1", "NO_COLOR": "1"}


def run_lite(directory: Path, database: Database, role: str) -> dict[str, Any]:
    where = conninfo_to_dict(database.server.url_for(role, database.name))
    options = {"host": where["host"], "port": where["port"], "user": role, "database": database.name}
    command = [str(DENO), "run", "--allow-all", "bootstrap.js", json.dumps(options)]
    done = subprocess.run(
        command, cwd=directory, env=deno_environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return report


def test_lite_as_postgres_runs_on_the_platform_and_changes_nothing(
    lite: Path, bare_database: Database
) -> None:
    before = columns(bare_database)
    report = run_lite(lite, bare_database, "postgres")
    assert (report["signedUp"], report["signedIn"]) == (200, 200)
    # It passes over what it may not do: replacing functions, adding indexes of its own.
    assert {failure.split()[0] for failure in report["failed"]} <= {"42501", "42883"}
    assert columns(bare_database) == before
    with bare_database.connect("authenticator") as conn, conn.transaction():
        user = uuid4()
        act_as(conn, "authenticated", {"sub": str(user)})
        assert value(conn, "select auth.uid()") == user


def test_lite_as_superuser_runs_on_the_platform_without_an_error(lite: Path, bare_database: Database) -> None:
    before = columns(bare_database)
    report = run_lite(lite, bare_database, "supabase_admin")
    assert report == {"failed": [], "signedUp": 200, "signedIn": 200}
    assert columns(bare_database) == before


def test_the_platform_completes_what_lite_began(lite: Path, server: Server, bare_database: Database) -> None:
    with empty_database(server) as database:
        assert run_lite(lite, database, "supabase_admin")["failed"] == []
        platform.apply(server.url_for("supabase_admin", database.name))
        ours, theirs = columns(bare_database), columns(database)
        # A generated column keeps its type: character varying there, text here.
        del ours["auth.identities", "email"], theirs["auth.identities", "email"]
        assert theirs == ours
        with database.connect() as conn:
            conn.execute("delete from auth.users")
        report = run_lite(lite, database, "postgres")
        assert (report["signedUp"], report["signedIn"]) == (200, 200)
        with database.connect("authenticator") as conn, conn.transaction():
            user = uuid4()
            act_as(conn, "authenticated", {"sub": str(user)})
            assert value(conn, "select auth.uid()") == user
