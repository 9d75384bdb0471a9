"""sql/platform: the objects of Supabase's services exist as in a hosted project, and work where possible."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from chatctl.db.connection import Connection
from chatctl.db.roles import act_as
from tests.support import hosted
from tests.support.world import Database


def value(conn: Connection, statement: str) -> Any:
    row = conn.execute(statement.encode()).fetchone()
    assert row
    return row[0]


# As in a hosted project -------------------------------------------------------------------------------------


def test_the_default_privileges_equal_the_hosted_ones(postgres: Connection) -> None:
    opened = postgres.execute(
        """
        select distinct defaclrole::regrole::text, defaclnamespace::regnamespace::text
        from pg_default_acl cross join aclexplode(defaclacl) as granted
        where granted.grantee = 'anon'::regrole
        """
    ).fetchall()
    assert set(opened) == hosted.DEFAULTS


def test_the_api_may_call_the_same_functions_as_hosted(postgres: Connection) -> None:
    postgres.execute("set search_path = ''")  # names are then printed with their schema
    rows = postgres.execute(
        """
        select f.oid::regprocedure::text, proowner::regrole::text, prosecdef
        from pg_proc f join pg_namespace n on n.oid = pronamespace
        where nspname not in ('public', 'extensions', 'pg_catalog', 'information_schema')
          and has_schema_privilege('anon', n.oid, 'usage')
          and has_function_privilege('anon', f.oid, 'execute')
        """
    ).fetchall()
    assert {name: (owner, definer) for name, owner, definer in rows} == hosted.FUNCTIONS


@pytest.mark.parametrize("role", ["anon", "authenticated"])
def test_the_api_has_the_same_privileges_as_hosted(postgres: Connection, role: str) -> None:
    rows = postgres.execute(
        """
        select format('%%s.%%s', nspname, relname), relowner::regrole::text, relrowsecurity,
          string_agg(privilege, ' ' order by privilege)
        from pg_class c join pg_namespace n on n.oid = relnamespace
        cross join unnest(%(all)s::text[]) as privilege
        where relkind in ('r', 'p', 'v') and nspname not in ('public', 'pg_catalog', 'information_schema')
          and has_schema_privilege(%(role)s, n.oid, 'usage')
          and has_table_privilege(%(role)s, c.oid, privilege)
        group by 1, 2, 3
        """,
        {"role": role, "all": hosted.ALL.split()},
    ).fetchall()
    assert {name: tuple(rest) for name, *rest in rows} == hosted.TABLES


# Behaviour --------------------------------------------------------------------------------------------------


def test_a_broadcast_on_any_day_has_a_partition(postgres: Connection) -> None:
    postgres.execute("select realtime.send('{\"a\": 1}', 'event', 'topic')")
    postgres.execute(
        "insert into realtime.messages (topic, extension, inserted_at) "
        "values ('t', 'broadcast', '2020-01-01')"
    )
    sent = postgres.execute("select payload, event, private from realtime.messages where topic = 'topic'")
    assert sent.fetchall() == [({"a": 1}, "event", True)]
    assert value(postgres, "select count(*) from realtime.messages") == 2


def test_a_change_is_broadcast_by_a_trigger(postgres: Connection) -> None:
    postgres.execute(
        """
        create table public.notes (id int);
        create function public.tell() returns trigger language plpgsql as $$
        begin
          perform realtime.broadcast_changes('notes', tg_op, tg_op, tg_table_name, tg_table_schema, new, old);
          return null;
        end $$;
        create trigger tell after insert on public.notes for each row execute function public.tell();
        insert into public.notes values (7);
        """
    )
    sent = value(postgres, "select payload from realtime.messages")
    assert sent == {
        "operation": "INSERT", "schema": "public", "table": "notes", "record": {"id": 7}, "old_record": None,
    }  # fmt: skip


def test_a_webhook_is_queued_and_blocks_nobody(postgres: Connection) -> None:
    postgres.execute("create table public.notes (id int)")
    postgres.execute(
        "create trigger told after insert on public.notes for each row execute function "
        "supabase_functions.http_request('http://localhost/hook', 'POST', '{\"x-a\": \"b\"}', '{}', '500')"
    )
    postgres.execute("insert into public.notes values (7)")
    queued = postgres.execute(
        "select method, url, headers, convert_from(body, 'UTF8')::jsonb -> 'record', timeout_milliseconds "
        "from net.http_request_queue"
    ).fetchall()
    assert queued == [("POST", "http://localhost/hook", {"x-a": "b"}, {"id": 7}, 500)]
    assert value(postgres, "select hook_name from supabase_functions.hooks") == "told"


@pytest.mark.parametrize(
    "call",
    [
        "storage.search('a', 'b')",
        "realtime.apply_rls('{}')",
        "graphql.resolve('{a}')",
        "net.check_worker_is_up()",
        "net.http_collect_response(1)",
    ],
)
def test_stubs_say_that_they_are_stubs(postgres: Connection, call: str) -> None:
    with pytest.raises(psycopg.errors.FeatureNotSupported, match="is not available on the embedded server"):
        postgres.execute(f"select {call}".encode())


def test_graphql_answers_as_if_switched_off(bare_database: Database) -> None:
    with bare_database.connect("authenticator") as api, api.transaction():
        act_as(api, "anon")
        (error,) = value(api, "select graphql_public.graphql(query => '{a}')")["errors"]
    assert error == {"message": "pg_graphql is not available on the embedded server"}


def test_postgrest_is_notified_of_schema_changes(bare_database: Database, postgres: Connection) -> None:
    with bare_database.connect("authenticator") as listener:
        listener.execute("listen pgrst")
        for statement in (
            "create table public.notes (id int)",
            "create temporary table draft (id int)",
            "drop table public.notes",
        ):
            postgres.execute(statement)
        payloads = [each.payload for each in listener.notifies(timeout=60, stop_after=2)]
        assert payloads == ["reload schema"] * 2
        assert list(listener.notifies(timeout=0)) == []
