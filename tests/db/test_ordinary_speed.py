"""A chat at ordinary speed never meets a limit: the test replays the history of the seeded world.

No time passes: before somebody acts, their earlier writes are made older by the time between the rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg.types.json import Jsonb

from chatctl.services.seed.loading import LoadOptions, load
from chatctl.services.seed.outline import build
from chatctl.services.seed.spec import DEMO
from tests.support.world import Database, World

pytestmark = pytest.mark.slow

# All events in chronological order: when, who, what, and the message or conversation.
EVENTS = """
select c.created_at as at, c.created_by as who, 'start' as what, c.id as of, null::jsonb as more
from conversations c
union all
select m.created_at, m.sender_id, 'send', m.id, coalesce(m.attachments, d.attachments)
from messages m left join private.deleted_messages d on d.message_id = m.id
union all
select m.updated_at, m.sender_id, 'edit', m.id, null
from messages m where m.updated_at > m.created_at and m.reactions = '[]' and m.deleted_at is null
union all
select m.deleted_at, m.sender_id, 'delete', m.id, null from messages m where m.deleted_at is not null
union all
select m.updated_at, (r.entry ->> 'userId')::uuid, 'react', m.id, r.entry -> 'emoji'
from messages m cross join lateral jsonb_array_elements(m.reactions) as r (entry)
union all
select p.last_read_at, p.user_id, 'read', p.conversation_id, null
from conversation_participants p where p.last_read_at is not null
order by at, what desc, of
"""
CONVERSATIONS = """
select c.id, c.organization_id, c.name, array_agg(p.user_id order by p.user_id)
from conversations c join conversation_participants p on p.conversation_id = c.id
group by c.id
"""
UPLOAD = (
    "insert into storage.objects (bucket_id, name, owner_id, metadata) values ('attachments', %s, %s, %s)"
)
AGE = """
with times as (
  update private.action_windows w
  set at = array(select t - %(by)s from unnest(w.at) with ordinality as a (t, place) order by a.place)
  where w.user_id = %(who)s
)
update private.send_windows w set sent_at = array(select t - %(by)s from unnest(w.sent_at) t)
where w.user_id = %(who)s
"""


@dataclass
class Replay:
    """Repeats the history of a world from its rows, several times faster."""

    world: World
    speed: int
    conversations: dict[UUID, tuple[Any, ...]] = field(default_factory=dict)
    started: dict[UUID, UUID] = field(default_factory=dict)  # new conversation by old
    sent: dict[UUID, UUID] = field(default_factory=dict)  # new message by old
    conversation_of: dict[UUID, UUID] = field(default_factory=dict)
    # Time of the last event of each person, in the rows and by the clock.
    acted: dict[UUID, tuple[datetime, datetime]] = field(default_factory=dict)
    done: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)

    def run(self) -> None:
        conn = self.world.operator
        events = conn.execute(EVENTS).fetchall()
        self.conversations = {row[0]: row for row in conn.execute(CONVERSATIONS).fetchall()}
        self.conversation_of = dict(conn.execute("select id, conversation_id from messages").fetchall())
        conn.execute("truncate conversations cascade")
        for at, user, action, id, data in events:
            self._let_time_pass(at, user)
            try:
                getattr(self, action)(user, id, data)
                self.done[action] += 1
            except psycopg.Error as error:
                assert error.sqlstate == "PT429", error
                self.refused[action] += 1
                if action == "send":  # later events refer to it
                    conn.execute("update private.send_windows set sent_at = '{}' where user_id = %s", (user,))
                    self.send(user, id, data)

    def _let_time_pass(self, at: datetime, user: UUID) -> None:
        now = self.world.fact("select clock_timestamp()")
        if user in self.acted:
            then, clock = self.acted[user]
            by = (at - then) / self.speed - (now - clock)
            self.world.operator.execute(AGE, {"who": user, "by": by})
        self.acted[user] = (at, now)

    def start(self, user: UUID, conversation_id: UUID, data: None) -> None:
        _, organization, name, people = self.conversations[conversation_id]
        others = [person for person in people if person != user]
        if name is None:
            self.started[conversation_id] = self.world.direct(organization, user, others[0])
        else:
            self.started[conversation_id] = self.world.group(organization, user, *others)

    def send(self, user: UUID, message_id: UUID, data: list[dict[str, Any]] | None) -> None:
        conversation = self.started[self.conversation_of[message_id]]
        organization = self.conversations[self.conversation_of[message_id]][1]
        for file in data or []:
            name = f"{organization}/chat/{conversation}/{file['id']}_{'a' * len(file['name'])}"
            values = (name, str(user), Jsonb({"size": file["size"]}))
            if not self.world.fact("select 1 from storage.objects where name = %s", name):
                self.world.rows(user, UPLOAD, *values)
        sent = "select id from send_message(%s, 'what it was', %s)"
        self.sent[message_id] = self.world.value(user, sent, conversation, Jsonb(data) if data else None)

    def edit(self, user: UUID, message_id: UUID, data: None) -> None:
        assert self.world.changed(
            user, "update messages set content = 'edited' where id = %s", self.sent[message_id]
        )

    def delete(self, user: UUID, message_id: UUID, data: None) -> None:
        assert self.world.changed(
            user, "update messages set deleted_at = now() where id = %s", self.sent[message_id]
        )

    def react(self, user: UUID, message_id: UUID, data: str) -> None:
        assert self.world.rows(user, "select toggle_reaction(%s, %s)", self.sent[message_id], data)

    def read(self, user: UUID, conversation_id: UUID, data: None) -> None:
        assert self.world.rows(user, "select mark_conversation_read(%s)", self.started[conversation_id])


@pytest.fixture
def demo(database: Database) -> Iterator[World]:
    with World(database) as world:
        load(world.operator, build(DEMO, 1), LoadOptions())
        yield world


def test_nobody_in_the_demo_world_meets_a_limit_at_ten_times_their_speed(demo: World) -> None:
    replay = Replay(demo, speed=10)

    replay.run()

    assert set(replay.done) == {"start", "send", "edit", "delete", "react", "read"}
    assert replay.done.total() > 2000
    assert not replay.refused
