"""A seeded world equals what its users would have created through the API."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest

from chatctl.db.connection import Connection
from chatctl.db.roles import act_as, claims_for
from chatctl.errors import ChatctlError, Conflict, Invalid, NotFound
from chatctl.services.seed import runs
from chatctl.services.seed.loading import LoadOptions, load
from chatctl.services.seed.outline import build
from chatctl.services.seed.scaling import scaled
from chatctl.services.seed.spec import DEMO, PERF, Spec
from chatctl.services.seed.verify import verify
from tests.db.test_unread import FAST, SLOW
from tests.support.race import race_operators
from tests.support.world import Database, World
from tests.unit.test_seed_world import BUSY

WORLD = build(DEMO)


@pytest.fixture
def conn(database: Database) -> Iterator[Connection]:
    with database.connect() as conn:
        yield conn


def _count(conn: Connection, table: str) -> int:
    row = conn.execute(f"select count(*) from {table}").fetchone()
    assert row
    return int(row[0])


def test_the_rows_are_those_of_the_world(conn: Connection) -> None:
    outcome = load(conn, WORLD, LoadOptions(storage_rows=True))

    assert outcome.state == "created"
    assert "replica" in (outcome.path or "")
    assert outcome.rows["auth.users"] == outcome.rows["user_profiles"] == 60
    assert outcome.rows["messages"] == _count(conn, "messages") == 2000
    assert outcome.rows["read_states"] == outcome.rows["conversation_participants"]
    made_of_deleted = "select sum(jsonb_array_length(attachments)) from private.deleted_messages"
    files = "select sum(jsonb_array_length(attachments)) from messages"
    stored = sum(row[0] or 0 for it in (files, made_of_deleted) if (row := conn.execute(it).fetchone()))
    assert _count(conn, "storage.objects") == stored > 50


def test_unread_counts_and_last_messages_match_their_definition(conn: Connection) -> None:
    load(conn, WORLD)

    for conversation in (chat.conversation for chat in WORLD.chats):
        slow = conn.execute(SLOW.encode(), (conversation.id,)).fetchall()
        fast = conn.execute(FAST.encode(), (conversation.id,)).fetchall()
        assert fast == slow


@pytest.mark.parametrize("seed", [1, 2, 3, 40, 2**31 - 1])
def test_the_demo_world_equals_what_the_backend_would_create(conn: Connection, seed: int) -> None:
    outcome = load(conn, build(DEMO, seed), LoadOptions(storage_rows=True))
    (run,) = runs.of(conn)
    verdict = verify(conn, run)

    assert verdict.differences == []
    assert verdict.now == run.fingerprint == outcome.fingerprint


@pytest.mark.parametrize("spec", [BUSY, scaled(DEMO, 4), scaled(PERF, 0.02)], ids=lambda spec: spec.name)
def test_other_worlds_equal_what_the_backend_would_create(conn: Connection, spec: Spec) -> None:
    load(conn, build(spec))
    (run,) = runs.of(conn)

    assert verify(conn, run).differences == []


def test_a_world_with_another_seed_can_coexist(conn: Connection) -> None:
    one = load(conn, WORLD)
    two = load(conn, build(DEMO, 2))

    assert one.fingerprint != two.fingerprint
    assert _count(conn, "organizations") == 6
    assert load(conn, WORLD).state == load(conn, build(DEMO, 2)).state == "unchanged"


def test_a_second_run_adds_nothing_and_detects_that_people_used_it(conn: Connection) -> None:
    first = load(conn, WORLD)
    again = load(conn, WORLD)
    conn.execute(
        "delete from messages where seq = 1 and conversation_id = %s", (WORLD.chats[0].conversation.id,)
    )
    used = load(conn, WORLD)

    assert (again.state, again.fingerprint, again.rows) == ("unchanged", first.fingerprint, first.rows)
    assert used.state == "changed"
    assert _count(conn, "messages") == 1999


def test_only_one_of_two_concurrent_seeds_creates_the_world(database: Database) -> None:
    outcomes = race_operators(database, 2, lambda conn, _: load(conn, WORLD).state)

    assert sorted(map(str, outcomes)) == ["created", "unchanged"]


def test_signing_in_is_not_a_change(conn: Connection) -> None:
    load(conn, WORLD)
    conn.execute("update auth.users set last_sign_in_at = now(), updated_at = now()")
    conn.execute("update auth.identities set last_sign_in_at = now(), updated_at = now()")

    assert load(conn, WORLD).state == "unchanged"


def test_dry_run_reports_the_rows_and_leaves_nothing(conn: Connection) -> None:
    outcome = load(conn, WORLD, dry_run=True)

    assert (outcome.state, outcome.fingerprint) == ("planned", None)
    assert outcome.rows["messages"] == 2000
    assert 500_000 < (outcome.bytes or 0) < 5_000_000
    for table in ("auth.users", "organizations", "messages", "private.seed_runs"):
        assert _count(conn, table) == 0
    created = load(conn, WORLD).rows
    assert {table: created[table] for table in outcome.rows} == outcome.rows


def test_a_world_with_future_dates_is_refused(conn: Connection) -> None:
    with pytest.raises(Invalid, match="not in the past"):
        load(conn, build(replace(DEMO, last_day=date(2099, 1, 1))))


def test_a_different_world_of_the_same_name_is_a_conflict(conn: Connection) -> None:
    load(conn, WORLD)

    with pytest.raises(Conflict, match="another spec or scale"):
        load(conn, build(scaled(DEMO, 2)))


def test_a_name_that_is_taken_is_reported_and_nothing_is_loaded(conn: Connection) -> None:
    conn.execute("insert into organizations (name, slug) values ('ours', 'aozora')")

    with pytest.raises(Conflict, match="organization aozora"):
        load(conn, WORLD, LoadOptions(allow_other_rows=True))

    assert _count(conn, "messages") == 0


def test_data_of_others_is_refused_unless_allowed(world: World) -> None:
    world.team(3)

    with pytest.raises(Invalid, match="1 organization and 3 users"):
        load(world.operator, WORLD)

    assert load(world.operator, WORLD, LoadOptions(allow_other_rows=True)).state == "created"


def test_rules_of_another_version_are_a_conflict(conn: Connection) -> None:
    load(conn, WORLD)
    conn.execute("update private.seed_runs set world_version = 0")

    with pytest.raises(Conflict, match="version 0"):
        load(conn, WORLD)


def test_a_database_without_the_tables_names_the_command_to_run(bare_database: Database) -> None:
    with bare_database.connect() as conn, pytest.raises(NotFound) as refused:
        load(conn, WORLD)

    assert "chatctl migrate" in (refused.value.hint or "")


def test_rows_with_dangling_references_are_refused(conn: Connection) -> None:
    world = build(DEMO)
    world.people.pop()

    with pytest.raises(ChatctlError, match="refer to nothing"):
        load(conn, world)

    (run,) = runs.of(conn)
    assert run.finished_at is None


def test_triggers_work_again_after_the_load(conn: Connection) -> None:
    outcome = load(conn, WORLD)

    assert conn.execute("show session_replication_role").fetchone() == ("origin",)
    conn.execute("update messages set deleted_at = now() where seq = 1 and deleted_at is null")
    assert _count(conn, "private.deleted_messages") > outcome.rows["deleted_messages"]


def test_a_demo_user_sees_exactly_their_conversations_and_can_write(conn: Connection) -> None:
    load(conn, WORLD)
    owner = WORLD.people[0].id
    chats = [chat for chat in WORLD.chats if owner in {person.id for person in chat.people}]
    own = {chat.conversation.id for chat in chats}

    with conn.transaction():
        act_as(conn, "authenticated", claims_for(owner))
        listed = conn.execute("select * from get_conversations_with_details(%s)", (owner,)).fetchall()
        visible = {id for (id,) in conn.execute("select id from conversations")}
        read = {id for (id,) in conn.execute("select distinct conversation_id from messages")}
        first = chats[0].conversation.id
        sent = conn.execute("select (send_message(%s, 'hello')).seq", (first,)).fetchone()

    assert len(listed) == len(own)
    assert visible == own
    assert read <= own
    assert sent == (1 + chats[0].messages,)


def test_profiles_equal_those_that_the_trigger_would_create(conn: Connection) -> None:
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
        by_trigger = conn.execute(profiles).fetchall()

    assert by_trigger == seeded
