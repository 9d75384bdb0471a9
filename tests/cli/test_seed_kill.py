"""``chatctl seed`` interrupted at any moment leaves complete parts; the next run creates the same rows."""

from __future__ import annotations

import json
import secrets
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate, count
from pathlib import Path
from random import Random
from threading import Event
from typing import Any

import pytest

from chatctl.data import data_directory
from chatctl.db.connection import Connection
from chatctl.local.postgres.server import Server
from chatctl.services.drift import catalogue
from chatctl.services.drift.compare import compare
from chatctl.services.seed import chunks, indexes, loading, runs, specfile
from chatctl.services.seed.outline import build
from chatctl.services.seed.verify import verify
from chatctl.waiting import until
from tests.support.forks import Fork, Forks, variables
from tests.support.migrating import holding
from tests.support.proxy import Cut, Proxy
from tests.support.rights import no_replica
from tests.support.seeded import copied
from tests.support.world import Database

ROOT = Path(__file__).parents[2]
SECONDS = 120  # upper limit for any wait; other tests may run on the same two cores
MOMENTS = 20

Message = tuple[bytes, bytes]
COMMIT: Message = (b"Q", b"COMMIT\0")
GOODBYE = b"X"

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


class Place:
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
        place = self._directory / str(next(self._numbers))
        run = Run(place.with_suffix(".out"), place.with_suffix(".err"))

        def hear(number: int, kind: bytes, body: bytes) -> None:
            run.heard.append((kind, body))
            listen(run, proxy)

        with (
            Proxy(self.server, on_message=hear) as proxy,
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
                assert (run.wait(), run.heard[-1][0]) == (0, GOODBYE), run.output
        return run

    def load(self, conn: Connection) -> loading.LoadedWorld:
        """Load the same world in this process."""
        return loading.load(conn, self.outline, loading.LoadOptions(storage_rows=True, chunk_size=PART))


def raw(message: Message) -> bytes:
    kind, body = message
    return kind + (len(body) + 4).to_bytes(4) + body


@pytest.fixture
def chance() -> Random:
    """Different moments in each run; a failure prints the seed that reproduces it."""
    seed = secrets.randbits(32)
    print(f"the seed of these moments is {seed}")  # noqa: T201 - pytest shows it
    return Random(seed)


@pytest.fixture(params=ENOUGH)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(indexes, "WORTHWHILE", ENOUGH[request.param])
    return str(request.param)


@pytest.fixture
def place(forks: Forks, server: Server, tmp_path: Path, way: str) -> Place:
    return Place(forks, Database(server, "backend"), tmp_path, ENOUGH[way])


@pytest.fixture(scope="module")
def undisturbed() -> dict[str, Run]:
    return {}


@pytest.fixture
def whole(place: Place, way: str, undisturbed: dict[str, Run]) -> Run:
    """A run without interruption."""
    if way not in undisturbed:
        with place.renewed():
            undisturbed[way] = place.run()
            assert undisturbed[way].document["state"] == "created"  # read while its file exists
    return undisturbed[way]


def test_killed_at_any_moment_the_next_run_creates_identical_rows(
    place: Place, whole: Run, way: str, chance: Random
) -> None:
    parts = len(list(chunks.cut(place.outline, PART)))
    assert parts > 8
    assert whole.commits == (3 if way == REBUILT else 2 + parts)  # people, messages, fingerprint
    for moment in moments(whole, chance):
        with place.renewed() as conn:
            run = place.killed(moment)
            where = f"{moment}: {run.heard[-1]!r:.200}"
            assert until_alone(conn), where
            lost = run.heard[-1] == COMMIT and moment.arrives < len(raw(COMMIT))
            committed = run.commits - lost
            assert committed_transactions(place, conn) == committed, where
            outcome = place.load(conn)
            assert outcome.state == (
                "created" if not committed else "unchanged" if committed == whole.commits else "continued"
            ), where
            assert_whole(place, conn, whole, where)


@pytest.mark.parametrize("triggers", ["replica", "owner"])
def test_a_seed_that_is_killed_repeatedly_completes_in_the_end(
    place: Place, whole: Run, chance: Random, triggers: str
) -> None:
    """Each run starts immediately, while the server may still be busy with the previous one."""
    with no_replica(place.server) if triggers == "owner" else nullcontext(), place.renewed() as conn:
        for _ in range(5):
            place.killed(Moment(chance.randrange(1, len(whole.heard)), 0))
        last = place.run()
        assert f"path: {triggers}" in last.output or last.document["state"] == "unchanged"
        assert_whole(place, conn, whole)


@pytest.mark.parametrize("way", [REBUILT], indirect=True)
def test_a_seed_that_is_killed_while_it_builds_indexes_is_continued(place: Place, chance: Random) -> None:
    perf = ("chatctl", "seed", "perf", "--scale", "0.1")
    with place.renewed():
        whole = place.run(*perf)
        undisturbed = whole.document
    with place.renewed() as conn:
        number = chance.choice(building(whole))
        place.killed(Moment(number, len(raw(whole.heard[number - 1]))), *perf)
        run = place.run(*perf)
        assert run.document == {**undisturbed, "state": "continued"}
        assert compare(place.catalogue, catalogue.read(conn)) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ended_by_a_signal_it_leaves_complete_parts(
    place: Place, whole: Run, chance: Random, number: signal.Signals
) -> None:
    for _ in range(2):
        moment = chance.randrange(1, len(whole.heard) - whole.heard[::-1].index(COMMIT) - 1)

        def end(run: Run, proxy: Proxy, moment: int = moment) -> None:
            if len(run.heard) == moment:
                run.signal(number)

        with place.renewed() as conn:
            with place.running(*place.seed, listen=end) as run:
                assert run.wait() == 130, (moment, run.output)
            assert "Traceback" not in run.output
            assert run.stdout.read_text() == ""
            assert until_alone(conn)
            assert committed_transactions(place, conn) < whole.commits
            place.load(conn)
            assert_whole(place, conn, whole)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("way", [KEPT], indirect=True)
def test_ended_by_a_signal_it_stops_waiting_for_a_lock(place: Place, number: signal.Signals) -> None:
    with (
        place.renewed() as conn,
        holding(place.database, "lock table public.conversations in share mode"),
        place.running(*place.seed) as run,
    ):
        assert until(lambda: waits_for_a_lock(conn), seconds=SECONDS)
        run.signal(number)
        assert run.wait() == 130
        assert until(lambda: not waits_for_a_lock(conn), seconds=5)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("way", [KEPT], indirect=True)
def test_ended_by_a_signal_it_does_not_wait_for_another_seed(place: Place, number: signal.Signals) -> None:
    with place.renewed() as conn:
        conn.execute("select pg_advisory_lock(hashtextextended('chatctl seed', 0))")
        with place.running(*place.seed) as run:
            assert until(lambda: run.lock_attempts > 1, seconds=SECONDS)
            run.signal(number)
            assert run.wait() == 130
        assert committed_transactions(place, conn) == 0


@pytest.mark.parametrize(("number", "word"), [(signal.SIGINT, "interrupted"), (signal.SIGTERM, "terminated")])
@pytest.mark.parametrize("way", [KEPT], indirect=True)
def test_ended_by_a_signal_it_reports_that(place: Place, number: signal.Signals, word: str) -> None:
    def end(run: Run, proxy: Proxy) -> None:
        if run.commits == 2 and run.heard[-1] == COMMIT:
            run.signal(number)

    with place.renewed(), place.running(*place.seed, listen=end) as run:
        assert run.wait() == 130
        assert run.output.splitlines()[-2:] == [
            f"error: {word}",
            "  run the same command again to continue",
        ]


@pytest.mark.parametrize("other", ["1", "2"], ids=["the same world", "another world"])
def test_of_two_concurrent_seeds_one_waits_and_both_succeed(
    place: Place, whole: Run, way: str, other: str
) -> None:
    waits = Event()

    def hold(run: Run, proxy: Proxy) -> None:
        if run.commits == 2:
            waits.wait(SECONDS)

    def look(run: Run, proxy: Proxy) -> None:
        if run.lock_attempts > 1:
            waits.set()

    same = other == "1"
    with place.renewed() as conn:
        with place.running(*place.seed, "-o", "json", listen=hold) as first:
            assert until(lambda: first.commits == 2, seconds=SECONDS)
            with place.running(*place.seed, "-o", "json", "--seed", other, listen=look) as second:
                assert (first.wait(), second.wait()) == (0, 0), (first.output, second.output)
        assert "waiting for another seed: pid" in second.output
        assert first.document["state"] == "created"
        assert second.document["state"] == ("unchanged" if same else "created")
        assert first.document["fingerprint"] == whole.document["fingerprint"]
        assert (second.document["fingerprint"] == first.document["fingerprint"]) == same
        assert second.document["rows"] == first.document["rows"] or not same
        assert [verify(conn, run).differences for run in runs.of(conn)] == [[]] * (1 if same else 2)
        assert compare(place.catalogue, catalogue.read(conn)) == []


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A copy of sql/ with one more version, which alters a table that a seed writes to."""
    directory = Path(shutil.copytree(data_directory("sql"), tmp_path / "sql"))
    (directory / "migrations" / "20990101000000_pinned.sql").write_text(
        "alter table public.messages add column pinned boolean;\n"
        "alter table public.conversations add column pinned boolean;\n"
    )
    return directory


def test_a_migration_during_a_seed_waits_for_one_part(place: Place, whole: Run, files: Path) -> None:
    tried = Event()

    def hold(run: Run, proxy: Proxy) -> None:
        if run.commits == 2:
            tried.wait(SECONDS)

    migrate = ("chatctl", "migrate", "--directory", str(files), "--lock-timeout", "0.2")
    with place.renewed() as conn:
        with place.running(*place.seed, "-o", "json", listen=hold) as seed:
            assert until(lambda: seed.commits == 2, seconds=SECONDS)
            with place.running(*migrate) as migration:
                assert until(lambda: "retrying in" in migration.output, seconds=SECONDS)
                tried.set()
                assert (seed.wait(), migration.wait()) == (0, 0), (seed.output, migration.output)
        assert_unpinned(place, conn, whole)


def test_seed_waits_for_a_migration_that_holds_its_tables(place: Place, whole: Run, files: Path) -> None:
    waits = Event()

    def hold(run: Run, proxy: Proxy) -> None:
        if run.heard[-1] == COMMIT:
            waits.wait(SECONDS)

    with place.renewed() as conn:
        with place.running("chatctl", "migrate", "--directory", str(files), listen=hold) as migration:
            assert until(lambda: migration.commits > 0, seconds=SECONDS)
            with place.running(*place.seed, "-o", "json") as seed:
                assert until(lambda: waits_for_a_lock(conn), seconds=SECONDS)
                waits.set()
                assert (seed.wait(), migration.wait()) == (0, 0), (seed.output, migration.output)
        assert_unpinned(place, conn, whole)


def moments(whole: Run, chance: Random) -> list[Moment]:
    """Moments from the first statement to Terminate, between and within messages; some around COMMITs."""
    sizes = [len(raw(message)) for message in whole.heard]
    commits = [number for number, message in enumerate(whole.heard, 1) if message == COMMIT]
    chosen = [Moment(1, 0)]
    for number in (commits[0], chance.choice(commits[1:-1]), commits[-1]):
        chosen += [Moment(number, 0), Moment(number, sizes[number - 1])]
    for number in building(whole)[:1]:
        chosen.append(Moment(number, sizes[number - 1]))
    for byte in (chance.randrange(sum(sizes)) for _ in range(4)):
        before = [reached for reached in accumulate(sizes, initial=0) if reached <= byte]
        chosen.append(Moment(len(before), byte - before[-1]))
    left = MOMENTS - len(chosen)
    for part in range(left):  # one in each part of the run, so that they are spread evenly
        number = chance.randrange(part * len(sizes) // left, (part + 1) * len(sizes) // left)
        chosen.append(Moment(number + 1, chance.choice((0, sizes[number]))))
    return chosen


def building(whole: Run) -> list[int]:
    """The numbers of the messages that build an index."""
    build = (b"CREATE INDEX", b"alter table public.messages add constraint")
    return [number for number, (_, body) in enumerate(whole.heard, 1) if body.startswith(build)]


def until_alone(conn: Connection) -> bool:
    """Wait for the backend of a killed client, which continues until it reads its next message."""
    other_sessions = (
        "select from pg_stat_activity where datname = current_database() and application_name like 'chatctl%'"
    )
    return until(lambda: not conn.execute(other_sessions.encode()).fetchall(), seconds=SECONDS)


def waits_for_a_lock(conn: Connection) -> bool:
    waiting = "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
    return bool(conn.execute(waiting).fetchall())


def committed_transactions(place: Place, conn: Connection) -> int:
    """How many transactions of a seed were committed, each with all its rows."""
    assert compare(place.catalogue, catalogue.read(conn)) == []
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


def assert_whole(place: Place, conn: Connection, whole: Run, where: str = "") -> None:
    """The world equals that of a run without interruption, and nothing temporary is left."""
    assert committed_transactions(place, conn) > 2, where
    assert runs.of(conn)[0].fingerprint == whole.document["fingerprint"], where
    files = (
        "select sum(jsonb_array_length(w.a)) from (select attachments from messages union all "
        "select attachments from private.deleted_messages) as w (a)"
    )
    assert rows(conn, "select count(*) from storage.objects") == rows(conn, files), where
    assert rows(conn, "select pid from pg_locks where locktype = 'advisory'") == [], where
    assert rows(conn, "show session_replication_role") == [("origin",)], where


def assert_unpinned(place: Place, conn: Connection, whole: Run) -> None:
    """The same, except for what the migration added."""
    for table in ("messages", "conversations"):
        conn.execute(f"alter table public.{table} drop column pinned")
    scope = runs.scope(place.outline)
    assert runs.fingerprint(conn, scope).total == whole.document["fingerprint"]
    assert compare(place.catalogue, catalogue.read(conn)) == []


def rows(conn: Connection, statement: str) -> list[tuple[Any, ...]]:
    return conn.execute(statement.encode()).fetchall()
