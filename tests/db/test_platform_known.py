"""sql/queries/platform.sql: objects of Supabase are not findings in any project, and need not be listed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import pytest
import yaml
from psycopg import IsolationLevel, sql
from psycopg.errors import SyntaxError as SyntaxError_

from chatctl.cli.app import run
from chatctl.data import data_directory
from chatctl.db.connection import Connection, connection
from chatctl.local.postgres.cluster import SUPERUSER
from chatctl.local.postgres.server import OWNER, Server
from chatctl.services.audit.access import default_file, load
from chatctl.services.audit.run import audit
from chatctl.services.drift.compare import between
from chatctl.services.lint import accepted
from chatctl.services.lint.run import rules
from chatctl.services.lint.schema import check_schema
from tests.holes import platform
from tests.holes.hole import Hole
from tests.support.world import Database

pytestmark = pytest.mark.slow

FOREIGN = Path(__file__).parent.parent / "foreign"
SQL = data_directory("sql")

# Differences of older and newer projects; all of them come from Supabase or an extension.
YOUNGER = """
    create table storage.prefixes (bucket_id text, name text);
    alter table storage.prefixes owner to supabase_storage_admin;
    alter table storage.prefixes enable row level security;
    grant all on storage.prefixes to anon, authenticated, service_role;
    create table auth.passkeys (id uuid primary key, user_id uuid references auth.users);
    alter table auth.passkeys owner to supabase_auth_admin;
    create table realtime.channels (id int);
    alter table realtime.channels owner to supabase_realtime_admin;
    create table realtime.schema_migrations_of_more (id int);
    grant select on realtime.channels, realtime.schema_migrations to anon, authenticated;
    create function storage.tidy() returns void language sql security definer as 'select';
    alter function storage.tidy() owner to supabase_storage_admin;
    create function realtime.forward(text) returns text language plpgsql security definer as 'begin end';
    alter function realtime.forward(text) owner to supabase_realtime_admin;
    grant usage on schema public to supabase_etl_admin;
    create publication supabase_realtime_messages_publication for table realtime.messages;
"""
OLDER = """
    drop schema graphql, graphql_public, net, vault, supabase_functions, pgbouncer, _realtime,
      supabase_subscription_mgmt cascade;
    drop table storage.s3_multipart_uploads, storage.iceberg_namespaces, storage.vector_indexes cascade;
    drop table realtime.messages, realtime.subscription, auth.mfa_factors, auth.oauth_clients cascade;
    alter table storage.buckets drop column versioning_status;
    revoke all on schema public from supabase_realtime_admin;
    alter default privileges for role postgres in schema storage
      revoke all on tables from anon, authenticated, service_role;
    alter function extensions.pgrst_ddl_watch() owner to postgres;
    create or replace function storage.foldername(name text) returns text[] language plpgsql volatile as $$
    declare
      parts text[] := string_to_array(name, '/');
    begin
      return parts[1 : array_length(parts, 1) - 1];
    end $$;
"""
EXTENDED = """
    create schema cron; alter extension plpgsql add schema cron; grant usage on schema cron to postgres;
    create table cron.job (id int, username text); alter table cron.job enable row level security;
    alter extension plpgsql add table cron.job;
    create policy cron_job_policy on cron.job using (username = current_user);
    create table cron.of_a_tool (id int); alter table cron.of_a_tool owner to postgres;
    create function cron.schedule() returns void language sql security definer as 'select';
    alter extension plpgsql add function cron.schedule();
    create function public.similar(text) returns text language sql security definer as 'select $1';
    alter extension plpgsql add function public.similar(text);
"""
AGES = {"younger": YOUNGER, "older": OLDER, "extended": EXTENDED}


def opened(conn: Connection) -> list[tuple[str, str | None]]:
    """The findings of sql/lints that are not accepted."""
    entries = accepted.read(SQL, [rule.name for rule in rules()])
    return [(each.rule, each.object) for each in accepted.partition(check_schema(conn), entries)[0]]


@pytest.mark.parametrize("age", AGES)
def test_objects_of_supabase_are_not_findings_in_an_older_or_newer_project(
    server: Server, database: Database, age: str
) -> None:
    with database.connect(SUPERUSER) as admin:
        admin.execute(AGES[age].encode())
    with database.connect() as conn, connection(server.url_for(OWNER, "backend")) as expected:
        assert [(each.id, each.message) for each in audit(conn).problems] == []
        assert opened(conn) == []
        assert between(expected, conn) == []


def test_the_login_role_may_assume_the_roles_of_supabase(server: Server) -> None:
    with rolled_back(server) as conn:
        conn.execute("revoke authenticator from supabase_storage_admin")
        conn.execute("grant supabase_storage_admin to authenticator")
        access = load(default_file())
        assert {
            each.id for each in audit(conn, access, only=("anon", "public.organizations")).findings
        } == set()


@contextmanager
def rolled_back(server: Server) -> Iterator[Connection]:
    """The backend as the superuser, in a transaction in which the audit can run."""
    with connection(server.url_for(SUPERUSER, "backend")) as conn:
        conn.isolation_level = IsolationLevel.REPEATABLE_READ
        with conn.transaction(force_rollback=True):
            yield conn


# Other people's projects ------------------------------------------------------------------------------------

NOTES = """
    create table public.notes (id uuid primary key, owner uuid not null references auth.users);
    create index on public.notes (owner);
    alter table public.notes enable row level security;
    revoke all on public.notes from anon, authenticated;
    grant select on public.notes to authenticated;
    create policy mine on public.notes for select to authenticated using (owner = (select auth.uid()));
    alter default privileges in schema public revoke all on tables from anon, authenticated;
    alter default privileges in schema public revoke all on sequences from anon, authenticated;
    alter default privileges in schema public revoke all on functions from anon, authenticated;
