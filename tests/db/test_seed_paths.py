"""Whichever way rows go into a database, they are the same rows, and the database is as it was."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import count
from typing import Any

import psycopg
import pytest

from chatctl.db.connection import Connection, connect
from chatctl.errors import Conflict, NotAllowed
from chatctl.local.postgres.server import Server
from chatctl.services.drift import catalogue
from chatctl.services.drift.compare import compare
from chatctl.services.seed import alone, chunks, indexes, paths, runs
from chatctl.services.seed.clean import clean
from chatctl.services.seed.loading import Options, load
from chatctl.services.seed.outline import build
from chatctl.services.seed.parts import Progress
from chatctl.services.seed.paths import Path, probe
from chatctl.services.seed.verify import verify
from chatctl.waiting import until
from tests.support.migrating import holding
from tests.support.proxy import Proxy
from tests.support.rights import no_replica
from tests.support.seeded import SMALL, copied
from tests.support.world import Database, World

WORLD = build(SMALL)
# As seed 1 makes them: whatever the path, the chunk size and the server, these and no other rows.
MESSAGES = sum(chat.messages for chat in WORLD.chats)
EVERYTHING = 10**9
SECONDS = 120  # that anything may take at most; two cores, and the rest of the tests beside it

_numbers = count(1)


@pytest.fixture
def conn(database: Database) -> Iterator[Connection]:
    with database.connect() as conn:
        yield conn


@pytest.fixture
def admin(database: Database) -> Iterator[Connection]:
    with database.connect("supabase_admin") as conn:
        yield conn


@pytest.fixture(params=["kept", "rebuilt"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Whether the indexes of messages are kept, or rebuilt although the messages are few."""
    monkeypatch.setattr(indexes, "WORTHWHILE", {"kept": EVERYTHING, "rebuilt": 1}[request.param])
    return str(request.param)


@pytest.fixture
def rebuilt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexes, "WORTHWHILE", 1)


@pytest.fixture(params=["replica", "owner"])
def triggers(request: pytest.FixtureRequest, server: Server) -> Iterator[str]:
    """How ``postgres`` may switch triggers off."""
    if request.param == "owner":
        with no_replica(server):
            yield "owner"
    else:
        yield "replica"


@pytest.fixture
def fingerprint(server: Server, fingerprints: dict[Server, str]) -> str:
    """That of a world which nobody disturbed, in parts of the usual size."""
    if server not in fingerprints:
        with copied(Database(server, "backend"), "undisturbed") as database, database.connect() as conn:
            fingerprints[server] = load(conn, WORLD).fingerprint or ""
    return fingerprints[server]


@pytest.fixture(scope="module")
def fingerprints() -> dict[Server, str]:
    return {}


@pytest.fixture
def role(admin: Connection) -> Iterator[Callable[..., str]]:
    """Make a role with these words that owns nothing, and may do what a seed needs."""
    made = []

    def make(words: str = "bypassrls") -> str:
        name = f"seeder_{next(_numbers)}"
        made.append(name)
        run(
            admin,
            f"""
            create role {name} login {words};
            grant usage on schema public, private, auth, storage to {name};
            grant select, insert, update on all tables in schema public, private, auth, storage to {name};
            grant execute on all functions in schema private to {name};
            grant set on parameter session_replication_role to {name};
            """,
        )
        return name

    yield make
    for name in made:
        run(admin, f"drop owned by {name}; drop role {name}")


# What a role may do


def test_hosted_postgres_goes_the_fastest_way(conn: Connection) -> None:
    assert probe(conn) == Path("replica", "sql", owns_tables=True)


def test_without_session_replication_role_an_owner_switches_triggers_off(
    conn: Connection, server: Server
) -> None:
    with no_replica(server):
        assert probe(conn) == Path("owner", "sql", owns_tables=True)


