"""The indexes of messages are dropped for a large load and rebuilt identically after it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from chatctl.db.connection import Connection, connect
from chatctl.local.postgres.server import Server
from chatctl.services.drift import catalogue
from chatctl.services.drift.compare import compare
from chatctl.services.seed import indexes, paths
from chatctl.services.seed.loading import LoadOptions, load
from chatctl.waiting import until
from tests.support.loads import MESSAGES, SECONDS, WORLD, fetch, run, waits
from tests.support.migrating import holding
from tests.support.seeded import copied
from tests.support.world import Database, World

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

MORE_OBJECTS = {
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
    except psycopg.errors.ObjectNotInPrerequisiteState:  # the database that uses it is dropped first
        return False
    return True


@pytest.mark.usefixtures("rebuilt")
@pytest.mark.parametrize("objects", [name for name in MORE_OBJECTS if name != "a tablespace"])
def test_rebuilt_indexes_equal_the_original_ones(conn: Connection, admin: Connection, objects: str) -> None:
    assert_rebuilt(conn, admin, *MORE_OBJECTS[objects])


@pytest.mark.usefixtures("rebuilt")
def test_an_index_stays_in_its_tablespace(server: Server, elsewhere: None) -> None:
    with (
        copied(Database(server, "backend"), "tablespaces") as database,
        database.connect() as conn,
        database.connect("supabase_admin") as admin,
    ):
        assert_rebuilt(conn, admin, *MORE_OBJECTS["a tablespace"])


def assert_rebuilt(conn: Connection, admin: Connection, sql: str, kept_indexes: set[str]) -> None:
    run(admin, sql)
    facts, table, oids = fetch(conn, FACTS), fetch(conn, TABLE_FACTS), dict(fetch(conn, OIDS))
    before = catalogue.read(conn)
    assert kept_indexes <= oids.keys()

    load(conn, WORLD)

    assert fetch(conn, FACTS) == facts
    assert fetch(conn, TABLE_FACTS) == table
    assert compare(before, catalogue.read(conn)) == []
    assert {name for name, oid in fetch(conn, OIDS) if oid == oids[name]} == kept_indexes
    assert len(oids) > len(kept_indexes)
    # Each index contains every row.
    run(conn, "set enable_seqscan = off; set enable_bitmapscan = off")
    assert fetch(conn, "select count(*), count(distinct (conversation_id, seq)) from messages") == [
        (MESSAGES, MESSAGES)
    ]


def test_messages_without_indexes_are_loaded_in_one_transaction_up_to_a_maximum(
    conn: Connection, fingerprint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexes, "MIN_MESSAGES", 100)
    monkeypatch.setattr(indexes, "MAX_MESSAGES", 200)

    assert load(conn, WORLD, LoadOptions(chunk_size=40)).fingerprint == fingerprint

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
def test_sessions_that_use_messages_are_not_waited_for(
    conn: Connection, database: Database, fingerprint: str, statement: str
) -> None:
    oids = fetch(conn, OIDS)
    run(conn, "set lock_timeout = '3s'")  # otherwise a wait would never end
    with holding(database, statement):
        assert load(conn, WORLD).fingerprint == fingerprint
    assert fetch(conn, OIDS) == oids


@pytest.mark.usefixtures("rebuilt")
def test_a_session_that_wants_an_exclusive_lock_on_messages_is_in_no_deadlock(
    conn: Connection, database: Database, fingerprint: str
) -> None:
    """For example a migration that has read messages and then alters it while the seed waits for readers."""
    with holding(database, "select count(*) from public.messages") as other, ThreadPoolExecutor(1) as pool:
        loading = pool.submit(load, conn, WORLD)
        with database.connect() as observer:
            assert until(lambda: waits(observer), seconds=SECONDS)
        other.execute("set local lock_timeout = '10s'")
        other.execute("lock table public.messages in access exclusive mode")
        other.execute("commit")
        assert loading.result(SECONDS).fingerprint == fingerprint


@pytest.mark.usefixtures("rebuilt")
def test_an_exclusive_lock_on_messages_delays_other_work_only_briefly(
    conn: Connection, database: Database, monkeypatch: pytest.MonkeyPatch, fingerprint: str
) -> None:
    monkeypatch.setattr(paths, "PATIENCE", 0.3)
    with holding(database, "lock table public.conversations in share mode") as other:
        with pytest.raises(psycopg.errors.LockNotAvailable):
            load(conn, WORLD)
        assert fetch(other, "select count(*) from public.messages") == [(0,)]
    assert load(conn, WORLD).fingerprint == fingerprint


@pytest.mark.usefixtures("rebuilt")
def test_a_table_with_messages_of_others_keeps_its_indexes(
    world: World, fingerprint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the seed neither waits for their readers nor blocks them."""
    monkeypatch.setattr(indexes, "LOCK_TIMEOUT", SECONDS)
    organization, (ann, ben) = world.team(2)
    world.send(ann, world.direct(organization, ann, ben))
    oids = fetch(world.operator, OIDS)

    with holding(world.database, "select count(*) from public.messages"):
        start = time.monotonic()
        assert load(world.operator, WORLD, LoadOptions(allow_other_rows=True)).fingerprint == fingerprint
        assert time.monotonic() - start < SECONDS

    assert fetch(world.operator, OIDS) == oids
    assert fetch(world.operator, "select count(*) from messages") == [(MESSAGES + 1,)]


@pytest.mark.usefixtures("rebuilt")
def test_indexes_created_while_waiting_for_the_lock_are_kept(world: World, fingerprint: str) -> None:
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
        loading = pool.submit(load, conn, WORLD, LoadOptions(allow_other_rows=True))
        assert until(lambda: waits(world.operator), seconds=SECONDS)
        other.execute("commit")
        assert loading.result(SECONDS).fingerprint == fingerprint
    assert fetch(world.operator, OIDS) == oids
