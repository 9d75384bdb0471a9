"""Times in a fixture: ours are years from now, and times near now are reported."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from psycopg import sql

from chatctl.db.connection import Connection, connection
from chatctl.local.postgres.server import OWNER, Server
from chatctl.services.audit.access import default_file, load
from chatctl.services.audit.formats import ReportFormat, render
from chatctl.services.audit.run import audit
from chatctl.services.audit.stage import fixture, workspace
from chatctl.services.audit.stage.clock import near_now
from tests.support.world import Database

ACCESS = load(default_file())
NEAR = {
    "timestamptz": "now() - interval '23 hours'",
    "timestamp": "localtimestamp + interval '30 hours'",  # tomorrow in some time zone
    "date": "current_date + 1",
    "timestamptz[]": "array[null, timestamptz '2001-01-01', clock_timestamp()]",
    "date[]": "array[array[date '2001-01-01'], array[current_date]]",
    "tstzrange": "tstzrange('2001-01-01', now())",
    "datemultirange": "datemultirange(daterange('2001-01-01', current_date))",
    "jsonb": "jsonb_build_object('a', jsonb_build_array(1, jsonb_build_object('b', now())))",
    "json": "json_build_array(extract(epoch from now())::bigint)",
    "text": "'until ' || now()",
    "bigint": "extract(epoch from now()) * 1000",
    "numeric": "extract(epoch from now())",
    "public.pair": "row('x', now())",
    "public.a_time": "now()",
}
FAR = {
    "timestamptz": "now() + interval '25 hours'",
    "timestamp": "'infinity'",
    "date": "current_date - 3",
    "timestamptz[]": "array[null, timestamptz '2001-01-01']",
    "interval": "interval '1 second'",
    "public.a_length": "interval '170000000 years'",
    "jsonb": """\'{"a": [1, true, "2001-01-01", "99999-12-31", "2001-02-30", 1e300]}\'""",
    "text": "'2001-01-01 and 12:00'",
    "bigint": "9223372036854775807",
}
TYPES = """
create type public.pair as (word text, at timestamptz);
create domain public.a_time as timestamptz;
create domain public.a_length as interval;
"""


@pytest.fixture
def conn(server: Server) -> Iterator[Connection]:
    """The template database of the clones; changes by a test are rolled back."""
    with connection(server.url_for(OWNER, "backend")) as conn, conn.transaction(force_rollback=True):
        yield conn


def reported_columns(conn: Connection, kind: str, value: str, more: str = "") -> tuple[str, ...]:
    """The reported columns after inserting ``value`` into a column of this type."""
    name = sql.Identifier("public", "A table")
    conn.execute(TYPES.encode())
    table = "create table {} (id integer primary key, {} {}"
    conn.execute(sql.SQL(table + more + ")").format(name, sql.Identifier("A column"), sql.SQL(kind)))
    workspace.prepare(conn, ACCESS)
    conn.execute(sql.SQL("insert into {} values (1, {})").format(name, sql.SQL(value)))
    return near_now(conn)


def test_no_time_in_our_fixture_is_within_a_day_of_now(conn: Connection) -> None:
    fixture.make(conn, ACCESS)
    assert near_now(conn) == ()


@pytest.mark.parametrize(("kind", "value"), NEAR.items(), ids=NEAR)
def test_a_time_near_now_is_found_in_every_type_of_column(conn: Connection, kind: str, value: str) -> None:
    assert reported_columns(conn, kind, value) == ("public.A table.A column",)


@pytest.mark.parametrize(("kind", "value"), FAR.items(), ids=FAR)
def test_values_far_from_now_and_other_types_are_not_named(conn: Connection, kind: str, value: str) -> None:
    assert reported_columns(conn, kind, value) == ()


@pytest.mark.parametrize("kind", ["interval", "public.a_length"])
def test_an_interval_counts_next_to_a_time(conn: Connection, kind: str) -> None:
    begun = ", begun timestamptz default now() - interval '3 days'"
    assert reported_columns(conn, kind, "interval '1 hour'", begun) == ()
    conn.execute("""update public."A table" set "A column" = '3 days'""")
    assert near_now(conn) == ("public.A table.begun + A column",)


def test_existing_rows_do_not_belong_to_the_fixture(database: Database) -> None:
    with database.connect() as conn:
        conn.execute("insert into organizations (name, slug) values ('Before', 'before')")
        with conn.transaction(force_rollback=True):
            workspace.prepare(conn, ACCESS)
            conn.execute("insert into organizations (name, slug, created_at) values ('N', 'n', '2001-01-01')")
            assert near_now(conn) == ()


def test_times_near_now_are_a_note_in_the_report_and_not_a_finding(
    database: Database, tmp_path: Path
) -> None:
    assert ACCESS.fixture
    (tmp_path / "fixture.sql").write_text(
        ACCESS.fixture.read_text()
        + "update public.organizations set created_at = now() where id = id('south');"
    )
    with database.connect() as conn:
        report = audit(
            conn, replace(ACCESS, fixture=tmp_path / "fixture.sql"), only=("public.organizations",)
        )
    assert report.problems == ()
    assert report.near_now == ("public.organizations.created_at",)
    for each in ReportFormat:
        assert "public.organizations.created_at" in render(report, each), each
