"""``seed clean`` takes away exactly what the seed made; what users made since stays, with all it hangs on."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import count
from typing import Any
from uuid import UUID

import psycopg
import pytest

from chatctl.data import data_directory
from chatctl.db.connection import Connection
from chatctl.db.files import query
from chatctl.errors import Conflict
from chatctl.local.postgres.server import Server
from chatctl.services.seed import clean as cleaning
from chatctl.services.seed import runs, verify
from chatctl.services.seed.clean import Cleaned, clean
from chatctl.services.seed.loading import Options, load
from chatctl.services.seed.outline import build
from chatctl.services.seed.parts import Progress
from chatctl.services.seed.runs import Run
from chatctl.services.seed.spec import Habits, Spec, Talk, Team
from chatctl.waiting import until
from tests.support import seeded
from tests.support.migrating import holding
from tests.support.race import race_operators
from tests.support.seeded import (
    SMALL,
    Rows,
    Seeded,
    as_user,
    column,
    founder,
    less,
    north,
    rows,
    run_of,
    trio,
    value,
)
from tests.support.world import Database

CLEAN = data_directory("sql") / "queries/seed/clean"
LEDGER = {"private.seed_runs", "private.seed_chunks"}

KINDS = ("conversation", "organization", "user")

Use = Callable[[Connection], None]
Subjects = set[tuple[str, UUID]]
Reasons = dict[tuple[str, UUID], str]

_numbers = count(1)


@pytest.fixture(scope="module")
def worlds(servers: Callable[[int], Server]) -> Iterator[Callable[[int], Seeded]]:
    """The seeded database of a major version, made when first asked for."""
    made: dict[int, Seeded] = {}
    with ExitStack() as stack:

        def world(version: int) -> Seeded:
            if version not in made:
                made[version] = stack.enter_context(seeded.worlds(servers(version)))
            return made[version]

        yield world


@pytest.fixture
def world(worlds: Callable[[int], Seeded], pg_version: int) -> Seeded:
    return worlds(pg_version)


@pytest.fixture
def conn(world: Seeded) -> Iterator[Connection]:
    """A transaction in the seeded database, rolled back at the end."""
    with world.database.connect() as conn, conn.transaction(force_rollback=True):
        yield conn


@pytest.fixture
def copy(world: Seeded) -> Iterator[Database]:
    """A copy of the seeded database, for what commits."""
    with seeded.copied(world.database, f"copy_{next(_numbers)}") as database:
        yield database


@pytest.fixture(params=["replica", "owner"])
def path(request: pytest.FixtureRequest, server: Server) -> Iterator[str]:
    """Triggers are off for the session, or on our own tables where that is refused."""
    if request.param == "replica":
        yield "replica"
        return
    with psycopg.connect(server.admin_url, autocommit=True) as admin:
        admin.execute("revoke set on parameter session_replication_role from postgres")
        try:
            yield "owner"
        finally:
            admin.execute("grant set on parameter session_replication_role to postgres")


def _kept(cleaned: Cleaned) -> Reasons:
    return {(it.kind, it.id): it.reason for it in cleaned.kept}


def _of_ledger(conn: Connection, seed: int = 1) -> set[UUID]:
    statement = "select unnest(conversation_ids) from private.seed_chunks where world = 'small' and seed = %s"
    return set(column(conn, statement, seed))


def _counts(conn: Connection, statement: str, values: dict[str, Any]) -> Counter[UUID]:
    return Counter(dict(conn.execute(statement.encode(), values).fetchall()))


# Why users stay for what stays, in the order of the reasons: how often, by user.
HANGS = {
    "takes part in conversations that stay": """
    select user_id, count(*) from conversation_participants
    where conversation_id <> all (%(going)s)
    group by 1
    """,
    "wrote messages that stay": """
    select sender_id, count(*) from messages where conversation_id <> all (%(going)s) group by 1
    """,
    "reacted to messages that stay": """
    select (r ->> 'userId')::uuid, count(*) from messages m, jsonb_array_elements(m.reactions) r
    where conversation_id = any (%(staying)s)
    group by 1
    """,
    "made conversations that stay": """
    select created_by, count(*) from conversations where id <> all (%(going)s) group by 1
    """,
    "owns organizations that stay": """
    select user_id, count(*) from organization_members
    where role = 'owner' and organization_id <> all (%(gone)s)
    group by 1
    """,
}


def _expected(conn: Connection, run: Run, reasons: Reasons) -> Reasons:
    """What has to stay besides what has a reason of its own: what that hangs on, and each with its reason."""
    staying = [id for kind, id in reasons if kind == "conversation"]
    going = list(_of_ledger(conn) - set(staying))
    expected = dict(reasons)
    organizations = _counts(
        conn,
        "select organization_id, count(*) from conversations where id = any (%(staying)s) group by 1",
        {"staying": staying},
    )
    for id, number in organizations.items():
        expected.setdefault(("organization", id), f"conversations that stay: {number}")
    gone = [id for id in run.organization_ids if ("organization", id) not in expected]
    values = {"going": going, "staying": staying, "gone": gone}
    for reason, statement in HANGS.items():
        for id, number in _counts(conn, statement, values).items():
            if id in run.user_ids:
                expected.setdefault(("user", id), f"{reason}: {number}")
    return expected


# What the database keeps of people's writes goes with them, whoever made it.
LIMITS = {"private.send_windows", "private.action_windows", "private.departures"}


def _assert_only_the_seeds_went(conn: Connection, world: Seeded, before: Rows, used: Rows) -> None:
    """Of ``used`` nothing is gone that was there before the seed, or that users made after ``before``."""
    left = rows(conn)
    gone, made = less(used, left), less(used, before)
    assert less(left, used).keys() <= LEDGER
    for table, lines in gone.items():
        assert not lines & world.beside[table]
        assert table in LIMITS or not lines & made.get(table, frozenset())


def _assert_it_still_works(conn: Connection, run: Run, conversations: list[UUID]) -> None:
    """Whoever takes part in a conversation that stays reads it, writes to it and sees that it is unread."""
    assert verify.verify(conn, run).differences == []
    with conn.transaction(force_rollback=True):
        for conversation in conversations:
            statement = "select user_id from conversation_participants where conversation_id = %s order by 1"
            people = column(conn, statement, conversation)
            for reader in people:
                listed = as_user(conn, reader, "select count(*) from get_messages_page(%s)", conversation)
                assert listed == value(
                    conn,
                    "select least(50, message_count) from conversations where id = %s",
                    conversation,
                )
            unread = "select get_unread_count(%s, %s)"
            had = as_user(conn, people[-1], unread, conversation, people[-1])
            as_user(conn, people[0], "select send_message(%s, 'hello again')", conversation)
            assert as_user(conn, people[-1], unread, conversation, people[-1]) == had + 1
        assert verify.verify(conn, run).differences == []


def _trio(conn: Connection) -> Subjects:
    return {("conversation", trio(conn))}


def _north(conn: Connection) -> Subjects:
    return {("organization", north(conn))}


def _founder(conn: Connection) -> Subjects:
    return {("user", founder(conn))}


def _all_of_north(conn: Connection) -> Subjects:
    rooms = column(conn, "select id from conversations where organization_id = %s", north(conn))
    people = column(conn, "select user_id from organization_members where organization_id = %s", north(conn))
    return _north(conn) | {("conversation", id) for id in rooms} | {("user", id) for id in people}


def _all_of_founder(conn: Connection) -> Subjects:
    statement = """
    select conversation_id from conversation_participants where user_id = %(user)s
    union
    select conversation_id from messages where sender_id = %(user)s
    """
    rooms = conn.execute(statement, {"user": founder(conn)}).fetchall()
    return _founder(conn) | {("conversation", id) for (id,) in rooms}


WRITTEN, CHANGED = "messages written since: 1", "messages changed since: 1"
HELD, RELEASED = "under hold legal-7", "was under hold legal-7"
STARTED, JOINED = "conversations started since: 1", "people who joined since: 1"

# By hand, so that the reason is gone; files of what is deleted by hand are left behind.
WITHOUT_TRIO = """
delete from conversations
where organization_id = (select id from organizations where slug = 'north') and name like 'Trio%'
"""
WITHOUT_FILE = "delete from storage.objects where strpos(name, '{1}') > 0"
WITHOUT_NEW = "delete from conversations where created_at > (select max(started_at) from private.seed_runs)"
WITHOUT_HOLDS = "delete from private.holds"
WITHOUT_STRANGERS = """
delete from organization_members m
where m.joined_at = '2026-01-02' or m.joined_at > (select max(started_at) from private.seed_runs)
"""

# Who does what, what has to stay for that reason, and how it is undone.
REASONS: list[tuple[Use, Callable[[Connection], Subjects], str, str | None]] = [
    (seeded.sends, _trio, WRITTEN, WITHOUT_TRIO),
    (seeded.sends_and_deletes, _trio, WRITTEN, WITHOUT_TRIO),
    (seeded.reacts, _trio, CHANGED, WITHOUT_TRIO),
    (seeded.edits, _trio, CHANGED, WITHOUT_TRIO),
    (seeded.deletes, _trio, CHANGED, WITHOUT_TRIO),
    (seeded.moderates, _trio, CHANGED, WITHOUT_TRIO),
    (seeded.restores, _trio, CHANGED, WITHOUT_TRIO),
    (seeded.leaves, _trio, "changed since", WITHOUT_TRIO),
    (seeded.is_removed, _trio, "changed since", WITHOUT_TRIO),
    (seeded.leaves_what_is_theirs, _trio, "changed since", WITHOUT_TRIO),
    (seeded.renames, _trio, "changed since", WITHOUT_TRIO),
    (seeded.adds_a_colleague, _trio, JOINED, WITHOUT_TRIO),
    (seeded.passes_by, _trio, CHANGED, WITHOUT_TRIO),
    (seeded.uploads, _trio, "files uploaded since: 1", WITHOUT_FILE),
    (seeded.holds_the_trio, _trio, HELD, WITHOUT_HOLDS),
    (seeded.holds_the_north, _all_of_north, HELD, WITHOUT_HOLDS),
    (seeded.holds_a_user, _all_of_founder, HELD, WITHOUT_HOLDS),
    (seeded.holds_somebody_who_left, _all_of_founder, HELD, None),
    (seeded.held_the_trio, _trio, RELEASED, WITHOUT_HOLDS),
    (seeded.held_the_north, _north, RELEASED, WITHOUT_HOLDS),
    (seeded.held_a_user, _founder, RELEASED, WITHOUT_HOLDS),
    (seeded.starts_a_group, _north, STARTED, WITHOUT_NEW),
    (seeded.starts_a_direct_conversation, _north, STARTED, WITHOUT_NEW),
    (seeded.starts_a_group_and_leaves, _north, STARTED, WITHOUT_NEW),
    (seeded.a_stranger_joins, _north, JOINED, WITHOUT_STRANGERS),
    (seeded.a_stranger_is_imported, _north, JOINED, WITHOUT_STRANGERS),
    (seeded.suspends, _founder, "suspended", "delete from private.suspensions"),
    (seeded.joins_strangers, _founder, "organizations joined since: 1", WITHOUT_STRANGERS),
    (seeded.is_imported_by_strangers, _founder, "organizations joined since: 1", WITHOUT_STRANGERS),
    (seeded.leads_strangers, _founder, "owns organizations that stay: 1", WITHOUT_STRANGERS),
    (
        seeded.talks_to_strangers,
        _founder,
        "takes part in conversations that stay: 1",
        f"{WITHOUT_NEW}; {WITHOUT_STRANGERS}",
    ),
    (seeded.talked_to_strangers, _founder, "wrote messages that stay: 1", WITHOUT_NEW),
    (seeded.changes_their_profile, _founder, "profile changed since", None),
]


@pytest.mark.parametrize(
    ("use", "subjects", "reason", "undo"), REASONS, ids=[use.__name__ for use, *_ in REASONS]
)
def test_what_users_made_stays_with_all_it_hangs_on_and_goes_another_day(
    conn: Connection,
    world: Seeded,
    use: Use,
    subjects: Callable[[Connection], Subjects],
    reason: str,
    undo: str | None,
) -> None:
    before = rows(conn)
    use(conn)
    used, ledger = rows(conn), _of_ledger(conn)
    expected = _expected(conn, run_of(conn), dict.fromkeys(subjects(conn), reason))

    cleaned = clean(conn, run_of(conn))

    left = run_of(conn)
    staying = {kind: {id for its, id in expected if its == kind} for kind in KINDS}
    assert _kept(cleaned) == expected
    assert staying["user"]
    assert set(left.user_ids) == staying["user"]
    assert set(left.organization_ids) == staying["organization"]
    assert _of_ledger(conn) == staying["conversation"]
    assert set(column(conn, "select id from conversations")) & ledger == staying["conversation"]
    for table in ("deleted_messages", "deleted_attachments", "read_states", "direct_conversations"):
        assert not set(column(conn, f"select conversation_id from private.{table}")) & (
            ledger - staying["conversation"]
        )
    _assert_only_the_seeds_went(conn, world, before, used)
    _assert_it_still_works(conn, left, sorted(staying["conversation"]))
    assert _kept(clean(conn, left)) == expected, "nothing has changed since"

    if undo:
        conn.execute("select set_config('storage.allow_delete_query', 'true', true)")
        conn.execute(undo.encode())
        assert clean(conn, run_of(conn)).kept == []
        more = less(rows(conn), world.beside)
        assert more.keys() <= {"storage.objects", "private.moderation_log"} | LIMITS
        assert bool(more.keys() - LIMITS) == (undo == WITHOUT_TRIO)
        assert less(world.beside, rows(conn)).keys() <= LIMITS


def test_every_reason_is_tried() -> None:
    tried = {re.sub(r" legal-7|: 1", "", reason) for *_, reason, _ in REASONS if reason}
    text = "".join((CLEAN / f"{kind}s.sql").read_text() for kind in KINDS)
    named = {re.sub(r":? %%s", "", it) for it in re.findall(r"then (?:format\()?'([^']+)'", text)}

    hangs = {"conversations that stay", "reacted to messages that stay", "made conversations that stay"}
    assert named == tried | hangs


@pytest.mark.parametrize(
    ("use", "who", "reason"),
    [
        (seeded.passes_by, seeded.colleague_in_trio, "reacted to messages that stay: 1"),
        (seeded.starts_a_group_of_nobody, founder, "made conversations that stay: 1"),
    ],
)
def test_who_left_nothing_but_a_trace_stays(
    conn: Connection, use: Use, who: Callable[[Connection], UUID], reason: str
) -> None:
    with conn.transaction(force_rollback=True):
        seeded.adds_a_colleague(conn)
        user = who(conn)
    use(conn)

    assert _kept(clean(conn, run_of(conn)))["user", user] == reason


@pytest.mark.parametrize(
    "use", [seeded.signs_in, seeded.reads, seeded.stars_and_mutes], ids=lambda it: it.__name__
)
def test_marks_and_sessions_keep_nothing(conn: Connection, world: Seeded, use: Use) -> None:
    use(conn)

    assert clean(conn, run_of(conn)).kept == []
    assert rows(conn) == world.beside


def test_everything_goes_and_nothing_else_does(conn: Connection, world: Seeded, path: str) -> None:
    made = {name: table["rows"] for name, table in run_of(conn).tables.items()}
    files = value(conn, "select count(*) from storage.objects") - len(world.beside["storage.objects"])

    cleaned = clean(conn, run_of(conn))

    assert cleaned.kept == []
    assert cleaned.removed == {
        **{name: made[name] for name in cleaned.removed.keys() & made.keys()},
        "files": files,
        "users": made["auth.users"],
    }
    assert cleaned.removed.keys() - made.keys() == {"files", "users"}
    assert rows(conn) == world.beside
    assert clean(conn, run_of(conn, 2)).kept == []
    assert rows(conn) == world.others
    assert conn.execute("show session_replication_role").fetchone() == ("origin",)


def test_both_paths_keep_the_same(conn: Connection, world: Seeded, path: str) -> None:
    before = rows(conn)
    seeded.sends(conn)
    used = rows(conn)
    expected = _expected(conn, run_of(conn), dict.fromkeys(_trio(conn), WRITTEN))

    assert _kept(clean(conn, run_of(conn))) == expected
    _assert_only_the_seeds_went(conn, world, before, used)
    _assert_it_still_works(conn, run_of(conn), [trio(conn)])


@pytest.mark.parametrize("use", [seeded.signs_in, seeded.sends], ids=lambda it: it.__name__)
def test_a_dry_run_says_the_same_and_changes_nothing(conn: Connection, use: Use, path: str) -> None:
    use(conn)
    before = rows(conn)

    said = clean(conn, run_of(conn), dry_run=True)

    assert said.dry_run
    assert rows(conn) == before
    done = clean(conn, run_of(conn))
    assert (said.removed, said.kept) == (done.removed, done.kept)


def test_who_joined_another_organization_of_the_world_stays_with_it(conn: Connection) -> None:
    user = seeded.a_southerner_joins(conn)

    kept = _kept(clean(conn, run_of(conn)))

    assert kept["organization", north(conn)] == JOINED
    assert kept["user", user] == "organizations joined since: 1"


def test_users_of_another_world_who_joined_keep_both_apart(conn: Connection, world: Seeded) -> None:
    second = run_of(conn, 2)
    seeded.joins(conn, second.organization_ids[0], founder(conn))

    one, other = clean(conn, run_of(conn)), clean(conn, second)

    assert _kept(one) == {("user", run_of(conn).user_ids[0]): "organizations joined since: 1"}
    assert _kept(other)[("organization", second.organization_ids[0])] == JOINED
    assert verify.verify(conn, run_of(conn)).differences == []
    assert verify.verify(conn, run_of(conn, 2)).differences == []


def test_what_is_deleted_by_hand_is_no_hindrance(conn: Connection) -> None:
    conn.execute("delete from auth.users where id = %s", (seeded.colleague(conn),))
    conn.execute("delete from conversations where id = %s", (trio(conn),))
    conn.execute("delete from organizations where slug = 'south'")

    cleaned = clean(conn, run_of(conn))

    # Whoever was erased has left these conversations.
    assert {it.reason for it in cleaned.kept if it.kind == "conversation"} == {"changed since"}
    assert verify.find(conn, "orphans", run_of(conn).scope) == []


def test_a_file_whose_message_was_purged_goes_with_its_conversation(conn: Connection, world: Seeded) -> None:
    hidden = "select message_id from private.deleted_attachments"
    conn.execute(f"delete from messages where organization_id = %s and id in ({hidden})", (north(conn),))

    assert clean(conn, run_of(conn)).kept == []
    assert rows(conn) == world.beside


def test_files_that_the_seed_uploaded_are_no_users(conn: Connection, world: Seeded) -> None:
    ours = "select id::text from organizations where slug in ('north', 'south')"
    conn.execute(f"update storage.objects set created_at = now() where split_part(name, '/', 1) in ({ours})")

    assert clean(conn, run_of(conn)).kept == []
    assert rows(conn) == world.beside


def test_files_at_other_places_are_left_alone(conn: Connection, world: Seeded) -> None:
    seeds = value(conn, "select count(*) from storage.objects") - len(world.beside["storage.objects"])
    before = rows(conn)
    conn.execute("insert into storage.buckets (id, name) values ('other', 'other')")
    for bucket, name in (
        ("attachments", f"elsewhere/chat/{trio(conn)}/a.png"),
        ("attachments", f"{north(conn)}/files/{trio(conn)}/a.png"),
        ("attachments", f"{north(conn)}/chat/{trio(conn)}"),
        ("attachments", f"{north(conn)}/chat/{trio(conn)}%/a.png"),
        ("other", f"{north(conn)}/chat/{trio(conn)}/a.png"),
    ):
        conn.execute("insert into storage.objects (bucket_id, name) values (%s, %s)", (bucket, name))
    elsewhere = less(rows(conn), before)

    cleaned = clean(conn, run_of(conn))

    assert cleaned.kept == []
    assert cleaned.removed["files"] == seeds
    assert less(rows(conn), world.beside) == elsewhere


def test_a_conversation_is_not_the_seeds_for_its_age(database: Database) -> None:
    quiet = Spec("quiet", (Team("Quiet", "quiet", users=3, conversations=()),))
    with database.connect() as conn:
        load(conn, build(quiet))
        run = runs.find(conn, "quiet", 1)
        assert run
        conn.execute(
            "insert into conversations (organization_id, is_group, name, created_at) "
            "values (%s, true, 'imported', '2020-01-01')",
            (run.organization_ids[0],),
        )

        kept = _kept(clean(conn, run))

        assert kept["organization", run.organization_ids[0]] == STARTED
        assert value(conn, "select name from conversations") == "imported"


def test_a_message_that_was_moved_by_hand_stays_where_it_is_now(conn: Connection) -> None:
    moved = seeded.own_message(conn)
    room = value(
        conn, "select id from conversations where organization_id = %s and name = 'Everyone'", north(conn)
    )
    conn.execute("set local session_replication_role = replica")
    conn.execute("update messages set conversation_id = %s, seq = 1000 where id = %s", (room, moved))
    conn.execute("set local session_replication_role = origin")

    cleaned = clean(conn, run_of(conn))

    assert {it.id: it.reason for it in cleaned.kept if it.kind == "conversation"} == {room: WRITTEN}
    assert value(conn, "select conversation_id from messages where id = %s", moved) == room


def test_a_clock_that_was_ahead_keeps_too_much_and_never_too_little(conn: Connection) -> None:
    conn.execute("update private.seed_runs set started_at = '2020-01-01', finished_at = '2020-01-01'")
    before = rows(conn)

    cleaned = clean(conn, run_of(conn))

    assert Counter(it.kind for it in cleaned.kept) == {"organization": 2, "conversation": 13, "user": 16}
    assert set(less(before, rows(conn))) == LEDGER


def test_nobody_writes_between_the_look_and_the_deletion(conn: Connection, world: Seeded) -> None:
    clean(conn, run_of(conn))

    with world.database.connect() as other:
        locked = column(
            other,
            "select relation::regclass::text from pg_locks where pid = %s and mode = 'ShareRowExclusiveLock'",
            conn.info.backend_pid,
        )
    assert {
        "conversations", "conversation_participants", "messages", "organizations", "organization_members",
        "user_profiles", "private.holds", "private.suspensions",
    } <= set(locked)  # fmt: skip


@pytest.mark.parametrize(
    "table", ["messages", "organizations", "auth.users", "storage.objects", "private.seed_runs"]
)
def test_killed_anywhere_nothing_is_gone(copy: Database, table: str) -> None:
    with copy.connect("supabase_admin") as admin:
        admin.execute(
            """
            create function private.die() returns trigger language plpgsql security definer as
            $$ begin perform pg_terminate_backend(pg_backend_pid()); return null; end $$
            """
        )
        admin.execute(f"create trigger die after delete on {table} execute function private.die()")
        admin.execute(f"alter table {table} enable always trigger die")
        before = rows(admin)

        with copy.connect() as conn, pytest.raises(psycopg.errors.AdminShutdown):
            clean(conn, run_of(conn))

        assert rows(admin) == before
        admin.execute(f"drop trigger die on {table}")
    with copy.connect() as conn:
        assert clean(conn, run_of(conn)).kept == []


def test_what_others_made_for_it_is_not_torn_off(conn: Connection, world: Seeded) -> None:
    conn.execute("create table public.notes (about uuid references user_profiles)")
    conn.execute("insert into public.notes values (%s)", (founder(conn),))
    before = rows(conn)

    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        clean(conn, run_of(conn))

    assert rows(conn) == before


def test_all_that_refers_to_conversations_is_deleted_with_them(conn: Connection) -> None:
    # With triggers off nothing goes by itself; what no hold may lose keeps its conversation.
    referring = """
    with recursive r (oid) as (
      select 'public.conversations'::regclass::oid
      union
      select c.conrelid from pg_constraint c join r on c.confrelid = r.oid where c.contype = 'f'
    )
    select oid::regclass::text from r
    """
    deleted = re.findall(r"delete from (?:public\.)?(\S+)", (CLEAN / "delete_conversations.sql").read_text())

    assert set(column(conn, referring)) - {"private.holds"} == set(deleted)


BUSY = {
    "a writer": "insert into organizations (name, slug) values ('x', 'x')",
    "a sign-in": "select from auth.users for update",
}


@pytest.mark.parametrize("statement", BUSY.values(), ids=BUSY.keys())
def test_while_others_hold_the_tables_nothing_goes(
    copy: Database, statement: str, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cleaning, "LOCK_TIMEOUT", 0.05)
    monkeypatch.setattr(cleaning, "PATIENCE", 0.05)
    with copy.connect() as conn:
        before = rows(conn)
        with holding(copy, statement):
            with pytest.raises(Conflict):
                clean(conn, run_of(conn))
            assert rows(conn) == before
        assert clean(conn, run_of(conn)).kept == []


def test_it_waits_for_who_writes_and_keeps_what_was_written(copy: Database) -> None:
    waits: list[str] = []
    with copy.connect() as conn, copy.connect() as other, ThreadPoolExecutor(1) as pool:
        run, room = run_of(conn), trio(conn)
        with other.transaction():
            seeded.renames(other)
            cleaning_up = pool.submit(clean, conn, run, on_wait=waits.append)
            assert until(lambda: _waits(other, conn), seconds=30)
            # It has the tables that a message goes into first. Not the one who sends is ended.
            seeded.sends(other)

        kept = _kept(cleaning_up.result(30))

    assert kept["conversation", room] == WRITTEN
    assert waits[0].startswith("conversations is held by pid")


def _waits(observer: Connection, conn: Connection) -> bool:
    blocked = "select cardinality(pg_blocking_pids(%s)) > 0"
    return bool(value(observer, blocked, conn.info.backend_pid))


def test_of_two_at_once_both_end_well(copy: Database, world: Seeded) -> None:
    with copy.connect() as conn:
        run = run_of(conn)

    outcomes = race_operators(copy, 2, lambda conn, _: clean(conn, run))

    assert [it.kept for it in outcomes] == [[], []]
    assert sorted(it.removed["messages"] for it in outcomes) == [0, 420]
    with copy.connect() as conn:
        assert rows(conn) == world.beside


class Killed(Exception):
    """What happens in the middle of a load."""


def _kill(progress: Progress) -> None:
    if progress.done > 200:
        raise Killed


@pytest.mark.parametrize("use", [None, seeded.starts_a_direct_conversation])
def test_an_unfinished_world_goes_too(database: Database, use: Use | None) -> None:
    with database.connect() as conn:
        before = rows(conn)
        with pytest.raises(Killed):
            load(conn, build(SMALL), Options(chunk_size=50, storage_rows=True), on_progress=_kill)
        begun = run_of(conn)
        assert 0 < value(conn, "select count(*) from messages") < 420
        if use:
            use(conn)

        kept = _kept(clean(conn, begun))

        if use:
            assert kept["organization", north(conn)] == STARTED
            assert verify.verify(conn, run_of(conn)).differences == []
            conn.execute("delete from conversations")
            clean(conn, run_of(conn))
        assert rows(conn) == before


def _as_of_an_older_chatctl(conn: Connection) -> None:
    """Before the ledger; the migration takes its own time for the beginning."""
    conn.execute("delete from private.seed_chunks")
    conn.execute(
        "update private.seed_runs "
        "set tables = '{}', spec_sha256 = null, world_version = 1, started_at = clock_timestamp()"
    )


def test_a_world_of_an_older_chatctl_goes(conn: Connection, world: Seeded) -> None:
    _as_of_an_older_chatctl(conn)

    assert clean(conn, run_of(conn)).kept == []
    assert less(rows(conn), world.beside).keys() <= LEDGER
    assert less(world.beside, rows(conn)).keys() <= LEDGER


@pytest.mark.parametrize(
    ("use", "subjects", "reason"),
    [
        (seeded.sends, _trio, WRITTEN),
        (seeded.reacts, _trio, CHANGED),
        (seeded.renames, _trio, "changed since"),
        (seeded.adds_a_colleague, _trio, JOINED),
        (seeded.uploads, _trio, "files uploaded since: 1"),
        (seeded.starts_a_group, _north, STARTED),
        (seeded.a_stranger_joins, _north, JOINED),
        (seeded.changes_their_profile, _founder, "profile changed since"),
    ],
)
def test_of_a_world_of_an_older_chatctl_the_same_stays(
    conn: Connection, world: Seeded, use: Use, subjects: Callable[[Connection], Subjects], reason: str
) -> None:
    before = rows(conn)
    use(conn)
    expected = _expected(conn, run_of(conn), dict.fromkeys(subjects(conn), reason))
    _as_of_an_older_chatctl(conn)
    used = rows(conn)

    assert _kept(clean(conn, run_of(conn))) == expected
    _assert_only_the_seeds_went(conn, world, before, {**used, **{table: frozenset() for table in LEDGER}})
    assert _kept(clean(conn, run_of(conn))) == expected


def test_seeding_again_makes_the_same_world(database: Database) -> None:
    with database.connect() as conn:
        first = load(conn, build(SMALL))
        clean(conn, run_of(conn))
        again = load(conn, build(SMALL))

    assert (again.state, again.fingerprint, again.rows) == ("created", first.fingerprint, first.rows)


def test_seeding_what_is_partly_gone_is_a_conflict_and_another_seed_is_none(database: Database) -> None:
    with database.connect() as conn:
        load(conn, build(SMALL))
        seeded.sends(conn)
        clean(conn, run_of(conn))
        before = rows(conn)

        with pytest.raises(Conflict, match="small with seed 1 was removed, except rows still in use"):
            load(conn, build(SMALL))

        assert rows(conn) == before
        assert load(conn, build(SMALL, 3)).state == "created"
        assert verify.verify(conn, run_of(conn)).differences == []


BIG = Spec(
    name="big",
    messages=4000,
    habits=Habits(attachments=0.5, reactions=0.3, deletions=0.1),
    organizations=(
        Team(
            "Big", "big", users=60, conversations=(Talk(count=200, size=(3, 5)), Talk(direct=True, count=200))
        ),
    ),
)


def _work(plan: dict[str, Any]) -> float:
    """How many rows the scans of a plan read, those that were filtered out too."""
    of_children = sum(_work(child) for child in plan.get("Plans", []))
    if "Relation Name" not in plan:
        return of_children
    removed = plan.get("Rows Removed by Filter", 0) + plan.get("Rows Removed by Index Recheck", 0)
    return float(of_children + plan["Actual Loops"] * (plan["Actual Rows"] + removed))


@pytest.mark.parametrize("clock", ["1 day", "-1 day"], ids=["uploaded before", "uploaded since"])
def test_what_it_reads_grows_with_the_world_and_no_faster(database: Database, clock: str) -> None:
    with database.connect() as conn:
        load(conn, build(BIG), Options(storage_rows=True))
        # By the Storage API, files are as old as their upload.
        conn.execute("update storage.objects set created_at = now() - %s::interval", (clock,))
        conn.execute("analyze storage.objects")
        run = runs.find(conn, "big", 1)
        assert run
        rooms = column(conn, "select id from conversations")
        values = {
            "world": "big", "seed": 1, **run.scope, "since": run.started_at,
            "conversations": rooms, "all_conversations": rooms, "all_organizations": run.organization_ids,
            "kept": rooms,
        }  # fmt: skip
        size = sum(run.tables[it]["rows"] for it in run.tables) + value(
            conn, "select count(*) from storage.objects"
        )
        for name in ("conversations", "organizations", "users", "files"):
            text = query(f"seed/clean/{name}")
            plan = conn.execute(f"explain (analyze, format json) {text}".encode(), values).fetchone()
            assert plan
            assert _work(plan[0][0]["Plan"]) < 4 * size, name
