"""``chatctl migrate`` killed at any moment leaves the database in the old or the new state."""

from __future__ import annotations

import signal
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, get_ident
from typing import Any

import psycopg
import pytest
from psycopg import sql

from chatctl.services.migrations import migrate
from chatctl.waiting import until
from tests.cli.conftest import Result
from tests.support.forks import Forks, variables
from tests.support.proxy import Cut, Proxy
from tests.support.world import Database

Message = tuple[bytes, bytes]

COMMIT: Message = (b"Q", b"COMMIT\0")
UNLOCK = b"pg_advisory_unlock"

OLD = {
    "migrations/20260101000000_notes.sql": """
        create table public.notes (id integer primary key);
        alter table public.notes enable row level security;
        insert into public.notes values (1), (2);
    """,
    "objects/functions/answer.sql": """
        create or replace function public.answer() returns integer language sql as 'select 41';
    """,
    "objects/functions/gone.sql": """
        create or replace function public.gone() returns integer language sql as 'select 0';
    """,
    "objects/access/notes.sql": """
        drop policy if exists seen on public.notes;
        create policy seen on public.notes for select to authenticated using (true);
    """,
}
NEW = {
    **OLD,
    "migrations/20260102000000_tags.sql": """
        create table public.tags (id integer primary key);
        alter table public.tags enable row level security;
    """,
    "migrations/20260103000000_text.sql": """
        alter table public.notes add column body text;
        update public.notes set body = 'note ' || id;
        alter table public.notes alter column body set not null;
    """,
    "objects/functions/answer.sql": """
        create or replace function public.answer() returns integer language sql as 'select 42';
    """,
    "objects/access/notes.sql": """
        drop policy if exists told on public.notes;
        create policy told on public.notes for select to authenticated using (id > 0);
    """,
}
del NEW["objects/functions/gone.sql"]
INDEX = {
    **OLD,
    "migrations/20260102000000_index.sql": """
        -- chatctl:no-transaction
        create unique index concurrently notes_id on public.notes (id);
    """,
}

STATE = (
    b"select version, name, statements from supabase_migrations.schema_migrations",
    b"select version, sha256 from supabase_migrations.chatctl_migrations",
    b"select path, sha256, drops from supabase_migrations.chatctl_objects",
    b"select version from supabase_migrations.chatctl_unfinished",
    b"select oid::regclass::text, relkind, relrowsecurity, relacl::text, reloptions from pg_class "
    b"where relnamespace in ('public'::regnamespace, 'supabase_migrations'::regnamespace)",
    b"select attrelid::regclass::text, attname, atttypid::regtype::text, attnotnull from pg_attribute "
    b"where attrelid in ('public.notes'::regclass, to_regclass('public.tags')) and attnum > 0",
    b"select indexrelid::regclass::text, indisvalid from pg_index where indrelid = 'public.notes'::regclass",
    b"select oid::regprocedure::text, prosrc, proacl::text from pg_proc "
    b"where pronamespace = 'public'::regnamespace",
    b"select tablename, policyname, roles, cmd, qual from pg_policies where schemaname = 'public'",
    b"select to_jsonb(notes) from public.notes",
)