def test_a_role_that_owns_nothing_makes_the_same_rows(
    database: Database, role: Callable[..., str], fingerprint: str, way: str
) -> None:
    with database.connect(role()) as conn:
        assert probe(conn) == Path("replica", "sql", owns_tables=False)
        assert load(conn, WORLD).fingerprint == fingerprint


def test_without_either_way_to_switch_triggers_off_it_is_refused(
    database: Database, admin: Connection, role: Callable[..., str]
) -> None:
    name = role()
    run(admin, f"revoke set on parameter session_replication_role from {name}")

    with (
        database.connect(name) as conn,
        pytest.raises(NotAllowed, match="neither switch triggers") as refused,
    ):
        load(conn, WORLD)

    assert "grant set on parameter" in (refused.value.hint or "")
    assert_empty(admin)


def test_a_role_that_row_level_security_holds_for_is_refused(
    database: Database, admin: Connection, role: Callable[..., str]
) -> None:
    with (
        database.connect(role("nobypassrls")) as conn,
        pytest.raises(NotAllowed, match="row-level security") as refused,
    ):
        load(conn, WORLD)

    assert "BYPASSRLS" in (refused.value.hint or "")
    assert_empty(admin)


@pytest.mark.parametrize("privilege", ["select", "insert", "update"])
@pytest.mark.parametrize("table", ["public.messages", "private.seed_chunks"])
def test_each_privilege_is_needed(
    database: Database, admin: Connection, role: Callable[..., str], table: str, privilege: str
) -> None:
    name = role()
    run(admin, f"revoke {privilege} on {table} from {name}")

    with database.connect(name) as conn, pytest.raises(NotAllowed, match="lacks a grant"):
        probe(conn)


@pytest.mark.parametrize("privilege", ["select", "insert"])
@pytest.mark.parametrize("table", ["auth.users", "auth.identities"])
def test_who_may_not_write_users_is_told_of_the_admin_api(
    database: Database, admin: Connection, role: Callable[..., str], table: str, privilege: str
) -> None:
    name = role()
    run(admin, f"revoke {privilege} on {table} from {name}")

    with database.connect(name) as conn:
        for users in (None, "sql"):
            with pytest.raises(NotAllowed, match=r"auth\.users") as refused:
                probe(conn, users=users)
            assert "secret_key" in (refused.value.hint or "")
        assert probe(conn, api=True).users == "api"
        with pytest.raises(NotAllowed):
            probe(conn, users="sql", api=True)


def test_who_may_do_nothing_in_auth_is_told_of_the_admin_api(
    database: Database, admin: Connection, role: Callable[..., str]
) -> None:
    name = role()
    run(
        admin, f"revoke all on all tables in schema auth from {name}; revoke usage on schema auth from {name}"
    )

    with database.connect(name) as conn, pytest.raises(NotAllowed) as refused:
        load(conn, WORLD)

    assert "secret_key" in (refused.value.hint or "")


def test_columns_that_auth_lacks_are_named(conn: Connection, admin: Connection) -> None:
    lack = "alter table auth.users drop column reauthentication_token, drop column recovery_token"
    run(admin, lack)

    for users in (None, "sql"):
        with pytest.raises(Conflict, match=r"users\.reauthentication_token, users\.recovery_token"):
            load(conn, WORLD, Options(users=users))
    assert_empty(admin)
    assert probe(conn, api=True).users == "api"


def test_so_is_one_that_is_looked_at_first(conn: Connection, admin: Connection) -> None:
    run(admin, "alter table auth.users drop column is_sso_user cascade")

    with pytest.raises(Conflict, match=r"users\.is_sso_user"):
        load(conn, WORLD)


def test_columns_that_auth_has_more_make_no_difference(
    conn: Connection, admin: Connection, fingerprint: str
) -> None:
    run(
        admin,
        """
        alter table auth.users add column more text, add column needed int not null default 7;
        alter table auth.identities add column more text;
        """,
    )

    assert load(conn, WORLD).fingerprint == fingerprint
    assert load(conn, WORLD).state == "unchanged"


# The same rows


