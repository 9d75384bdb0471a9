"""Runs of ``chatctl seed`` that a test interrupts, and assertions about what they leave."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate, count
from pathlib import Path
from random import Random
from threading import Event
from typing import Any

from chatctl.db.connection import Connection
from chatctl.services.drift import catalogue
from chatctl.services.drift.compare import compare
from chatctl.services.seed import loading, runs, specfile
from chatctl.services.seed.outline import build
from chatctl.services.seed.verify import verify
from chatctl.waiting import until
from tests.support.forks import Fork, Forks, variables
from tests.support.proxy import Cut, Proxy
from tests.support.seeded import copied
from tests.support.world import Database

ROOT = Path(__file__).parents[2]
SECONDS = 120  # upper limit for any wait; other tests may run on the same two cores
MOMENTS = 20

Message = tuple[bytes, bytes]
COMMIT: Message = (b"Q", b"COMMIT\0")
TERMINATE = b"X"

# A small world with everything that a world can have.
WORLD = """
name: small
messages: 600
visits: true
hostile: true
habits: {attachments: 0.2, reactions: 0.3, edits: 0.2, deletions: 0.2}
organizations:
  - {name: One, slug: one, users: 9, admins: 1, conversations: [{count: 2}, {direct: true, count: 5}]}
  - {name: 二, slug: two, users: 5, admins: 1, conversations: [{name: All}, {direct: true, count: 3}]}
