"""The stored unread count and last message equal their slow definition after any history."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chatctl.db.connection import Connection
from chatctl.db.roles import act_as, claims_for
from tests.support.race import race, refusals
from tests.support.world import SEND, World

PEOPLE = 4

# The definitions, with `is distinct from` because of erased senders.
SLOW = """
select cp.user_id,
  (select count(*) from messages m
   where m.conversation_id = cp.conversation_id
     and m.created_at > coalesce(cp.last_read_at, '1970-01-01')
     and m.sender_id is distinct from cp.user_id
     and m.deleted_at is null) as unread,
  (select m.id from messages m
   where m.conversation_id = cp.conversation_id and m.deleted_at is null
   order by m.created_at desc limit 1) as last_message
from conversation_participants cp
where cp.conversation_id = %s
order by cp.user_id
"""
FAST = """
select r.user_id, c.message_count - r.seen_count as unread, m.id as last_message
from private.read_states r
join conversations c on c.id = r.conversation_id
left join messages m on m.conversation_id = c.id and m.seq = c.last_message_seq
where r.conversation_id = %s
order by r.user_id
"""

person = st.integers(0, PEOPLE - 1)
point = st.integers(0, 30)
step = st.one_of(
    st.tuples(st.just("send"), person),
    st.tuples(st.just("send"), person),
    st.tuples(st.just("delete"), point),
    st.tuples(st.just("restore"), point),
    st.tuples(st.just("purge"), point),
    st.tuples(st.just("read"), person),
    st.tuples(st.just("read to"), person, point),
    st.tuples(st.just("unread"), person),
    st.tuples(st.just("leave"), st.integers(1, PEOPLE - 1)),
    st.tuples(st.just("join"), st.integers(1, PEOPLE - 1)),
    st.tuples(st.just("erase"), st.integers(1, PEOPLE - 1)),
    st.tuples(st.just("erase messages"), person),
)


class History:
    """One conversation whose people act, all inside one transaction."""

    def __init__(self, conn: Connection, people: list[UUID], conversation: UUID) -> None:
        self.conn = conn
        self.people = people
        self.conversation = conversation

    @contextmanager
    def acting(self, user: UUID) -> Iterator[Connection]:
        with self.conn.transaction():
            act_as(self.conn, "authenticated", claims_for(user))
            yield self.conn
            self.conn.execute("select set_config('role', 'none', true)")

    def take(self, name: str, who: int, *more: int) -> None:
        getattr(self, name.replace(" ", "_"))(who, *more)

    def send(self, who: int) -> None:
        self.conn.execute("delete from private.send_windows")
        try:
            with self.acting(self.people[who]) as conn:
                conn.execute(SEND.encode(), (f"by {who}", self.conversation))
        except psycopg.errors.InsufficientPrivilege:
            assert not self._takes_part(who)

    def delete(self, place: int) -> None:
        if row := self._message(place, "deleted_at is null and sender_id is not null"):
            with self.acting(row[1]) as conn:
                conn.execute("update messages set deleted_at = now() where id = %s", (row[0],))

    def restore(self, place: int) -> None:
        if row := self._message(place, "deleted_at is not null"):
            self.conn.execute("update messages set deleted_at = null where id = %s", (row[0],))

    def purge(self, place: int) -> None:
        if row := self._message(place, "true"):
            self.conn.execute("delete from messages where id = %s", (row[0],))

    def read(self, who: int) -> None:
        self._read(who, "2100-01-01")

    def unread(self, who: int) -> None:
        self._read(who, None)

    def read_to(self, who: int, place: int) -> None:
        if row := self._message(place, "true"):
            self._read(who, row[2])

    def leave(self, who: int) -> None:
        with self.acting(self.people[who]) as conn:
            conn.execute("delete from conversation_participants where user_id = %s", (self.people[who],))

    def join(self, who: int) -> None:
        if not self._takes_part(who) and self._exists(who):
            with self.acting(self.people[0]) as conn:
                conn.execute(
                    "insert into conversation_participants (conversation_id, user_id) values (%s, %s)",
                    (self.conversation, self.people[who]),
                )

    def erase(self, who: int) -> None:
        self.conn.execute("delete from auth.users where id = %s", (self.people[who],))

    def erase_messages(self, who: int) -> None:
        self.conn.execute("update messages set sender_id = null where sender_id = %s", (self.people[who],))

    def _read(self, who: int, place: Any) -> None:
        with self.acting(self.people[who]) as conn:
            conn.execute(
                "update conversation_participants set last_read_at = %s where user_id = %s",
                (place, self.people[who]),
            )

    def _message(self, place: int, condition: str) -> tuple[Any, ...] | None:
        rows = self.conn.execute(
            f"select id, sender_id, created_at from messages where {condition} order by seq".encode()
        ).fetchall()
        return rows[place % len(rows)] if rows else None

    def _takes_part(self, who: int) -> bool:
        return self._count("conversation_participants", "user_id", self.people[who])

    def _exists(self, who: int) -> bool:
        return self._count("user_profiles", "id", self.people[who])

    def _count(self, table: str, column: str, value: UUID) -> bool:
        row = self.conn.execute(f"select 1 from {table} where {column} = %s".encode(), (value,)).fetchone()
        return row is not None


@pytest.fixture
def begin(world: World) -> Any:
    organization, people = world.team(PEOPLE)
    conversation = world.group(organization, *people)
    world.lift_limits()  # people who leave come back immediately

    @contextmanager
    def begin() -> Iterator[History]:
        with world.operator.transaction(force_rollback=True):
            yield History(world.operator, people, conversation)

    return begin


@pytest.mark.slow
@settings(
    max_examples=500,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(step, min_size=1, max_size=14))
def test_unread_counts_and_last_messages_match_their_definition(
    begin: Any, steps: list[tuple[Any, ...]]
) -> None:
    with begin() as history:
        for taken in steps:
            history.take(*taken)
            fast = history.conn.execute(FAST.encode(), (history.conversation,)).fetchall()
            slow = history.conn.execute(SLOW.encode(), (history.conversation,)).fetchall()
            assert fast == slow
        for user, unread, last_message in slow:
            with history.acting(user) as conn:
                listed = conn.execute(
                    "select unread_count, last_message_id from get_conversations_with_details(%s)", (user,)
                ).fetchone()
                counted = conn.execute(
                    "select get_unread_count(%s, %s)", (history.conversation, user)
                ).fetchone()
            assert listed == (unread, last_message)
            assert counted == (unread,)


def test_unread_counts_stay_exact_during_concurrent_sends_deletes_and_reads(world: World) -> None:
    organization, people = world.team(8)
    conversation = world.group(organization, *people)

    def live(conn: Connection, number: int) -> None:
        me = people[number % 8]
        for turn in range(8):
            with world.acting(me, conn=conn):
                conn.execute(SEND.encode(), (f"{turn}", conversation))
            with world.acting(me, conn=conn):
                conn.execute("select mark_conversation_read(%s)", (conversation,))
            if turn % 3 == 0:
                with world.acting(me, conn=conn):
                    conn.execute(
                        "update messages set deleted_at = now() where id = "
                        "(select id from messages where sender_id = %s and deleted_at is null limit 1)",
                        (me,),
                    )

    outcomes = race(world.database, 16, live)

    # Two devices of one person share the limit: it may be exceeded, but there must be no deadlock.
    assert {error.sqlstate for error in refusals(outcomes)} <= {"PT429"}
    fast = world.operator.execute(FAST.encode(), (conversation,)).fetchall()
    slow = world.operator.execute(SLOW.encode(), (conversation,)).fetchall()
    assert fast == slow


def test_a_read_mark_ahead_of_the_clock_hides_nothing(world: World) -> None:
    organization, (ann, ben) = world.team(2)
    conversation = world.direct(organization, ann, ben)
    world.changed(ben, "update conversation_participants set last_read_at = '2100-01-01'")

    world.send(ann, conversation)

    assert world.value(ben, "select get_unread_count(%s, %s)", conversation, ben) == 1


def test_marking_up_to_a_message_leaves_later_messages_unread(world: World) -> None:
    organization, (ann, ben) = world.team(2)
    conversation = world.direct(organization, ann, ben)
    for _ in range(5):
        world.send(ann, conversation)

    assert world.value(ben, "select mark_conversation_read(%s, 3)", conversation) == 2
    assert world.value(ben, "select mark_conversation_read(%s, 1)", conversation) == 2
    assert world.value(ben, "select mark_conversation_read(%s)", conversation) == 0


def test_a_list_shows_only_names_of_colleagues(world: World) -> None:
    organization, people = world.team(3)
    conversation = world.group(organization, *people)
    world.send(people[1], conversation)
    name = "select last_message_sender_name from get_conversations_with_details(%s)"
    assert world.value(people[0], name, people[0]) == "person1"

    world.operator.execute("delete from organization_members where user_id = %s", (people[1],))

    assert world.value(people[0], name, people[0]) is None


@pytest.mark.parametrize(("read_at", "counted"), [("now()", 1), ("c.created_at", 3), ("'2001-01-01'", 3)])
def test_a_mark_counts_once_more_for_each_thousand_messages_after_it(
    world: World, read_at: str, counted: int
) -> None:
    """Other sessions wait while messages are counted."""
    organization, people = world.team()
    conversation = world.group(organization, *people)
    world.operator.execute(
        "insert into messages (organization_id, conversation_id, content) "
        "select %s, %s, 'news' from generate_series(1, 2500)",
        (organization, conversation),
    )
    world.changed(
        people[1],
        f"update conversation_participants p set last_read_at = {read_at} "
        "from conversations c where c.id = p.conversation_id and p.user_id = %s",
        people[1],
    )

    amount = "select sum(a) from private.action_windows w, unnest(w.amount) a where w.user_id = %s"
    assert world.fact(amount, people[1]) == counted
