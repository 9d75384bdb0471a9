"""Drift on a real server: every kind of change is found once, and nothing is found without a change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from chatctl.data import data_directory
from chatctl.db.connection import Connection, connection
from chatctl.local.postgres.cluster import SUPERUSER
from chatctl.local.postgres.server import Server
from chatctl.services.drift.catalogue import KINDS, read
from chatctl.services.drift.compare import between, compare, find, with_deparsed_views
from chatctl.services.migrations import migrate
from chatctl.services.moderation import searchindex
from tests.drifts import CHANGES, GROUND
from tests.drifts.change import ManualChange
from tests.support.world import Database

SQL = data_directory("sql")


def run(conn: Connection, script: str) -> None:
    conn.execute(script.encode())


@pytest.fixture(scope="session")  # a worker may leave this module and get more tests of it later
def grounds() -> dict[Server, Database]:
    return {}


@pytest.fixture
def ground(server: Server, grounds: dict[Server, Database]) -> Database:
    """The backend and additional objects, shared by all changes: each of them is undone."""
    if server not in grounds:
        with connection(server.admin_url) as admin:
            admin.execute("create database ground template backend owner postgres")
        grounds[server] = Database(server, "ground")
        with grounds[server].connect() as conn:
            run(conn, GROUND)
    return grounds[server]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.name)
def test_a_change_is_one_difference_until_it_is_undone(ground: Database, change: ManualChange) -> None:
    with ground.connect() as conn, ground.connect(SUPERUSER) as admin:
        hand = admin if change.admin else conn
        expected = read(conn)

        run(hand, change.sql)
        assert [(each.state, each.kind, each.name) for each in compare(expected, read(conn))] == [
            change.difference
        ]

        run(hand, change.undo)
        assert compare(expected, read(conn)) == []


def test_every_kind_of_difference_is_tested() -> None:
    assert {change.difference[1] for change in CHANGES} == {kind.replace("_", " ") for kind in KINDS}


def test_a_migrated_database_has_no_drift_and_an_empty_one_lacks_everything(
    bare_database: Database, database: Database
) -> None:
    with database.connect() as conn, bare_database.connect() as bare:
        assert find(conn, SQL) == []
        states = {each.state for each in between(conn, bare)}
    assert states == {"missing"}


def test_another_order_of_creation_is_not_drift(database: Database) -> None:
    """Columns, grants, policies, roles, published tables and MIME types keep their order of creation."""
    with database.connect() as conn:
        run(conn, "create table private.notes (title text, body text)")
        expected = read(conn)
        run(
            conn,
            """
            alter table private.notes drop column title;
            alter table private.notes add column title text;
            revoke all on messages from authenticated;
            grant update (reactions, content, deleted_at) on messages to authenticated;
            grant insert (attachments, reactions, content, sender_id, conversation_id, organization_id)
              on messages to authenticated;
            grant select on messages to authenticated;
            alter publication supabase_realtime drop table messages;
            alter publication supabase_realtime add table messages;
            update storage.buckets set allowed_mime_types = array(
              select m from unnest(allowed_mime_types) m order by m desc
            );
            """,
        )
        assert compare(expected, read(conn)) == []


def test_objects_of_supabase_and_extensions_are_excluded(database: Database) -> None:
    with database.connect(SUPERUSER) as admin, database.connect() as conn:
        expected = read(conn)
        run(
            admin,
            """
            create table graphql.t (a int); create function cron_() returns int
              language sql as 'select 1'; alter extension plpgsql add function cron_();
            create table auth.more (id int); grant select on auth.more to anon;
            create trigger own before update on storage.buckets
              for each row execute function storage.update_updated_at_column();
            create publication supabase_realtime_messages_publication for table realtime.messages;
            alter default privileges for role supabase_admin in schema public grant all on tables to public;
            grant all on schema public to dashboard_user;
            """,
        )
        assert compare(expected, read(conn)) == []


def test_different_versions_of_postgresql_are_not_drift(
    servers: Callable[[int], Server], pg_version: int, database: Database
) -> None:
    other = servers(16 if pg_version == 18 else 18)
    with connection(other.url_for("postgres", "backend")) as expected, database.connect() as conn:
        assert between(expected, conn) == []
        conn.execute("drop view private.my_hidden_attachments cascade")
        assert [each.kind for each in between(expected, conn)] == ["view", "policy"]


def test_a_view_as_printed_by_an_older_server_is_the_same_view(database: Database) -> None:
    """PostgreSQL 15 prints the table before each column, even if there is only one table."""
    with database.connect() as conn:
        things = read(conn)
        (view,) = (each for each in things if each.key == "view private.my_organizations")
        expected = {view.key: view.definition}
        older = replace(
            view,
            definition=view.definition.replace(" organization_id", " om.organization_id").replace(
                "(user_id", "(om.user_id"
            ),
        )
        assert older != view
        assert with_deparsed_views(conn, [older], expected) == [view]

        other = replace(view, definition=view.definition.replace("user_id =", "user_id <>"))
        unreadable = replace(view, definition=view.definition.replace("user_id =", "nobody_id ="))
        assert with_deparsed_views(conn, [other, unreadable], expected) == [other, unreadable]


def test_an_owner_of_another_name_is_not_drift(bare_database: Database, database: Database) -> None:
    with bare_database.connect(SUPERUSER) as admin:
        run(
            admin,
            f"""
            drop role if exists "Ann's";
            create role "Ann's" login bypassrls in role postgres, anon, authenticated, service_role;
            alter database {bare_database.name} owner to "Ann's";
            alter publication supabase_realtime owner to "Ann's";
            alter default privileges for role "Ann's" in schema public
              grant all on tables to anon, authenticated, service_role;
            alter default privileges for role "Ann's" in schema public
              grant all on sequences to anon, authenticated, service_role;
            alter default privileges for role "Ann's" in schema public
              grant all on functions to anon, authenticated, service_role;
            """,
        )
        with bare_database.connect("Ann's") as ann, database.connect() as conn:
            migrate(ann)
            assert between(conn, ann) == []
        run(admin, f'alter database {bare_database.name} owner to postgres; drop owned by "Ann\'s" cascade')
        run(admin, 'drop role "Ann\'s"')


def test_reading_the_schema_leaves_the_session_unchanged(database: Database) -> None:
    settings = "select name, setting from pg_settings order by name"
    with database.connect() as conn:
        before = conn.execute(settings).fetchall()
        read(conn)
        assert conn.execute(settings).fetchall() == before


def test_a_role_that_cannot_see_every_bucket_is_refused(database: Database) -> None:
    with database.connect("authenticator") as conn:
        conn.execute("set role authenticated")
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
            read(conn)


def test_a_body_with_other_line_endings_is_not_drift(database: Database) -> None:
    script = (SQL / "objects/functions/is_trusted.sql").read_text()
    with database.connect() as conn:
        expected = read(conn)
        run(conn, script.replace("\n", "\r\n"))
        assert compare(expected, read(conn)) == []


def test_the_files_of_another_directory_are_compared(database: Database, tmp_path: Path) -> None:
    (tmp_path / "migrations").mkdir()
    (tmp_path / "migrations" / "20260101000000_one.sql").write_text("create table public.only_here (id int);")
    with database.connect() as conn:
        differences = {(each.state, each.kind, each.name) for each in find(conn, tmp_path)}
    assert ("missing", "table", "public.only_here") in differences
    assert ("extra", "table", "public.messages") in differences


def test_the_optional_indexes_are_no_drift_unless_they_are_changed_or_unfinished(database: Database) -> None:
    with database.connect() as conn:
        searchindex.create(conn, on_wait=lambda _: None)
        assert find(conn, SQL) == []
        run(conn, "drop index messages_time; create index messages_time on messages (created_at)")
        (difference,) = find(conn, SQL)
    assert (difference.state, difference.kind, difference.name) == (
        "changed",
        "index",
        "public.messages_time",
    )