def test_parts_of_any_size_make_the_same_rows(
    conn: Connection, fingerprint: str, triggers: str, way: str
) -> None:
    before = catalogue.read(conn)
    for size in (1, 7, 100, EVERYTHING):
        outcome = load(conn, WORLD, Options(storage_rows=True, chunk_size=size))
        (made,) = runs.of(conn)
        parts = fetch(conn, "select count(*), count(distinct xmin::text) from private.seed_chunks")
        number = len(list(chunks.cut(WORLD, size)))

        assert outcome.fingerprint == fingerprint, size
        assert triggers in (outcome.path or "")
        assert parts == [(number, number if way == "kept" else 1)]
        assert verify(conn, made).differences == []
        assert compare(before, catalogue.read(conn)) == []
        assert fetch(conn, "select objid from pg_locks where locktype = 'advisory'") == []
        clean(conn, made)


def test_on_every_server_and_path_the_rows_are_the_same(servers: Callable[[int], Server]) -> None:
    found = set()
    for server in map(servers, (18, 16)):
        for owner in (False, True):
            with copied(Database(server, "backend"), "other_path") as database, database.connect() as conn:
                if owner:
                    with no_replica(server):
                        outcome = load(conn, WORLD, Options(chunk_size=50))
                else:
                    outcome = load(conn, WORLD)
                assert ("owner" if owner else "replica") in (outcome.path or "")
                found.add((outcome.fingerprint, tuple(outcome.rows.items())))
    assert len(found) == 1


SETTINGS = {
    "timezone": "Asia/Kolkata",
    "intervalstyle": "iso_8601",
    "bytea_output": "escape",
    "extra_float_digits": "-15",
    "lc_numeric": "C",
    "lc_time": "C",
    "lc_monetary": "C",
    "quote_all_identifiers": "on",
    "standard_conforming_strings": "on",
    "search_path": "private, auth, public",
    "default_transaction_isolation": "serializable",
    "row_security": "off",
    "check_function_bodies": "off",
    "synchronous_commit": "off",
    "jit": "off",
}


@pytest.mark.usefixtures("rebuilt")
@pytest.mark.parametrize(
    "settings",
    [
        SETTINGS,
        {"search_path": "", "timezone": "<+0545>-05:45", "default_transaction_isolation": "repeatable read"},
        pytest.param({"datestyle": "German"}),
        pytest.param({"client_encoding": "latin1"}),
    ],
    ids=["many", "few", "datestyle", "encoding"],
)
def test_the_settings_of_a_database_make_no_difference(
    database: Database, admin: Connection, fingerprint: str, settings: dict[str, str], triggers: str
) -> None:
    for name, value in settings.items():
        run(admin, f"alter database {database.name} set {name} = '{value}'")

    with database.connect() as conn:
        before = catalogue.read(conn)
        assert load(conn, WORLD, Options(storage_rows=True, chunk_size=100)).fingerprint == fingerprint
        (made,) = runs.of(conn)
        assert verify(conn, made).differences == []
        assert load(conn, WORLD).state == "unchanged"
        assert compare(before, catalogue.read(conn)) == []


def test_files_have_the_times_of_storage_in_any_zone(database: Database, admin: Connection) -> None:
    run(admin, f"alter database {database.name} set timezone = 'Asia/Kolkata'")

    with database.connect() as conn:
        load(conn, WORLD, Options(storage_rows=True))
        assert (
            fetch(conn, "select name from storage.objects where metadata ->> 'lastModified' !~ '(Z|00:00)$'")
            == []
        )


def test_every_foreign_key_and_check_holds(conn: Connection, triggers: str, way: str) -> None:
    load(conn, WORLD, Options(storage_rows=True, chunk_size=100))

    constraints = fetch(
        conn,
        """
        select c.conrelid::regclass::text, c.conname, pg_get_constraintdef(c.oid)
        from pg_constraint c
        where c.contype in ('f', 'c') and c.connamespace in ('public'::regnamespace, 'private'::regnamespace)
        """,
    )
    assert len(constraints) > 20
    for table, name, definition in constraints:
        # PostgreSQL's own check: drop and add it again, over all rows.
        with conn.transaction(force_rollback=True):
            run(conn, f"alter table {table} drop constraint {name} cascade")
            run(conn, f"alter table {table} add constraint {name} {definition}")


