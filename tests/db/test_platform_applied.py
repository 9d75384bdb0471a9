"""sql/platform, applied to databases that have some, all or none of it."""

from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor

from chatctl.local.postgres import binaries, platform
from chatctl.local.postgres.server import Server
from tests.support.platform import columns, empty_database, value
from tests.support.world import Database


def test_applying_it_again_changes_nothing(bare_database: Database) -> None:
    before = columns(bare_database)
    platform.apply(bare_database.server.url_for("supabase_admin", bare_database.name))
    assert columns(bare_database) == before


def test_it_upgrades_an_older_version_and_keeps_its_data(bare_database: Database) -> None:
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
        row = conn.execute(
            """
            select
              b.versioning_status, o.is_versioned, m.topic, p.polname,
              to_regclass('realtime.subscription') is not null,
              (select nspowner::regrole::text from pg_namespace where nspname = 'extensions')
            from storage.buckets b, storage.objects o, realtime.messages m, pg_policy p
            """
        ).fetchall()
    assert row == [("DISABLED", False, "t", "mine", True, "postgres")]


def test_it_can_be_applied_to_many_databases_at_once(server: Server) -> None:
    with empty_database(server) as one, empty_database(server) as two, ThreadPoolExecutor() as threads:
        urls = [server.url_for("supabase_admin", database.name) for database in (one, two)] * 3
        list(threads.map(platform.apply, urls))
        assert columns(one) == columns(two)


def test_it_completes_an_auth_schema_of_somebody_else(server: Server) -> None:
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