"""
DECLARED = {
    "fixture": "fixture.sql",
    "api": {
        "roles": ["anon", "authenticated"],
        "granted": ["authenticated"],
        "trusted": ["service_role"],
        "signs_in": "authenticator",
    },
    "schemas": {"public": "exposed"},
    "denials": ["42501"],
    "identities": {
        "anon": {"role": "anon", "says": "nobody"},
        "ann": {"user": "ann", "says": "has a note"},
        "ben": {"user": "ben", "says": "has another"},
        "service": {"role": "service_role", "says": "the control"},
    },
    "tables": {"public.notes": {"key": ["id"], "select": "this.owner = actor"}},
}
EXPLICIT = {
    "public": "exposed", "graphql_public": "exposed", "auth": "platform", "storage": "storage",
    "realtime": "storage", "extensions": "platform", "net": "platform", "graphql": "platform",
    "supabase_functions": "platform",
}  # fmt: skip


@pytest.mark.parametrize("schemas", [{"public": "exposed"}, EXPLICIT], ids=["their own", "all of them"])
def test_an_access_file_need_not_list_schemas_of_supabase(
    bare_database: Database, tmp_path: Path, schemas: dict[str, str]
) -> None:
    (tmp_path / "fixture.sql").write_text(
        "insert into auth.users (id) values (id('ann')), (id('ben'));"
        "insert into public.notes values (id('one'), id('ann')), (id('two'), id('ben'));"
    )
    file = tmp_path / "access.yaml"
    file.write_text(yaml.safe_dump({**DECLARED, "schemas": schemas}))
    arguments = ["audit-rls", "--access", str(file), "--db-url", bare_database.url]
    with bare_database.connect() as conn:
        conn.execute(NOTES.encode())
        assert run(arguments) == 0
        conn.execute("grant select on auth.users to authenticated")
    assert run(arguments) == 7


def test_a_schema_with_nothing_of_supabases_is_clean_next_to_it(
    server: Server, bare_database: Database
) -> None:
    roles = ("app_login", "app_guest", "app_user", "app_admin", "app_owner")
    try:
        with bare_database.connect(SUPERUSER) as admin:
            admin.execute((FOREIGN / "notes.sql").read_bytes())
        url = server.url_for(SUPERUSER, bare_database.name)
        assert run(["audit-rls", "--access", str(FOREIGN / "access.yaml"), "--db-url", url]) == 0
    finally:
        with bare_database.connect(SUPERUSER) as admin:
            admin.execute(f"drop schema app, inner_parts cascade; drop owned by {', '.join(roles)}".encode())
            admin.execute(f"drop role {', '.join(roles)}".encode())


def test_a_matching_name_alone_does_not_make_an_object_supabases(server: Server) -> None:
    """A database without Supabase, with schemas named like some of Supabase's."""
    with psycopg.connect(server.admin_url, autocommit=True) as admin:
        name = sql.Identifier("names_alone")
        admin.execute(sql.SQL("create database {} template template0").format(name))
        try:
            with connection(server.url_for(SUPERUSER, "names_alone")) as conn:
                conn.execute(
                    """
                    create schema storage; create table storage.boxes (id int);
                    alter schema storage owner to postgres; alter table storage.boxes owner to postgres;
                    grant usage on schema storage to anon; grant select on storage.boxes to anon
                    """
                )
                findings = {(each.rule, each.object) for each in check_schema(conn)}
            assert ("table_without_rls", "storage.boxes") in findings
        finally:
            admin.execute(sql.SQL("drop database {} with (force)").format(name))


# Suggested fixes --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hole", platform.HOLES, ids=lambda hole: hole.name)
def test_no_suggested_fix_can_only_be_run_by_supabase(server: Server, hole: Hole) -> None:
    with rolled_back(server) as conn:
        conn.execute(hole.sql.encode())
        conn.execute("set local role postgres")
        remedies = {each.remedy for each in check_schema(conn)}
        for remedy in remedies:
            # Many remedies are prose and not SQL.
            with suppress(SyntaxError_), conn.transaction(force_rollback=True):
                conn.execute(remedy.encode())