# Indexes that are rebuilt

FACTS = """
select
  i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid), x.reloptions, x.relowner::regrole::text,
  x.reltablespace, i.indisvalid, i.indisready, i.indisunique, i.indisreplident, i.indisclustered,
  obj_description(i.indexrelid, 'pg_class'), c.conname, pg_get_constraintdef(c.oid), c.convalidated,
  c.condeferrable, c.condeferred, obj_description(c.oid, 'pg_constraint'),
  (select array_agg(a.attstattarget order by a.attnum) from pg_attribute a where a.attrelid = i.indexrelid),
  (
    select array_agg(pg_describe_object(d.classid, d.objid, d.objsubid) order by 1) from pg_depend d
    where d.deptype = 'n' and d.refobjid in (i.indexrelid, c.oid)
  )
from pg_index i
join pg_class x on x.oid = i.indexrelid
left join pg_constraint c on c.conindid = i.indexrelid and c.conrelid = i.indrelid and c.contype <> 'f'
where i.indrelid = 'public.messages'::regclass
order by 1
"""
TABLE_FACTS = """
select
  c.relreplident, c.relacl::text, c.relrowsecurity, obj_description(c.oid, 'pg_class'),
  (select array_agg(p.pubname order by 1) from pg_publication_tables p where p.tablename = 'messages'),
  (select array_agg((k.conname, k.convalidated, pg_get_constraintdef(k.oid))::text order by k.conname)
    from pg_constraint k where c.oid in (k.conrelid, k.confrelid))
from pg_class c
where c.oid = 'public.messages'::regclass
"""
OIDS = (
    "select indexrelid::regclass::text, indexrelid from pg_index where indrelid = 'public.messages'::regclass"
)

PLANTS = {
    "nothing": ("", {"messages_pkey"}),
    "more": (
        """
        create index "An ""odd"" 50% 'name'" on messages using hash (content);
        create index covering on messages (conversation_id desc nulls last) include (seq)
          where deleted_at is null;
        create index expression on messages (lower(content) text_pattern_ops, (coalesce(sender_id, id)));
        create index files on messages using gin (attachments jsonb_path_ops) with (fastupdate = off);
        create index times on messages using brin (created_at) with (pages_per_range = 8);
        create unique index partial on messages (conversation_id, seq) where content is not null;
        alter table messages add constraint "Late" unique (seq, id) deferrable initially deferred;
        alter table messages add constraint once unique nulls not distinct (id, deleted_at) include (content);
        alter table messages add constraint apart exclude using btree (id with =, seq with =) where (seq > 3);
        alter index messages_page set (fillfactor = 70);
        """,
        {"messages_pkey"},
    ),
    "comments": (
        """
        comment on index messages_page is 'pages';
        comment on constraint messages_conversation_seq on messages is 'seq';
        """,
        {"messages_pkey", "messages_page", "messages_conversation_seq"},
    ),
    "options of a constraint": (
        "alter index messages_conversation_seq set (fillfactor = 70)",
        {"messages_pkey", "messages_conversation_seq"},
    ),
    "statistics": (
        """
        create index expression on messages (lower(content));
        alter index expression alter column 1 set statistics 500;
        """,
        {"messages_pkey", "expression"},
    ),
    "cluster": ("alter table messages cluster on messages_sender", {"messages_pkey", "messages_sender"}),
    "replica identity": (
        "alter table messages replica identity using index messages_conversation_seq",
        {"messages_pkey", "messages_conversation_seq"},
    ),
    "a foreign key": (
        """
        create table replies (
          conversation_id uuid, seq bigint,
          foreign key (conversation_id, seq) references messages (conversation_id, seq)
        );
        alter table messages add column answers bigint,
          add foreign key (conversation_id, answers) references messages (conversation_id, seq);
        """,
        {"messages_pkey", "messages_conversation_seq"},
    ),
    "a function": (
        """
        create function add(c uuid) returns void begin atomic
          insert into messages (conversation_id, organization_id, seq) values (c, c, 1)
          on conflict on constraint messages_conversation_seq do nothing;
        end;
        """,
        {"messages_pkey", "messages_conversation_seq"},
    ),
    "invalid": (
        "update pg_index set indisvalid = false where indexrelid = 'messages_page'::regclass",
        {"messages_pkey", "messages_page"},
    ),
    "a tablespace": (
        "alter index messages_page set tablespace elsewhere",
        {"messages_pkey", "messages_page"},
    ),
}