"""
PART = 60
KEPT, REBUILT = "indexes kept", "indexes rebuilt"
ENOUGH = {KEPT: 10**9, REBUILT: 100}  # number of messages from which on indexes are built afterwards


@dataclass(frozen=True)
class Moment:
    """When to kill a run: at a message to the server, of which the first ``arrives`` bytes still arrive."""

    message: int
    arrives: int


@dataclass
class Run:
    """A running ``chatctl``, the messages it has sent to the server, and its output."""

    stdout: Path
    stderr: Path
    heard: list[Message] = field(default_factory=list)
    started: Event = field(default_factory=Event)
    ended: Event = field(default_factory=Event)
    fork: Fork | None = None

    @property
    def commits(self) -> int:
        return self.heard.count(COMMIT)

    @property
    def lock_attempts(self) -> int:
        """How often it has tried to acquire the advisory lock of seeds."""
        return sum(kind == b"P" and b"pg_try_advisory_lock" in body for kind, body in self.heard)

    def wait(self) -> int:
        assert self.fork
        code = self.fork.wait(SECONDS)
        self.ended.set()
        return code

    def signal(self, number: int) -> None:
        self.started.wait()
        assert self.fork
        self.fork.send_signal(number)

    @cached_property
    def document(self) -> Any:
        return json.loads(self.stdout.read_text())

    @property
    def output(self) -> str:
        return self.stderr.read_text()


Listen = Callable[[Run, Proxy], None]


class FreshDatabases:
    """Databases that are not seeded yet, one after the other, and the commands that run on them."""

    def __init__(self, forks: Forks, original: Database, directory: Path, enough: int) -> None:
        self._forks = forks
        self._original = original
        self.server = original.server
        self._directory = directory
        self._numbers = count(1)
        (directory / "small.yaml").write_text(WORLD)
        small = ("tests.support.small_parts", str(PART), str(enough))
        self.seed = (*small, "seed", "from", str(directory / "small.yaml"))
        self.outline = build(specfile.load(directory / "small.yaml"))
        with original.connect() as conn:
            self.catalogue = catalogue.read(conn)

    @contextmanager
    def renewed(self) -> Iterator[Connection]:
        """Create the next database, in the state after ``chatctl migrate``."""
        name = f"{self._original.name}_{next(self._numbers)}"
        with copied(self._original, name) as self.database, self.database.connect() as conn:
            conn.execute("set application_name = 'the test'")
            yield conn

    @contextmanager
    def running(self, *command: str, listen: Listen = lambda run, proxy: None) -> Iterator[Run]:
        """Run ``python -m command``; ``listen`` is called for each message. It is killed at the end."""
        base = self._directory / str(next(self._numbers))
        run = Run(base.with_suffix(".out"), base.with_suffix(".err"))

        def record(number: int, kind: bytes, body: bytes) -> None:
            run.heard.append((kind, body))
            listen(run, proxy)

        with (
            Proxy(self.server, on_message=record) as proxy,
            run.stdout.open("wb") as stdout,
            run.stderr.open("wb") as stderr,
        ):
            url = proxy.url("postgres", self.database.name)
            run.fork = self._forks.start(
                *(*command, "--db-url", url),
                env=variables(),
                cwd=ROOT,
                stdout=stdout.fileno(),
                stderr=stderr.fileno(),
            )
            run.started.set()
            try:
                yield run
            finally:
                run.fork.kill()
                run.wait()

    def run(self, *command: str) -> Run:
        """Run a seed without interruption."""
        with self.running(*(command or self.seed), "-o", "json") as run:
            assert run.wait() == 0, run.output
        return run

    def killed(self, moment: Moment, *command: str) -> Run:
        """Run a seed that is killed at ``moment``, if it gets there."""
        arrived = Event()

        def kill(run: Run, proxy: Proxy) -> None:
            if len(run.heard) == moment.message:
                run.signal(signal.SIGKILL)
                run.ended.wait()
                (session,) = (it for it in proxy.sessions if it.last == moment.message)
                session.postgres.sendall(raw(run.heard[-1])[: moment.arrives])
                arrived.set()
                raise Cut

        with self.running(*(command or self.seed), listen=kill) as run:
            if run.wait() == -signal.SIGKILL:
                assert arrived.wait(SECONDS)
            else:  # Terminate gets no answer: the run may have ended before it could be killed
                assert (run.wait(), run.heard[-1][0]) == (0, TERMINATE), run.output
        return run

    def load(self, conn: Connection) -> loading.LoadedWorld:
        """Load the same world in this process."""
        return loading.load(conn, self.outline, loading.LoadOptions(storage_rows=True, chunk_size=PART))


def raw(message: Message) -> bytes:
    kind, body = message
    return kind + (len(body) + 4).to_bytes(4) + body


def moments(complete_run: Run, chance: Random) -> list[Moment]:
    """Moments from the first statement to Terminate, between and within messages; some around COMMITs."""
    sizes = [len(raw(message)) for message in complete_run.heard]
    commits = [number for number, message in enumerate(complete_run.heard, 1) if message == COMMIT]
    chosen = [Moment(1, 0)]
    for number in (commits[0], chance.choice(commits[1:-1]), commits[-1]):
        chosen += [Moment(number, 0), Moment(number, sizes[number - 1])]
    for number in building(complete_run)[:1]:
        chosen.append(Moment(number, sizes[number - 1]))
    for byte in (chance.randrange(sum(sizes)) for _ in range(4)):
        before = [reached for reached in accumulate(sizes, initial=0) if reached <= byte]
        chosen.append(Moment(len(before), byte - before[-1]))
    left = MOMENTS - len(chosen)
    for part in range(left):  # one in each part of the run, so that they are spread evenly
        number = chance.randrange(part * len(sizes) // left, (part + 1) * len(sizes) // left)
        chosen.append(Moment(number + 1, chance.choice((0, sizes[number]))))
    return chosen


def building(complete_run: Run) -> list[int]:
    """The numbers of the messages that build an index."""
    build = (b"CREATE INDEX", b"alter table public.messages add constraint")
    return [number for number, (_, body) in enumerate(complete_run.heard, 1) if body.startswith(build)]


def until_alone(conn: Connection) -> bool:
    """Wait for the backend of a killed client, which continues until it reads its next message."""
    other_sessions = (
        "select from pg_stat_activity where datname = current_database() and application_name like 'chatctl%'"
    )
    return until(lambda: not conn.execute(other_sessions.encode()).fetchall(), seconds=SECONDS)


def waits_for_a_lock(conn: Connection) -> bool:
    waiting = "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
    return bool(conn.execute(waiting).fetchall())


def committed_transactions(databases: FreshDatabases, conn: Connection) -> int:
    """How many transactions of a seed were committed, each with all its rows."""
    assert compare(databases.catalogue, catalogue.read(conn)) == []
    assert rows(
        conn,
        "select l.id, l.messages from private.seed_chunks "
        "cross join unnest(conversation_ids, message_counts) as l (id, messages) order by l.id",
    ) == rows(
        conn,
        "select c.id, count(m.id) from conversations c left join messages m on m.conversation_id = c.id "
        "group by c.id order by c.id",
    )
    seed_runs = runs.of(conn)
    if not seed_runs:
        assert rows(conn, "select id from organizations union all select id from auth.users") == []
        return 0
    (run,) = seed_runs
    differences = [difference.check for difference in verify(conn, run).differences]
    assert differences == ([] if run.finished_at else ["fingerprint"])
    ((parts,),) = rows(conn, "select count(distinct xmin::text) from private.seed_chunks")
    return 1 + int(parts) + bool(run.finished_at)


def assert_complete(databases: FreshDatabases, conn: Connection, complete_run: Run, where: str = "") -> None:
    """The world equals that of a run without interruption, and nothing temporary is left."""
    assert committed_transactions(databases, conn) > 2, where
    assert runs.of(conn)[0].fingerprint == complete_run.document["fingerprint"], where
    files = (
        "select sum(jsonb_array_length(w.a)) from (select attachments from messages union all "
        "select attachments from private.deleted_messages) as w (a)"
    )
    assert rows(conn, "select count(*) from storage.objects") == rows(conn, files), where
    assert rows(conn, "select pid from pg_locks where locktype = 'advisory'") == [], where
    assert rows(conn, "show session_replication_role") == [("origin",)], where


def assert_complete_except_pins(databases: FreshDatabases, conn: Connection, complete_run: Run) -> None:
    """The same, except for what the migration added."""
    for table in ("messages", "conversations"):
        conn.execute(f"alter table public.{table} drop column pinned")
    scope = runs.scope(databases.outline)
    assert runs.fingerprint(conn, scope).total == complete_run.document["fingerprint"]
    assert compare(databases.catalogue, catalogue.read(conn)) == []


def rows(conn: Connection, statement: str) -> list[tuple[Any, ...]]:
    return conn.execute(statement.encode()).fetchall()