@dataclass
class Run:
    """One ``chatctl migrate``: the messages it sent to the server, and the one at which it is killed.

    If ``delivered``, that message still reaches the server; otherwise neither it nor any later one does.
    """

    number: int = 0
    delivered: bool = False
    exit_code: int | None = None
    heard: list[Message] = field(default_factory=list)
    _fork: Any = None
    _started: Event = field(default_factory=Event)
    _dead: Event = field(default_factory=Event)
    _session: int | None = None

    @property
    def delivered_messages(self) -> list[Message]:
        """The messages that reached the server."""
        return self.heard if self.delivered or not self.number else self.heard[: self.number - 1]

    @property
    def where(self) -> str:
        return f"killed at message {self.number}: {self.heard[-1]!r}"

    def start(self, forks: Forks, database: Database, directory: Path, output: Path) -> None:
        with Proxy(database.server, on_message=self._listen) as proxy, output.open("ab") as to:
            arguments = ("--db-url", proxy.url("postgres", database.name), "--directory", str(directory))
            streams = {"stdout": to.fileno(), "stderr": to.fileno()}
            self._fork = forks.start(
                "chatctl", "migrate", *arguments, env=variables(), cwd=output.parent, **streams
            )
            self._started.set()
            self.exit_code = self._fork.wait()
            self._dead.set()
            assert until(lambda: not proxy.sessions, seconds=30)

    def _listen(self, number: int, kind: bytes, body: bytes) -> None:
        # The first session runs the migration; a second one may look up who blocks it.
        self._session = self._session or get_ident()
        if self._session != get_ident():
            return
        self.heard.append((kind, body))
        if len(self.heard) == self.number:
            self._started.wait()
            self._fork.kill()
            self._dead.wait()
            if not self.delivered:
                raise Cut


class Copies:
    """Provides fresh copies of a database."""

    def __init__(self, forks: Forks, original: Database, files: Path, output: Path) -> None:
        self._forks = forks
        self._original = original
        self.files = files
        self._output = output
        self._number = 0
        self.database = original

    def __enter__(self) -> Copies:
        self.renew()
        return self

    def __exit__(self, *_: object) -> None:
        self._drop()

    def renew(self) -> None:
        """Replace the current copy with a fresh one."""
        self._drop()
        self._number += 1
        self.database = Database(self._original.server, f"{self._original.name}_{self._number}")
        self._admin("create database {name} template {template} owner postgres")
        self.conn = psycopg.connect(self.database.url, autocommit=True, application_name="the test")

    def run(self, number: int = 0, *, delivered: bool = False) -> Run:
        """Migrate, killed at message ``number``; returns when the server has closed the session."""
        run = Run(number, delivered)
        run.start(self._forks, self.database, self.files, self._output)
        # Terminate gets no answer: the run may have ended before it could be killed.
        ended = run.exit_code == 0 and (not number or run.heard[-1][0] == b"X")
        assert ended or (number and run.exit_code == -signal.SIGKILL), self._output.read_text()[-2000:]
        # The backend of a killed client continues until it reads its next message.
        assert until(self._alone, seconds=30)
        return run

    def state(self) -> list[list[str]]:
        return [sorted(map(repr, self.conn.execute(statement))) for statement in STATE]

    def index(self) -> tuple[bool | None, bool, bool]:
        """Whether the index is valid (None: it does not exist), recorded, and started but not recorded."""
        row = self.conn.execute(
            """
            select
              (select indisvalid from pg_index where indexrelid = to_regclass('public.notes_id')),
              exists (select from supabase_migrations.schema_migrations where version = '20260102000000'),
              exists (select from supabase_migrations.chatctl_unfinished)
            """
        ).fetchone()
        assert row
        return row

    def _alone(self) -> bool:
        return not self.conn.execute(
            "select from pg_stat_activity where datname = current_database() "
            "and application_name like 'chatctl%'"
        ).fetchall()

    def _drop(self) -> None:
        if self.database is not self._original:
            self.conn.close()
            self._admin("drop database {name} with (force)")

    def _admin(self, statement: str) -> None:
        words: dict[str, Any] = {
            "name": sql.Identifier(self.database.name),
            "template": sql.Identifier(self._original.name),
        }
        with closing(psycopg.connect(self._original.server.admin_url, autocommit=True)) as admin:
            admin.execute(sql.SQL(statement).format(**words))