@pytest.fixture
def elsewhere(server: Server) -> Iterator[None]:
    """A tablespace."""
    with connect(server.admin_url) as admin:
        admin.execute("set allow_in_place_tablespaces = on")
        admin.execute("create tablespace elsewhere location ''")
        yield
        assert until(lambda: _dropped(admin), seconds=SECONDS)


def _dropped(admin: Connection) -> bool:
    try:
        admin.execute("drop tablespace if exists elsewhere")
    except psycopg.errors.ObjectNotInPrerequisiteState:  # the database with it goes first
        return False
    return True


@pytest.mark.usefixtures("rebuilt")
@pytest.mark.parametrize("plant", [name for name in PLANTS if name != "a tablespace"])
def test_rebuilt_indexes_are_what_they_were(conn: Connection, admin: Connection, plant: str) -> None:
    assert_rebuilt(conn, admin, *PLANTS[plant])


@pytest.mark.usefixtures("rebuilt")
def test_an_index_stays_in_its_tablespace(server: Server, elsewhere: None) -> None:
    with (
        copied(Database(server, "backend"), "tablespaces") as database,
        database.connect() as conn,
        database.connect("supabase_admin") as admin,
    ):
        assert_rebuilt(conn, admin, *PLANTS["a tablespace"])


def assert_rebuilt(conn: Connection, admin: Connection, sql: str, stay: set[str]) -> None:
    run(admin, sql)
    facts, table, oids = fetch(conn, FACTS), fetch(conn, TABLE_FACTS), dict(fetch(conn, OIDS))
    before = catalogue.read(conn)
    assert stay <= oids.keys()

    load(conn, WORLD)

    assert fetch(conn, FACTS) == facts
    assert fetch(conn, TABLE_FACTS) == table
    assert compare(before, catalogue.read(conn)) == []
    assert {name for name, oid in fetch(conn, OIDS) if oid == oids[name]} == stay
    assert len(oids) > len(stay)
    # Each of them finds every row.
    run(conn, "set enable_seqscan = off; set enable_bitmapscan = off")
    assert fetch(conn, "select count(*), count(distinct (conversation_id, seq)) from messages") == [
        (MESSAGES, MESSAGES)
    ]


def test_as_many_as_one_transaction_takes_go_together(
    conn: Connection, fingerprint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexes, "WORTHWHILE", 100)
    monkeypatch.setattr(indexes, "AT_MOST", 200)

    assert load(conn, WORLD, Options(chunk_size=40)).fingerprint == fingerprint

    parts = fetch(
        conn,
        "select min(first_conversation), count(*), sum((select sum(n) from unnest(message_counts) as m (n))) "
        "from private.seed_chunks group by xmin::text order by 1",
    )
    assert parts[0][1] > 1 and 100 <= parts[0][2] <= 200
    assert {number for _, number, _ in parts[1:]} == {1} and len(parts) > 2


