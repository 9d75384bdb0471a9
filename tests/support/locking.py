"""A scene in which somebody holds a lock that a write needs: the locks, and each write of a client."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from chatctl.db.connection import Connection
from tests.support.waiting import waiting
from tests.support.world import World

SEND = "insert into messages (organization_id, conversation_id, sender_id, content) values (%s, %s, %s, 'hi')"
ADD = "insert into conversation_participants (conversation_id, user_id) values (%s, %s)"
REMOVE = "delete from conversation_participants where conversation_id = %s and user_id = %s"

TURN = ("private.send_windows", "user_id")
PARTICIPANTS = ("conversation_participants", "(conversation_id, user_id)")
MESSAGES = ("messages", "id")
MEMBERS = ("organization_members", "user_id")
CONVERSATIONS = ("conversations", "id")
READ_STATES = ("private.read_states", "(conversation_id, user_id)")
PROFILES = ("user_profiles", "id")
# The locking order: a session that waits for one of these may only hold earlier ones.
ORDER = (TURN, PARTICIPANTS, MESSAGES, MEMBERS, CONVERSATIONS, READ_STATES, PROFILES)


@dataclass
class Scene:
    """Ann manages two groups with Ben and Cem and has written in both; Dan is a colleague."""

    world: World
    organization: UUID
    people: list[UUID]
    conversations: list[UUID]  # by ascending id
    messages: list[UUID]  # one of Ann's messages in each
    holder: Connection  # the session of an operator that holds the locks
    watcher: Connection

    @property
    def ann(self) -> UUID:
        return self.people[0]

    @property
    def ben(self) -> UUID:
        return self.people[1]

    def hold(self, table: str, condition: str, *values: Any) -> None:
        """Lock rows as an operator until ``release``."""
        self.holder.execute("begin")
        lock = f"select from {table} where {condition} for no key update"
        assert self.holder.execute(lock.encode(), values).rowcount

    def release(self) -> None:
        self.holder.execute("commit")

    @contextmanager
    def waits(self, user: UUID, statement: str, *values: Any) -> Iterator[Future[None]]:
        """A statement of ``user`` that waits for a lock of the operator."""
        with self.world.database.connect("authenticator") as conn:

            def write() -> None:
                with self.world.acting(user, conn=conn):
                    conn.execute(statement.encode(), values)

            with waiting(conn, write, self.watcher) as done:
                yield done


@contextmanager
def scene(world: World) -> Iterator[Scene]:
    organization, people = world.team(4)
    conversations = sorted(world.group(organization, *people[:3]) for _ in range(2))
    messages = [world.send(people[0], conversation) for conversation in conversations]
    for person in people:
        world.rows(person, "update user_profiles set full_name = 'someone' where id = %s", person)
    with world.database.connect() as holder, world.database.connect() as watcher:
        yield Scene(world, organization, people, conversations, messages, holder, watcher)


# Each write of a client to a conversation; Ann writes, and Ben is the person it affects.
WRITES: dict[str, Callable[[Scene], tuple[str, tuple[Any, ...]]]] = {
    "insert a message": lambda s: (SEND, (s.organization, s.conversations[0], s.ann)),
    "send a message": lambda s: ("select send_message(%s, 'hi')", (s.conversations[0],)),
    "edit": lambda s: ("update messages set content = 'new' where id = %s", (s.messages[0],)),
    "delete": lambda s: ("update messages set deleted_at = now() where id = %s", (s.messages[0],)),
    "react": lambda s: ("select toggle_reaction(%s, 'hm')", (s.messages[0],)),
    "mark read": lambda s: ("select mark_conversation_read(%s)", (s.conversations[0],)),
    "star": lambda s: ("update conversation_participants set is_starred = true where user_id = %s", (s.ann,)),
    "leave": lambda s: (REMOVE, (s.conversations[0], s.ann)),
    "remove": lambda s: (REMOVE, (s.conversations[0], s.ben)),
    "add": lambda s: (ADD, (s.conversations[0], s.people[3])),
    "rename": lambda s: ("update conversations set name = 'new' where id = %s", (s.conversations[0],)),
    "touch": lambda s: ("update conversations set updated_at = now() where id = %s", (s.conversations[0],)),
    "start a group": lambda s: (
        "select create_group_conversation('g', %s::uuid[], %s)", (s.people[1:3], s.organization)
    ),
    "start a direct conversation": lambda s: (
        "select start_direct_conversation(%s, %s)", (s.ben, s.organization)
    ),
    "upload": lambda s: (
        "insert into storage.objects (bucket_id, name) values ('attachments', %s)",
        (f"{s.organization}/chat/{s.conversations[0]}/{uuid4()}_a.png",),
    ),
    "report": lambda s: ("select report_message(%s, 'spam')", (s.messages[0],)),
    "change the profile": lambda s: ("update user_profiles set full_name = 'new' where id = %s", (s.ann,)),
}  # fmt: skip
LOCKING = (
    "insert a message", "send a message", "delete", "mark read", "leave", "remove", "add"
)  # fmt: skip
