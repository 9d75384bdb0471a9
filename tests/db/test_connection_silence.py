"""A server that stops answering ends a command that reads, but not a statement that is still running."""

from __future__ import annotations

import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import psycopg
import pytest

from chatctl.cli.app import run
from chatctl.db import silence
from chatctl.db.connection import connect
from chatctl.errors import Unavailable
from chatctl.local.postgres import processes, throwaway
from tests.support.fakeserver import AUTHENTICATED, READY, FakeServer
from tests.support.world import Database

pytestmark = pytest.mark.slow

STARTED = AUTHENTICATED + READY


@pytest.fixture
def short_keepalive(monkeypatch: pytest.MonkeyPatch) -> None:
    """Check a silent server after a short time."""
    monkeypatch.setattr(silence, "SILENCE", 0.2)


@pytest.fixture
def short_timeout(short_keepalive: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give up after a short time, too; for servers that never answer."""
    monkeypatch.setattr(silence, "ANSWER", 1)


@pytest.mark.parametrize(
    "answer", [None, b"", AUTHENTICATED], ids=["nothing", "no encryption", "authenticated"]
)
def test_a_connection_attempt_without_an_answer_is_given_up(answer: bytes | None) -> None:
    with FakeServer(answer) as server:
        for url in (f"{server.url}?connect_timeout=2", f"{server.url}?connect_timeout=1.5"):
            with pytest.raises(
                Unavailable, match="no connection to the database: connection timeout expired"
            ):
                connect(url)


@pytest.mark.parametrize("most", [1, 1_000], ids=["no second connection", "no second answer"])
@pytest.mark.usefixtures("short_timeout")
def test_a_read_without_an_answer_is_given_up(most: int) -> None:
    with FakeServer(STARTED, most=most) as server, pytest.raises(Unavailable, match="has not responded for"):
        connect(server.url, watched=True).execute("select 1")


@pytest.mark.parametrize(
    "command",
    [
        ["migrate", "status"],
        ["migrate", "drift"],
        ["migrate", "--dry-run"],
        ["seed", "verify"],
        ["audit-rls"],
        ["migrate"],
        ["seed"],
    ],
    ids=" ".join,
)
@pytest.mark.usefixtures("short_timeout")
def test_a_command_ends_if_its_server_never_answers(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with FakeServer(STARTED, most=1) as server:
        assert run([*command, "--db-url", server.url]) == 8
    assert "error: the database has not responded for" in capsys.readouterr().err


@pytest.mark.usefixtures("short_keepalive")
def test_a_long_statement_on_a_live_server_is_waited_for(database: Database) -> None:
    with connect(database.url, watched=True) as conn:
        assert conn.execute("select pg_sleep(1.5), 1").fetchone() == ("", 1)


@pytest.mark.usefixtures("short_keepalive")
def test_a_server_that_refuses_a_second_connection_is_alive(database: Database) -> None:
    # From another database: the one just left may still count its last connection.
    with psycopg.connect(database.server.admin_url, autocommit=True) as admin:
        admin.execute(f"alter database {database.name} connection limit 1".encode())
    with connect(database.url, watched=True) as conn:
        assert conn.execute("select pg_sleep(1), 1").fetchone() == ("", 1)


@pytest.mark.usefixtures("short_timeout")
def test_a_stopped_server_ends_a_read_even_in_a_transaction() -> None:
    with throwaway.server() as server, ExitStack() as stack:
        conn = connect(server.url, watched=True)
        server_processes = processes.using(server.directory)
        for process in server_processes:
            stack.callback(process.send_signal, signal.SIGCONT)
            process.send_signal(signal.SIGSTOP)
        with pytest.raises(Unavailable, match="has not responded for"), conn.transaction():
            conn.execute("select 1")
        assert conn.closed


@pytest.mark.usefixtures("short_timeout")
def test_a_write_is_waited_for_once_the_server_has_answered() -> None:
    with throwaway.server() as server, ThreadPoolExecutor(1) as pool, ExitStack() as stack:
        conn = stack.enter_context(connect(server.url))
        conn.execute("select 1")
        for process in processes.using(server.directory):
            stack.callback(process.send_signal, signal.SIGCONT)
            process.send_signal(signal.SIGSTOP)
        working = pool.submit(conn.execute, "create table t (id int)")
        with pytest.raises(TimeoutError):
            working.result(timeout=2)
        stack.pop_all().close()
        assert working.result().statusmessage == "CREATE TABLE"