@pytest.mark.usefixtures("rebuilt")
@pytest.mark.parametrize(
    "statement",
    [
        "select count(*) from public.messages",
        "lock table public.messages in row exclusive mode",
        pytest.param("lock table public.messages in share update exclusive mode"),
    ],
    ids=["reads", "writes", "vacuums"],
)
def test_who_uses_messages_is_not_waited_for(
    conn: Connection, database: Database, fingerprint: str, statement: str
) -> None:
    oids = fetch(conn, OIDS)
    run(conn, "set lock_timeout = '3s'")  # else a wait would last for ever
    with holding(database, statement):
        assert load(conn, WORLD).fingerprint == fingerprint
    assert fetch(conn, OIDS) == oids


@pytest.mark.usefixtures("rebuilt")
def test_who_wants_messages_alone_is_in_no_deadlock(
    conn: Connection, database: Database, fingerprint: str
) -> None:
    """A migration that has read messages and then alters it, say, while the seed waits for its readers."""
    with holding(database, "select count(*) from public.messages") as other, ThreadPoolExecutor(1) as pool:
        loading = pool.submit(load, conn, WORLD)
        with database.connect() as observer:
            assert until(lambda: waits(observer), seconds=SECONDS)
        other.execute("set local lock_timeout = '10s'")
        other.execute("lock table public.messages in access exclusive mode")
        other.execute("commit")
        assert loading.result(SECONDS).fingerprint == fingerprint


@pytest.mark.usefixtures("rebuilt")
def test_who_has_messages_alone_waits_for_nothing_else_for_long(
    conn: Connection, database: Database, monkeypatch: pytest.MonkeyPatch, fingerprint: str
) -> None:
    monkeypatch.setattr(paths, "PATIENCE", 0.3)
    with holding(database, "lock table public.conversations in share mode") as other:
        with pytest.raises(psycopg.errors.LockNotAvailable):
            load(conn, WORLD)
        assert fetch(other, "select count(*) from public.messages") == [(0,)]
    assert load(conn, WORLD).fingerprint == fingerprint