def write(directory: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return directory


@pytest.fixture
def copies(forks: Forks, bare_database: Database, tmp_path: Path) -> Callable[[dict[str, str]], Copies]:
    """Copies of a database with ``OLD`` applied, for runs that migrate other files."""

    def make(files: dict[str, str]) -> Copies:
        with bare_database.connect() as conn:
            migrate(conn, directory=write(tmp_path / "old", OLD))
        return Copies(forks, bare_database, write(tmp_path / "new", files), tmp_path / "output.txt")

    return make


@pytest.mark.parametrize(
    "delivered", [pytest.param(False, marks=pytest.mark.slow), True], ids=["cut", "delivered"]
)
def test_killed_at_any_message_the_database_is_in_the_old_or_new_state(
    copies: Callable[[dict[str, str]], Copies], chatctl: Callable[..., Result], delivered: bool
) -> None:
    with copies(NEW) as fresh:
        old = fresh.state()
        whole = fresh.run()
        new = fresh.state()
        assert whole.heard.count(COMMIT) == 1
        assert UNLOCK in whole.heard[whole.heard.index(COMMIT) + 1][1]
        fresh.renew()
        for number in points(whole, delivered):
            run = fresh.run(number, delivered=delivered)
            committed = COMMIT in run.delivered_messages
            assert fresh.state() == (new if committed else old), run.where
            # The next run completes the migration, or the next one to be killed if that takes too long.
            # (A run that waited for a lock sends more messages: the last run may have ended earlier.)
            if run.heard[-1][0] in (b"Q", b"S"):
                with fresh.conn.transaction(force_rollback=True):
                    assert bool(migrate(fresh.conn, directory=fresh.files)) == (not committed), run.where
                    assert fresh.state() == new, run.where
            if committed:
                fresh.renew()
        ran = chatctl("migrate", "--db-url", fresh.database.url, "--directory", str(fresh.files))
        assert ran.stdout == "ran 2 migrations, applied 2 objects, dropped obsolete objects of 2 files\n"
        assert fresh.state() == new
        again = chatctl("migrate", "--db-url", fresh.database.url, "--directory", str(fresh.files))
        assert again.stdout.startswith("nothing to do")


@pytest.mark.parametrize(
    "delivered", [pytest.param(False, marks=pytest.mark.slow), True], ids=["cut", "delivered"]
)
def test_killed_while_an_index_is_built_the_next_run_completes_it(
    copies: Callable[[dict[str, str]], Copies], delivered: bool
) -> None:
    with copies(INDEX) as fresh:
        whole = fresh.run()
        new = fresh.state()
        assert fresh.index() == (True, True, False)
        assert whole.heard.count(COMMIT) == 2  # recording it; the objects
        forget(fresh)
        for number in points(whole, delivered):
            run = fresh.run(number, delivered=delivered)
            valid, recorded, begun = fresh.index()
            assert recorded == (COMMIT in run.delivered_messages), run.where
            assert valid if recorded else begun or valid is None, run.where
            assert not (recorded and begun), run.where
            migrate(fresh.conn, directory=fresh.files)
            assert fresh.state() == new, run.where
            assert migrate(fresh.conn, directory=fresh.files) == []
            forget(fresh)


def test_killed_before_the_objects_the_next_run_restores_what_a_version_dropped(
    copies: Callable[[dict[str, str]], Copies],
) -> None:
    """At that moment the versions are recorded and the text of the object has not changed."""
    taken = {"migrations/20260101500000_taken.sql": "drop function public.answer();"}
    with copies({**INDEX, **taken}) as fresh:
        whole = fresh.run()
        new = fresh.state()
        fresh.renew()
        begins = [number for number, message in enumerate(whole.heard, 1) if message == (b"Q", b"BEGIN\0")]
        fresh.run(begins[-1])
        migrate(fresh.conn, directory=fresh.files)
        assert fresh.state() == new


def points(whole: Run, delivered: bool) -> list[int]:
    """The messages at which to kill a run: all, or the last of each batch if they are ``delivered``."""
    return [n for n, (kind, _) in enumerate(whole.heard, 1) if kind in (b"Q", b"S") or not delivered]


def forget(fresh: Copies) -> None:
    fresh.conn.execute("drop index public.notes_id")
    for table in ("schema_migrations", "chatctl_migrations"):
        fresh.conn.execute(f"delete from supabase_migrations.{table} where version = '20260102000000'")
