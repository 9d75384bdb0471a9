"""A seeded world is what its users would have made themselves, had they gone through the API."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
import pytest

from chatctl.db.connection import Connection
from chatctl.db.roles import act_as, claims_for
from chatctl.errors import ChatctlError, Conflict, Invalid, NotAllowed
from chatctl.local.server import Server
from chatctl.services.seed import loading
from chatctl.services.seed.loading import load
from chatctl.services.seed.world import build
from tests.db.test_unread import FAST, SLOW
from tests.race import race_operators
from tests.world import Database, World

WORLD = build()


@pytest.fixture
def conn(database: Database) -> Connection:
    with database.connect() as conn:
        yield conn


def _count(conn: Connection, table: str) -> int:
    row = conn.execute(f"select count(*) from {table}").fetchone()
    assert row
    return int(row[0])


def test_the_rows_are_the_worlds(conn: Connection) -> None:
    outcome = load(conn, WORLD, storage_rows=True)

    assert outcome.state == "created"
    assert "replica" in (outcome.path or "")
    assert outcome.rows["auth.users"] == outcome.rows["user_profiles"] == 60
    assert outcome.rows["messages"] == _count(conn, "messages") == 2000
    assert outcome.rows["read_states"] == len(WORLD.participants)
    files = sum(len(m.attachments or ()) for m in [*WORLD.messages, *WORLD.deleted_messages])
    assert _count(conn, "storage.objects") == files


def test_every_reader_and_last_message_is_counted_as_the_plan_defines_it(conn: Connection) -> None:
    load(conn, WORLD)

    for conversation in WORLD.conversations:
        slow = conn.execute(SLOW.encode(), (conversation.id,)).fetchall()
        fast = conn.execute(FAST.encode(), (conversation.id,)).fetchall()
        assert fast == slow


def test_counters_equal_recounts(conn: Connection) -> None:
    load(conn, WORLD)

    wrong = conn.execute(
        """
        select c.id from conversations c
        where c.last_seq <> (select count(*) from messages m where m.conversation_id = c.id)
          or c.last_seq <> coalesce((select max(m.seq) from messages m where m.conversation_id = c.id), 0)
          or c.message_count <>
            (select count(*) from messages m where m.conversation_id = c.id and m.deleted_at is null)
          or c.participant_count <>
            (select count(*) from conversation_participants p where p.conversation_id = c.id)
          or c.is_group = exists (select from private.direct_conversations d where d.conversation_id = c.id)
        """
    ).fetchall()
    assert wrong == []


def test_read_states_are_what_reading_again_makes_them(conn: Connection) -> None:
    load(conn, WORLD)
    states = "select * from private.read_states order by conversation_id, user_id"
    seeded = conn.execute(states).fetchall()

    conn.execute(
        """
        update private.read_states r set (last_read_seq, seen_count) = (
          select p.last_read_seq, p.seen_count
          from conversation_participants cp
          cross join lateral private.read_position(cp.conversation_id, cp.user_id, cp.last_read_at) as p
          where cp.conversation_id = r.conversation_id and cp.user_id = r.user_id
        )
        """
    )

    assert conn.execute(states).fetchall() == seeded


def test_every_foreign_key_and_check_holds(conn: Connection) -> None:
    load(conn, WORLD, storage_rows=True)

    constraints = conn.execute(
        """
        select c.conrelid::regclass::text, c.conname, pg_get_constraintdef(c.oid)
        from pg_constraint c
        where c.contype in ('f', 'c') and c.connamespace in ('public'::regnamespace, 'private'::regnamespace)
        """
    ).fetchall()
    assert len(constraints) > 20
    for table, name, definition in constraints:
        # PostgreSQL's own check: drop and add it again, over all rows.
        with conn.transaction(force_rollback=True):
            conn.execute(f"alter table {table} drop constraint {name} cascade")
            conn.execute(f"alter table {table} add constraint {name} {definition}")


def test_both_versions_of_postgresql_hold_the_same_rows(servers: Callable[[int], Server]) -> None:
    fingerprints = set()
    for version in (18, 16):
        with Database(servers(version), "backend").connect() as conn:
            conn.execute("set timezone = 'Asia/Kolkata'")
            fingerprints.add(load(conn, WORLD, dry_run=True).fingerprint)

    assert len(fingerprints) == 1


def test_another_seed_stands_beside_it(conn: Connection) -> None:
    one = load(conn, WORLD)
    two = load(conn, build(seed=2))

    assert one.fingerprint != two.fingerprint
    assert _count(conn, "organizations") == 6
    assert load(conn, WORLD).state == load(conn, build(seed=2)).state == "unchanged"


def test_a_second_run_adds_nothing_and_notices_that_people_used_it(conn: Connection) -> None:
    first = load(conn, WORLD)
    again = load(conn, WORLD)
    conn.execute("delete from messages where id = %s", (WORLD.messages[0].id,))
    used = load(conn, WORLD)

    assert (again.state, again.fingerprint, again.rows) == ("unchanged", first.fingerprint, first.rows)
    assert used.state == "changed"
    assert _count(conn, "messages") == 1999


def test_of_two_seeds_at_once_one_makes_the_world(database: Database) -> None:
    outcomes = race_operators(database, 2, lambda conn, _: load(conn, WORLD).state)

    assert sorted(map(str, outcomes)) == ["created", "unchanged"]


def test_signing_in_is_no_change(conn: Connection) -> None:
    load(conn, WORLD)
    conn.execute("update auth.users set last_sign_in_at = now(), updated_at = now()")
    conn.execute("update auth.identities set last_sign_in_at = now(), updated_at = now()")

    assert load(conn, WORLD).state == "unchanged"


def test_dry_run_leaves_nothing(conn: Connection) -> None:
    outcome = load(conn, WORLD, dry_run=True)

    assert outcome.rows["messages"] == 2000
    for table in ("auth.users", "organizations", "messages", "private.seed_runs"):
        assert _count(conn, table) == 0


def test_a_name_that_is_taken_is_named_and_nothing_is_loaded(conn: Connection) -> None:
    conn.execute("insert into organizations (name, slug) values ('ours', 'aozora')")

    with pytest.raises(Conflict, match="organization aozora"):
        load(conn, WORLD, beside_others=True)

    assert _count(conn, "messages") == 0


def test_other_peoples_data_is_left_alone_unless_allowed(world: World) -> None:
    world.team(3)

    with pytest.raises(Invalid, match="1 organizations and 3 users"):
        load(world.operator, WORLD)

    assert load(world.operator, WORLD, beside_others=True).state == "created"


def test_the_rules_of_another_version_are_a_conflict(conn: Connection) -> None:
    load(conn, WORLD)
    conn.execute("update private.seed_runs set world_version = 0")

    with pytest.raises(Conflict, match="version 0"):
        load(conn, WORLD)


def test_a_database_without_the_tables_says_what_to_run(bare_database: Database) -> None:
    with bare_database.connect() as conn, pytest.raises(Conflict) as refused:
        load(conn, WORLD)

    assert "chatctl migrate" in (refused.value.hint or "")


def test_a_role_that_may_not_switch_triggers_off_is_told_so(database: Database, server: Server) -> None:
    with psycopg.connect(server.url_for("supabase_admin", database.name), autocommit=True) as admin:
        admin.execute("revoke set on parameter session_replication_role from postgres")
        try:
            with database.connect() as conn, pytest.raises(NotAllowed, match="triggers"):
                load(conn, WORLD)
        finally:
            admin.execute("grant set on parameter session_replication_role to postgres")


def test_rows_that_refer_to_nothing_are_refused(conn: Connection) -> None:
    lost = build()
    lost.conversations.pop()

    with pytest.raises(ChatctlError, match=r"conversation_participants\.conversation_id"):
        load(conn, lost)

    assert _count(conn, "auth.users") == 0


def test_triggers_work_again_after_the_load(conn: Connection) -> None:
    load(conn, WORLD)

    assert conn.execute("show session_replication_role").fetchone() == ("origin",)
    conn.execute("update messages set deleted_at = now() where seq = 1 and deleted_at is null")
    assert _count(conn, "private.deleted_messages") > len(WORLD.deleted_messages)


def test_a_demo_user_sees_exactly_their_conversations_and_can_write(conn: Connection) -> None:
    load(conn, WORLD)
    owner = WORLD.people[0].id
    own = {p.conversation_id for p in WORLD.participants if p.user_id == owner}

    with conn.transaction():
        act_as(conn, "authenticated", claims_for(owner))
        listed = conn.execute("select * from get_conversations_with_details(%s)", (owner,)).fetchall()
        seen = {id for (id,) in conn.execute("select id from conversations")}
        read = {id for (id,) in conn.execute("select distinct conversation_id from messages")}
        sent = conn.execute("select (send_message(%s, 'hello')).seq", (min(own),)).fetchone()

    assert len(listed) == len(own)
    assert seen == own
    assert read <= own
    assert sent == (1 + sum(m.conversation_id == min(own) for m in WORLD.messages),)


def test_users_are_complete_as_auth_needs_them(conn: Connection) -> None:
    load(conn, WORLD)

    incomplete = conn.execute(
        """
        select u.email from auth.users u
        left join auth.identities i on i.user_id = u.id and i.provider = 'email' and i.email = u.email
        where i.id is null or u.email <> lower(u.email) or u.instance_id is null
          or (u.aud, u.role) is distinct from ('authenticated', 'authenticated')
          or u.email_confirmed_at is null or u.encrypted_password <> %s or u.phone is not null
          or num_nulls(
            u.confirmation_token, u.recovery_token, u.email_change_token_new, u.email_change,
            u.email_change_token_current, u.phone_change, u.phone_change_token, u.reauthentication_token,
            u.email_change_confirm_status, u.created_at, u.updated_at, u.raw_app_meta_data
          ) > 0
        """,
        (loading.PASSWORD_HASH,),
    ).fetchall()
    assert incomplete == []


def test_profiles_are_what_the_trigger_would_make_of_the_users(conn: Connection) -> None:
    load(conn, WORLD)
    profiles = "select id, email, full_name, avatar_url from user_profiles order by id"
    seeded = conn.execute(profiles).fetchall()

    with conn.transaction(force_rollback=True):
        conn.execute(
            """
            create temp table kept on commit drop as select id, email, raw_user_meta_data from auth.users
            """
        )
        conn.execute("delete from auth.users")
        conn.execute("insert into auth.users (id, email, raw_user_meta_data) select * from kept")
        made = conn.execute(profiles).fetchall()

    assert made == seeded