@pytest.mark.usefixtures("rebuilt")
def test_other_peoples_messages_keep_their_indexes(
    world: World, fingerprint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nobody who reads them is waited for, nor has to wait."""
    monkeypatch.setattr(indexes, "LOCK_TIMEOUT", SECONDS)
    organization, (ann, ben) = world.team(2)
    world.send(ann, world.direct(organization, ann, ben))
    oids = fetch(world.operator, OIDS)

    with holding(world.database, "select count(*) from public.messages"):
        start = time.monotonic()
        assert load(world.operator, WORLD, Options(beside_others=True)).fingerprint == fingerprint
        assert time.monotonic() - start < SECONDS

    assert fetch(world.operator, OIDS) == oids
    assert fetch(world.operator, "select count(*) from messages") == [(MESSAGES + 1,)]


@pytest.mark.usefixtures("rebuilt")
def test_so_do_those_that_come_while_the_lock_is_waited_for(world: World, fingerprint: str) -> None:
    organization, (ann, ben) = world.team(2)
    conversation = world.direct(organization, ann, ben)
    send = (
        "insert into public.messages (organization_id, conversation_id, content) "
        f"values ('{organization}', '{conversation}', 'hello')"
    )
    oids = fetch(world.operator, OIDS)
    with (
        holding(world.database, send) as other,
        world.database.connect() as conn,
        ThreadPoolExecutor(1) as pool,
    ):
        loading = pool.submit(load, conn, WORLD, Options(beside_others=True))
        assert until(lambda: waits(world.operator), seconds=SECONDS)
        other.execute("commit")
        assert loading.result(SECONDS).fingerprint == fingerprint
    assert fetch(world.operator, OIDS) == oids


# Triggers that are switched off

STATES = (
    "select tgrelid::regclass::text, tgname, tgenabled from pg_trigger where not tgisinternal order by 1, 2"
)


def test_an_owner_leaves_triggers_as_they_were(conn: Connection, server: Server, fingerprint: str) -> None:
    run(
        conn,
        """
        alter table conversations disable trigger set_conversations_updated_at;
        alter table messages enable always trigger messages_before_insert;
        alter table conversation_participants enable replica trigger participants_joined;
        """,
    )
    states = fetch(conn, STATES)
    with no_replica(server):
        assert load(conn, WORLD, Options(chunk_size=100)).fingerprint == fingerprint
    assert fetch(conn, STATES) == states


def test_an_owner_gives_up_tables_that_others_hold(
    conn: Connection,
    admin: Connection,
    world: World,
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
    fingerprint: str,
) -> None:
    """Whoever writes to messages waits behind whoever waits to switch its triggers off."""
    monkeypatch.setattr(paths, "PATIENCE", 0.3)
    with ThreadPoolExecutor(1) as pool, world.database.connect() as other:
        other.execute("begin")

        def write(progress: Progress) -> None:
            if progress.done > 200 and not waits(admin):
                pool.submit(other.execute, "update public.conversations set name = name")
                assert until(lambda: waits(admin), seconds=SECONDS)

        with no_replica(server):
            with pytest.raises(Conflict, match="held the tables"):
                load(conn, WORLD, Options(chunk_size=50), on_progress=write)
            (begun,) = runs.of(conn)
            assert begun.finished_at is None
            assert fetch(conn, "select count(*) > 200 from messages") == [(True,)]
            other.execute("rollback")
            outcome = load(conn, WORLD)
    assert (outcome.state, outcome.fingerprint) == ("continued", fingerprint)


# What may go wrong


@pytest.mark.parametrize("end", ["row", "session", "interrupt"])
def test_what_fails_leaves_whole_parts_and_the_next_run_makes_the_rest(
    database: Database, admin: Connection, fingerprint: str, triggers: str, way: str, end: str
) -> None:
    """A row that is in the way, a server that shuts down, Ctrl-C while rows are made."""
    last = WORLD.chats[-1].conversation
    with database.connect() as conn:
        before = catalogue.read(conn)

        def fail(progress: Progress) -> None:
            if progress.done > 200 and end == "session":
                admin.execute("select pg_terminate_backend(%s)", (conn.info.backend_pid,))
            if progress.done > 200 and end == "interrupt":
                raise KeyboardInterrupt("ended")

        if end == "row":
            run(admin, "insert into organizations (id, name, slug) values (gen_random_uuid(), 'a', 'a')")
            run(
                admin,
                "insert into conversations (id, organization_id, is_group, name) "
                f"select '{last.id}', id, true, 'a' from organizations",
            )
        with pytest.raises(
            {
                "row": psycopg.errors.UniqueViolation,
                "session": psycopg.OperationalError,
                "interrupt": KeyboardInterrupt,
            }[end]
        ) as failed:
            load(conn, WORLD, Options(chunk_size=50, beside_others=True), on_progress=fail)
        if end == "interrupt":
            assert str(failed.value) == "ended"
    with database.connect() as conn:
        run(
            admin,
            f"delete from conversations where id = '{last.id}'; delete from organizations where slug = 'a'",
        )
        assert until(
            lambda: fetch(conn, "select pid from pg_locks where locktype = 'advisory'") == [], seconds=SECONDS
        )
        assert compare(before, catalogue.read(conn)) == []
        ((messages,),) = fetch(conn, "select count(*) from messages")
        assert (messages == 0) == (way == "rebuilt")
        assert fetch(
            conn, "select coalesce(sum(n), 0) from private.seed_chunks, unnest(message_counts) as m (n)"
        ) == [(messages,)]
        outcome = load(conn, WORLD)
        assert (outcome.state, outcome.fingerprint) == ("continued", fingerprint)
        assert compare(before, catalogue.read(conn)) == []


def test_a_dry_run_leaves_nothing(conn: Connection, admin: Connection, triggers: str, way: str) -> None:
    before = catalogue.read(conn)

    assert load(conn, WORLD, dry_run=True).state == "planned"

    assert_empty(admin)
    assert compare(before, catalogue.read(conn)) == []
    assert fetch(conn, "select objid from pg_locks where locktype = 'advisory'") == []
    assert load(conn, WORLD).state == "created"


LIMITS = ("statement_timeout", "idle_in_transaction_session_timeout", "transaction_timeout")


def test_no_time_out_of_a_role_ends_it(
    database: Database, server: Server, pg_version: int, fingerprint: str, triggers: str, way: str
) -> None:
    slow = {b"d": 0.5, b"Q": 0.5}

    def linger(number: int, kind: bytes, body: bytes) -> None:
        # Once in the middle of a statement, and once between two of a transaction.
        if kind == b"d" or b"session_replication_role = origin" in body or b" enable " in body:
            time.sleep(slow.pop(kind, 0))

    with connect(server.admin_url) as admin:
        for limit in LIMITS[: 3 if pg_version >= 17 else 2]:
            run(admin, f"alter role postgres in database {database.name} set {limit} = '400ms'")
    with (
        Proxy(server, on_message=linger) as proxy,
        connect(proxy.url("postgres", database.name)) as conn,
    ):
        assert load(conn, WORLD, Options(chunk_size=100)).fingerprint == fingerprint
    assert slow == {}


# One at a time


def test_who_waits_says_for_whom_and_no_time_out_ends_the_wait(database: Database) -> None:
    said: list[str] = []
    tries: set[tuple[Any, ...]] = set()

    def wait(conn: Connection) -> str:
        with alone.seeding(conn, said.append):
            return "had it"

    def has_tried_for_long() -> bool:
        pid = second.info.backend_pid
        tries.update(fetch(first, f"select query_start from pg_stat_activity where pid = {pid}"))
        return len(tries) > 4  # one each 0.1 s, as long as a statement may take

    with database.connect() as first, database.connect() as second, ThreadPoolExecutor(1) as pool:
        second.execute("set statement_timeout = '100ms'")
        with alone.seeding(first):
            waiting = pool.submit(wait, second)
            assert until(has_tried_for_long, seconds=SECONDS)
            assert not waiting.done()
        assert waiting.result(SECONDS) == "had it"
        holder = f"pid {first.info.backend_pid}, chatctl, as postgres"
        assert [line.partition(", since")[0] for line in said] == [f"waiting for another seed: {holder}"]
        assert fetch(first, "select pid from pg_locks where locktype = 'advisory'") == []


def test_an_interrupt_stays_one_where_a_statement_still_runs(database: Database) -> None:
    with closing(database.connect()) as conn, pytest.raises(KeyboardInterrupt), alone.seeding(conn):
        conn.pgconn.send_query(b"select pg_sleep(60)")
        raise KeyboardInterrupt


def test_an_index_that_is_built_concurrently_does_not_wait_for_who_waits(database: Database) -> None:
    with (
        database.connect() as first,
        database.connect() as second,
        database.connect() as migration,
        ThreadPoolExecutor(1) as pool,
    ):
        migration.execute("set statement_timeout = '10s'")
        with alone.seeding(first):
            waiting = pool.submit(load, second, WORLD)
            assert until(lambda: "advisory_lock" in _last(migration, second), seconds=SECONDS)
            migration.execute("create index concurrently more on public.messages (updated_at)")
        assert waiting.result(SECONDS).state == "created"


def _last(conn: Connection, of: Connection) -> str:
    statement = "select query from pg_stat_activity where pid = %s"
    return str(conn.execute(statement, (of.info.backend_pid,)).fetchone())


def run(conn: Connection, script: str) -> None:
    conn.execute(script.encode())


def fetch(conn: Connection, statement: str) -> list[tuple[Any, ...]]:
    return conn.execute(statement.encode()).fetchall()


def waits(conn: Connection) -> bool:
    """Whether anybody in this database waits for a lock."""
    waiting = (
        "select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
    )
    return bool(conn.execute(waiting).fetchall())


def assert_empty(admin: Connection) -> None:
    for table in ("auth.users", "organizations", "conversations", "messages", "private.seed_runs"):
        assert fetch(admin, f"select count(*) from {table}") == [(0,)], table
