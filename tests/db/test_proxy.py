"""The TCP proxy of the embedded server forwards everything, reports messages, and cuts where requested."""

from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import psycopg
import pytest

from chatctl.db.connection import connect
from chatctl.local.postgres import binaries
from tests.support.proxy import Cut, Proxy
from tests.support.world import Database


def test_psql_and_psycopg_work_through_the_proxy(bare_database: Database, pg_version: int) -> None:
    with Proxy(bare_database.server) as proxy:
        url = proxy.url("postgres", bare_database.name)
        psql = [str(binaries.program(pg_version, "psql")), url, "-XAtc", "select current_user"]
        assert subprocess.run(psql, capture_output=True, text=True, check=True).stdout == "postgres\n"
        with connect(url.replace("disable", "prefer")) as conn:  # asks for encryption first, and is refused
            row = conn.execute("select %s, current_database()", ("x" * 5_000_000,)).fetchone()
            assert row == ("x" * 5_000_000, bare_database.name)


def test_copy_and_errors_work_through_the_proxy(bare_database: Database) -> None:
    with Proxy(bare_database.server) as proxy, connect(proxy.url("postgres", bare_database.name)) as conn:
        conn.execute("create temporary table numbers (n integer)")
        with conn.cursor().copy("copy numbers from stdin") as copy:
            for number in range(10_000):
                copy.write_row([number])
        with pytest.raises(psycopg.errors.DivisionByZero):
            conn.execute("select 1 / 0")
        assert conn.execute("select count(*) from numbers").fetchone() == (10_000,)


def test_a_refused_connection_gets_the_message_of_the_server(bare_database: Database) -> None:
    with (
        Proxy(bare_database.server) as proxy,
        pytest.raises(psycopg.OperationalError, match="does not exist"),
    ):
        psycopg.connect(proxy.url("postgres", "nowhere"))


def test_a_statement_can_be_cancelled_through_the_proxy(bare_database: Database) -> None:
    finished = Event()

    def cancel(conn: Any) -> None:
        while not finished.is_set():  # a cancel request before the statement runs has no effect
            conn.cancel_safe()

    with (
        Proxy(bare_database.server) as proxy,
        connect(proxy.url("postgres", bare_database.name)) as conn,
        ThreadPoolExecutor() as pool,
    ):
        cancelling = pool.submit(cancel, conn)
        with pytest.raises(psycopg.errors.QueryCanceled):
            conn.execute("select pg_sleep(600)")
        finished.set()
        cancelling.result()


def test_many_connections_work_at_once(bare_database: Database) -> None:
    def echo(number: int) -> Any:
        with connect(proxy.url("postgres", bare_database.name)) as conn:
            row = conn.execute("select %s", (f"{number} " * 100_000,)).fetchone()
            return row and row[0].split()[0]

    with Proxy(bare_database.server) as proxy, ThreadPoolExecutor(8) as pool:
        assert list(pool.map(echo, range(40))) == [str(number) for number in range(40)]


def test_callbacks_see_messages_before_they_are_forwarded_and_answers_afterwards(
    bare_database: Database,
) -> None:
    events: list[Any] = []
    with (
        Proxy(
            bare_database.server,
            on_message=lambda number, kind, body: events.append((number, kind, body)),
            on_answer=lambda number: events.append((number, "ready")),
        ) as proxy,
        connect(proxy.url("postgres", bare_database.name)) as conn,
    ):
        conn.execute("select 1")
        conn.execute("select %s", ("a",))
    assert events[:2] == [(1, b"Q", b"select 1\0"), (1, "ready")]
    assert [(number, what) for number, what, *_ in events[2:]] == [
        *enumerate((b"P", b"B", b"D", b"E", b"S"), 2),
        (6, "ready"),
        (7, b"X"),
    ]


def test_cut_before_a_commit_nothing_is_committed(bare_database: Database) -> None:
    def cut(number: int, kind: bytes, body: bytes) -> None:
        if body == b"COMMIT\0":
            raise Cut

    assert survivors(bare_database, on_message=cut) == []


def test_cut_after_a_commit_it_is_committed(bare_database: Database) -> None:
    commits: list[int] = []

    def record(number: int, kind: bytes, body: bytes) -> None:
        if body == b"COMMIT\0":
            commits.append(number)

    def cut(number: int) -> None:
        if number in commits:
            raise Cut

    assert survivors(bare_database, on_message=record, on_answer=cut) == ["kept"]


def survivors(database: Database, **callbacks: Any) -> list[str]:
    """Create a table in a transaction whose connection is cut; returns the tables that exist afterwards."""
    with (
        Proxy(database.server, **callbacks) as proxy,
        connect(proxy.url("postgres", database.name)) as conn,
        pytest.raises(psycopg.OperationalError),
        conn.transaction(),
    ):
        conn.execute("create table kept ()")
    with database.connect() as conn:
        return [
            name for (name,) in conn.execute("select tablename from pg_tables where schemaname = 'public'")
        ]


def test_cutting_one_connection_keeps_the_others(bare_database: Database) -> None:
    def cut(number: int, kind: bytes, body: bytes) -> None:
        if b"the end" in body:
            raise Cut

    with Proxy(bare_database.server, on_message=cut) as proxy:
        url = proxy.url("postgres", bare_database.name)
        with connect(url) as one, connect(url) as other:
            with pytest.raises(psycopg.OperationalError):
                one.execute("select 'the end'")
            assert other.execute("select 1").fetchone() == (1,)


def test_an_assertion_in_a_callback_fails_the_test(bare_database: Database) -> None:
    def check(number: int, kind: bytes, body: bytes) -> None:
        assert body != b"select 1\0", "select 1 came"

    with (
        pytest.raises(AssertionError, match="select 1 came"),
        Proxy(bare_database.server, on_message=check) as proxy,
        connect(proxy.url("postgres", bare_database.name)) as conn,
        pytest.raises(psycopg.OperationalError),
    ):
        conn.execute("select 1")


def test_open_connections_end_with_the_proxy(bare_database: Database) -> None:
    with Proxy(bare_database.server) as proxy:
        conn = connect(proxy.url("postgres", bare_database.name))
    with pytest.raises(psycopg.OperationalError):
        conn.execute("select 1")
