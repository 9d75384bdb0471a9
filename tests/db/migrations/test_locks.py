"""``migrate`` next to another migration, a long transaction, or traffic that must not be blocked."""

from __future__ import annotations

import re
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from chatctl.data import data_directory
from chatctl.db.connection import Connection, connect
from chatctl.db.patience import LOCK_TIMEOUT as DEFAULT_LOCK_TIMEOUT
from chatctl.errors import Conflict
from chatctl.services.migrations import lock, migrate
from chatctl.waiting import until
from tests.support.forks import Fork, Forks, variables
from tests.support.migrating import LOCK_TIMEOUT, MARGIN, holding, migrating
from tests.support.world import Database, World

TABLES = ("conversations", "messages")
READ = "select count(*) from public.messages"


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A copy of sql/ with one more version, which alters conversations and then messages."""
    directory = Path(shutil.copytree(data_directory("sql"), tmp_path / "sql"))
    (directory / "migrations" / "20990101000000_pinned.sql").write_text(
        "alter table public.conversations add column pinned boolean;\n"
        "alter table public.messages add column pinned boolean;\n"
    )
    return directory


@dataclass
class Command:
    """A running ``python -m chatctl``; its output goes to files."""

    process: Fork
    stdout: Path
    stderr: Path

    def output(self) -> str:
        return self.stderr.read_text(encoding="utf-8")


@pytest.fixture
def chatctl(forks: Forks, tmp_path: Path) -> Iterator[Callable[..., Command]]:
    """Starts ``chatctl``; processes that still run at the end are terminated."""
    with ExitStack() as stack:

        def start(*arguments: str) -> Command:
            number = len(list(tmp_path.glob("*.out")))
            out, err = tmp_path / f"{number}.out", tmp_path / f"{number}.err"
            with out.open("wb") as stdout, err.open("wb") as stderr:
                streams = {"stdout": stdout.fileno(), "stderr": stderr.fileno()}
                process = forks.start("chatctl", *arguments, env=variables(), cwd=tmp_path, **streams)
            stack.callback(process.wait)
            stack.callback(process.kill)
            return Command(process, out, err)

        yield start


def test_one_of_two_concurrent_runs_waits_and_names_the_other(
    database: Database, files: Path, chatctl: Callable[..., Command]
) -> None:
    arguments = ("migrate", "--db-url", database.url, "--directory", str(files))
    with holding(database, READ) as report:
        first = chatctl(*arguments)
        assert until(lambda: "retrying in" in first.output(), seconds=30)
        second = chatctl(*arguments)
        assert until(lambda: "waiting for another" in second.output(), seconds=30)
        holder = report.execute("select pid from pg_locks where locktype = 'advisory' and granted").fetchone()
        report.execute("commit")
        assert (first.process.wait(30), second.process.wait(30)) == (0, 0)
    assert holder
    assert re.search(
        rf"waiting for another migration: pid {holder[0]}, chatctl, as postgres, since \d\d:\d\d:\d\d UTC",
        second.output(),
    )
    assert first.stdout.read_text() == "ran 1 migration, applied 0 objects\n"
    assert second.stdout.read_text().startswith("nothing to do")


@pytest.mark.parametrize("deadline", ["0", "0.3"])
def test_after_the_deadline_for_another_migration_it_is_named(
    database: Database, files: Path, chatctl: Callable[..., Command], deadline: str
) -> None:
    with (
        connect(database.url, application_name="deploy 7") as other,
        lock.held(other, 0, lambda why: None),
    ):
        late = chatctl("migrate", "--db-url", database.url, "--directory", str(files), "--deadline", deadline)
        assert late.process.wait(30) == 5
        pid = other.info.backend_pid
    output = late.output().splitlines()
    assert (
        f"error: another migration is still running after {deadline} s: pid {pid}, deploy 7" in (output[-2])
    )
    assert "--deadline" in output[-1]


@pytest.mark.slow
@pytest.mark.parametrize("lock_timeout", [LOCK_TIMEOUT, DEFAULT_LOCK_TIMEOUT])
def test_traffic_never_waits_longer_than_one_attempt_to_lock(
    world: World, files: Path, lock_timeout: float
) -> None:
    organization, (ann, ben) = world.team(2)
    conversation = world.direct(organization, ann, ben)
    world.send(ann, conversation)
    durations: dict[str, list[float]] = {}
    finished = Event()

    def repeat(name: str, act: Callable[[], Any]) -> None:
        while not finished.is_set():
            start = time.monotonic()
            act()
            durations.setdefault(name, []).append(time.monotonic() - start)

    def traffic(stack: ExitStack) -> Iterator[tuple[str, Callable[[], Any]]]:
        for table in ("messages", "conversations"):
            api = stack.enter_context(world.database.connect("authenticator"))
            statement = f"select id, updated_at from public.{table}"
            yield f"read {table}", partial(world.rows, ann, statement, conn=api)
        sender, renamer = (stack.enter_context(world.database.connect()) for _ in range(2))
        send = (
            "insert into public.messages (organization_id, conversation_id, content) values (%s, %s, 'hello')"
        )
        yield "write messages", lambda: sender.execute(send, (organization, conversation))
        rename = "update public.conversations set updated_at = now() where id = %s"
        yield "write conversations", lambda: renamer.execute(rename, (conversation,))

    with ExitStack() as stack:
        acts = dict(traffic(stack))
        pool = stack.enter_context(ThreadPoolExecutor(4))
        stack.callback(finished.set)
        report = stack.enter_context(holding(world.database, READ))
        pid = report.info.backend_pid
        migration = stack.enter_context(migrating(world.database, files, lock_timeout=lock_timeout))
        running = [pool.submit(repeat, what, act) for what, act in acts.items()]
        assert until(lambda: len(migration.waits) >= 4, seconds=30)
        report.execute("commit")
        steps = migration.ends.result(30)
        finished.set()
        for done in running:
            done.result(30)

    assert [step.path for step in steps] == ["migrations/20990101000000_pinned.sql"]
    for why in migration.waits[:4]:
        assert f"messages is held by pid {pid} (long report, postgres" in why
        assert why.split(": ", 1)[1].startswith(READ)
    assert len(durations) == 4
    for what, seconds in durations.items():
        assert len(seconds) > 20, what
        assert max(seconds) < lock_timeout + MARGIN, what


def test_many_tables_that_are_briefly_busy_do_not_add_up_to_a_longer_wait(
    database: Database, files: Path
) -> None:
    busy = ("messages", "organizations", "organization_members", "user_profiles", "conversation_participants")
    (files / "migrations" / "20990101000000_pinned.sql").write_text(
        "".join(f"alter table public.{table} add column pinned boolean;" for table in (TABLES[0], *busy))
    )
    waits_for = (
        "select from pg_locks where relation = %s::regclass and pid = %s and not granted "
        "and waitstart < clock_timestamp() - interval '0.4 s'"
    )

    def read(conn: Connection) -> float:
        start = time.monotonic()
        conn.execute("select count(*) from public.conversations")
        return time.monotonic() - start

    with ExitStack() as stack:
        observer, reader = (stack.enter_context(database.connect()) for _ in range(2))
        holders = [
            (table, stack.enter_context(holding(database, f"select count(*) from public.{table}")))
            for table in busy
        ]
        pool = stack.enter_context(ThreadPoolExecutor(1))
        migration = stack.enter_context(migrating(database, files))
        assert until(
            lambda: migration.locks(observer, *TABLES) == {"conversations": True, "messages": False},
            seconds=10,
        )
        reading = pool.submit(read, reader)

        def waits(table: str) -> bool:
            values = (table, migration.pid)
            return bool(observer.execute(waits_for, values).fetchall() or migration.waits)

        for table, holder in holders:
            until(partial(waits, table), seconds=10)
            holder.execute("commit")
        assert reading.result(30) < LOCK_TIMEOUT + MARGIN
        migration.ends.result(30)


def test_after_the_deadline_for_a_lock_nothing_is_changed(
    database: Database, files: Path, chatctl: Callable[..., Command]
) -> None:
    with holding(database, READ) as report:
        late = chatctl(
            *("migrate", "--db-url", database.url, "--directory", str(files)),
            *("--deadline", "1", "--lock-timeout", "0.3"),
        )
        assert late.process.wait(30) == 5
        pid = report.info.backend_pid
        assert migrate(report, directory=files, dry_run=True), "it should still be pending"
        columns = report.execute("select from pg_attribute where attname = 'pinned'").fetchall()
        locks = report.execute("select from pg_locks where locktype = 'advisory'").fetchall()
    assert (columns, locks) == ([], [])
    assert re.search(
        rf"error: gave up after 1 s and \d attempts: messages is held by pid {pid} "
        rf"\(long report, postgres, idle in transaction, since \d\d:\d\d:\d\d UTC\): {re.escape(READ)}\n"
        r"  .*--deadline or --lock-timeout",
        late.output(),
    )


def test_the_busy_table_is_locked_first_on_the_second_attempt(database: Database, files: Path) -> None:
    """Sessions that use the other tables need not wait while the migration does."""
    observed: list[dict[str, bool]] = []

    def waits_for_messages() -> bool:
        observed.append(migration.locks(observer, *TABLES))
        return observed[-1].get("messages") is False

    with (
        database.connect() as observer,
        holding(database, READ) as report,
        migrating(database, files) as migration,
    ):
        assert until(waits_for_messages, seconds=10)
        assert observed[-1] == {"conversations": True, "messages": False}
        assert until(lambda: len(migration.waits) == 1, seconds=10)
        assert until(waits_for_messages, seconds=10)
        assert observed[-1] == {"messages": False}
        report.execute("commit")
        assert len(migration.ends.result(30)) == 1


def test_a_deadlock_with_traffic_is_retried(database: Database, files: Path) -> None:
    with (
        database.connect("supabase_admin") as traffic,
        database.connect() as observer,
        migrating(database, files, lock_timeout=5) as migration,
    ):
        traffic.execute("set deadlock_timeout = '1min'")  # never the deadlock's victim
        with traffic.transaction():
            traffic.execute("update public.messages set content = content")
            assert until(lambda: migration.locks(observer, *TABLES).get("messages") is False, seconds=10)
            # The migration has locked conversations and waits for us.
            start = time.monotonic()
            traffic.execute("select count(*) from public.conversations")
            assert time.monotonic() - start < 1 + MARGIN  # deadlocks are detected after 1 s
            assert until(lambda: bool(migration.waits), seconds=10)
        assert "rolled back, retrying in" in migration.waits[0]
        assert len(migration.ends.result(30)) == 1


def test_a_deadlock_never_cancels_traffic(database: Database, files: Path) -> None:
    """With the default lock timeout, when traffic already waits for the migration that then waits for it."""
    (files / "migrations" / "20990101000000_pinned.sql").write_text(
        "alter table public.messages add column pinned boolean;\n"
        "select pg_advisory_xact_lock(7);\n"
        "alter table public.conversations add column pinned boolean;\n"
    )
    waits = "select from pg_locks where pid = %s and not granted"
    with ExitStack() as stack:
        observer, traffic = (stack.enter_context(database.connect()) for _ in range(2))
        gate = stack.enter_context(holding(database, "select pg_advisory_xact_lock(7)"))
        pool = stack.enter_context(ThreadPoolExecutor(1))
        migration = stack.enter_context(migrating(database, files, lock_timeout=DEFAULT_LOCK_TIMEOUT))
        traffic.execute("begin")
        traffic.execute("lock table public.conversations in row exclusive mode")
        assert until(lambda: bool(observer.execute(waits, (migration.pid,)).fetchall()), seconds=10)
        read = pool.submit(traffic.execute, "select count(*) from public.messages")
        pid = traffic.info.backend_pid
        assert until(lambda: bool(observer.execute(waits, (pid,)).fetchall()), seconds=10)
        gate.execute("commit")
        assert read.result(10).fetchone() == (0,)
        traffic.execute("commit")
        assert len(migration.ends.result(30)) == 1


def test_a_locked_row_is_waited_for_like_a_table(world: World, files: Path) -> None:
    organization, _ = world.team(1)
    (files / "migrations" / "20990101000000_pinned.sql").write_text(
        "update public.organizations set name = name || '!';"
    )
    rename = "update public.organizations set name = 'busy'"
    with (
        holding(world.database, rename) as other,
        migrating(world.database, files, lock_timeout=0.2) as migration,
    ):
        assert until(lambda: len(migration.waits) >= 2, seconds=10)
        assert f"a lock is held by pid {other.info.backend_pid} (long report" in migration.waits[0]
        other.execute("commit")
        assert len(migration.ends.result(30)) == 1
    assert world.fact("select name from organizations where id = %s", organization) == "busy!"


def test_the_query_of_a_blocker_is_shown_escaped_and_without_secrets(
    database: Database, files: Path, chatctl: Callable[..., Command]
) -> None:
    hostile = (
        "select /* \x1b]52;c;AAAA\x07 \u202e \r postgresql://ann:hunter2@db.example.test/postgres "
        "password=hunter3 */ count(*) from public.messages"
    )
    with holding(database, hostile):
        late = chatctl(
            *("migrate", "--db-url", database.url, "--directory", str(files)),
            *("--deadline", "1", "--lock-timeout", "0.3"),
        )
        assert late.process.wait(30) == 5
    output = late.stderr.read_bytes()
    assert b"retrying in" in output  # progress while it waits
    assert b"gave up after" in output  # and the final error
    assert b"from public.messages" in output
    for secret in (b"hunter2", b"hunter3", b"\x1b", b"\x07", b"\r", "\u202e".encode()):
        assert secret not in output


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("alone", [False, True], ids=["in a transaction", "without"])
def test_ended_by_a_signal_it_stops_waiting(
    database: Database, files: Path, chatctl: Callable[..., Command], number: signal.Signals, alone: bool
) -> None:
    """Other sessions queue behind a lock that a backend still waits for."""
    if alone:
        (files / "migrations" / "20990101000000_pinned.sql").write_text(
            "-- chatctl:no-transaction\ncreate index concurrently pinned on public.messages (updated_at);"
        )
    waiting = "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
    with (
        database.connect() as observer,
        holding(database, "update public.messages set content = content"),
    ):
        run = chatctl(
            *("migrate", "--db-url", database.url, "--directory", str(files)), *("--lock-timeout", "20")
        )
        assert until(lambda: bool(observer.execute(waiting).fetchall()), seconds=20)
        run.process.send_signal(number)
        assert run.process.wait(10) == 130
        assert until(lambda: not observer.execute(waiting).fetchall(), seconds=5)


def test_a_lock_holder_with_hidden_details_is_named_by_its_pid(database: Database, files: Path) -> None:
    """A role without pg_monitor sees fewer details of sessions of other roles."""
    role = f"plain_{database.name}"
    with database.connect("supabase_admin") as admin, database.connect() as other:
        admin.execute(f"create role {role} login")
        admin.execute(f"grant usage on schema supabase_migrations to {role}")
        try:
            with (
                lock.held(other, 0, lambda why: None),
                database.connect(role) as conn,
                pytest.raises(Conflict, match=rf"pid {other.info.backend_pid}, chatctl"),
            ):
                migrate(conn, directory=files, deadline=0)
        finally:
            admin.execute(f"drop owned by {role}")
            admin.execute(f"drop role {role}")
