"""The actions of people and operators in a crowd (see crowd.py), as statements of a client."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from uuid import UUID, uuid4, uuid5

from psycopg.types.json import Jsonb

from chatctl.db.connection import Connection
from chatctl.db.roles import claims_for


@dataclass
class Client:
    """One device of one person: every request is a transaction, as with PostgREST."""

    conn: Connection
    me: UUID
    organization: UUID
    people: list[UUID]
    conversations: list[UUID]
    chances: random.Random
    timeout: int  # seconds
    hook: bool

    def sample_of_others(self, size: int) -> list[UUID]:
        return self.chances.sample([person for person in self.people if person != self.me], size)

    def request(self, statement: str, *values: object, as_: UUID | None = None) -> None:
        """One request of this person or, if given, of ``as_``."""
        claims = json.dumps(claims_for(as_ or self.me))
        with self.conn.transaction():
            self.conn.execute(
                "select set_config('role', 'authenticated', true), "
                "set_config('request.jwt.claims', %s, true), set_config('statement_timeout', %s, true)",
                (claims, f"{self.timeout}s"),
            )
            if self.hook:
                self.conn.execute("select chat_hooks.before_request()")
            self.conn.execute(statement.encode(), values)

    def as_creator(self, conversation: UUID, statement: str, *values: object) -> None:
        """A request of the person who managed the group a moment ago."""
        with self.conn.transaction():
            self.conn.execute("set local role service_role")
            row = self.conn.execute(
                "select created_by from conversations where id = %s", (conversation,)
            ).fetchone()
        if row and row[0]:
            self.request(statement, *values, as_=row[0])


MINE = (
    "(select id from messages where conversation_id = %s and sender_id = %s and deleted_at is null "
    "order by random() limit 1)"
)
# By the number stored in the conversation: a search would read every message that was deleted after it.
LATEST = (
    "(select m.id from messages m "
    "join conversations c on c.id = m.conversation_id and c.last_message_seq = m.seq where c.id = %s)"
)
INSERT = "insert into messages (organization_id, conversation_id, sender_id, content) values "
MARK = "update conversation_participants set "
ADD = "insert into conversation_participants (conversation_id, user_id) "

ACTIONS: dict[str, Callable[[Client, UUID], None]] = {
    "send": lambda c, conversation: c.request("select send_message(%s, 'hi')", conversation),
    "insert": lambda c, conversation: c.request(
        INSERT + "(%s, %s, %s, 'hi')", c.organization, conversation, c.me
    ),
    "send to two": lambda c, conversation: c.request(
        INSERT + "(%s, %s, %s, 'one'), (%s, %s, %s, 'two')",
        *(c.organization, conversation, c.me),
        *(c.organization, c.chances.choice(c.conversations), c.me),
    ),
    "edit": lambda c, conversation: c.request(
        f"update messages set content = 'edited' where id = {MINE}", conversation, c.me
    ),
    "edit several": lambda c, conversation: c.request(
        "update messages set content = 'edited' "
        "where conversation_id = %s and sender_id = %s and deleted_at is null",
        *(conversation, c.me),
    ),
    "delete": lambda c, conversation: c.request(
        f"update messages set deleted_at = now() where id = {MINE}", conversation, c.me
    ),
    "delete all of a conversation": lambda c, conversation: c.request(
        "update messages set deleted_at = now() "
        "where conversation_id = %s and sender_id = %s and deleted_at is null",
        *(conversation, c.me),
    ),
    "delete all": lambda c, conversation: c.request(
        "update messages set deleted_at = now() where sender_id = %s and deleted_at is null", c.me
    ),
    "react": lambda c, conversation: c.request(
        f"select toggle_reaction({LATEST}, %s)", conversation, c.chances.choice("👍🎉😀")
    ),
    "write reactions": lambda c, conversation: c.request(
        f"update messages set reactions = %s where id = {LATEST}",
        *(Jsonb([{"userId": str(c.me), "emoji": c.chances.choice("👍🎉😀")}]), conversation),
    ),
    "read": lambda c, conversation: c.request("select mark_conversation_read(%s)", conversation),
    "read until": lambda c, conversation: c.request(
        MARK + "last_read_at = now() - %s * interval '1 second' where conversation_id = %s and user_id = %s",
        *(c.chances.random(), conversation, c.me),
    ),
    "read all": lambda c, conversation: c.request(MARK + "last_read_at = now() where user_id = %s", c.me),
    "mark unread": lambda c, conversation: c.request(
        MARK + "last_read_at = null where conversation_id = %s and user_id = %s", conversation, c.me
    ),
    "star": lambda c, conversation: c.request(
        MARK + "is_starred = not is_starred where conversation_id = %s and user_id = %s", conversation, c.me
    ),
    "star all": lambda c, conversation: c.request(
        MARK + "is_starred = not is_starred where user_id = %s", c.me
    ),
    "leave": lambda c, conversation: c.request(
        "delete from conversation_participants where conversation_id = %s and user_id = %s",
        conversation,
        c.me,
    ),
    "come back": lambda c, conversation: c.as_creator(
        conversation, ADD + "values (%s, %s) on conflict do nothing", conversation, c.me
    ),
    "add several": lambda c, conversation: c.as_creator(
        conversation,
        ADD + "select %s, u from unnest(%s::uuid[]) u where not exists ("
        "select from conversation_participants p where (p.conversation_id, p.user_id) = (%s, u))",
        *(conversation, c.sample_of_others(3), conversation),
    ),
    "add to two": lambda c, conversation: c.request(
        ADD + "select c.id, u from unnest(%s::uuid[]) u, (select id from conversations "
        "where created_by = %s and is_group order by random() limit 2) c order by random() "
        "on conflict do nothing",
        *(c.sample_of_others(2), c.me),
    ),
    "remove": lambda c, conversation: c.as_creator(
        conversation,
        "delete from conversation_participants where conversation_id = %s and user_id = any(%s)",
        *(conversation, c.sample_of_others(1)),
    ),
    "remove several": lambda c, conversation: c.as_creator(
        conversation,
        "delete from conversation_participants where conversation_id = %s and user_id = any(%s)",
        *(conversation, c.sample_of_others(3)),
    ),
    "rename": lambda c, conversation: c.as_creator(
        conversation, "update conversations set name = 'new' where id = %s", conversation
    ),
    "touch": lambda c, conversation: c.request(
        "update conversations set updated_at = now() where id = %s", conversation
    ),
    "start a group": lambda c, conversation: c.request(
        "select create_group_conversation('group', %s::uuid[], %s)", c.sample_of_others(2), c.organization
    ),
    "start a direct conversation": lambda c, conversation: c.request(
        "select send_message(start_direct_conversation(%s, %s), 'hi')", *c.sample_of_others(1), c.organization
    ),
    "start two direct conversations": lambda c, conversation: c.request(
        "select start_direct_conversation(%s, %s), start_direct_conversation(%s, %s)",
        *(value for other in c.sample_of_others(2) for value in (other, c.organization)),
    ),
    "change the profile": lambda c, conversation: c.request(
        "update user_profiles set full_name = 'new' where id = %s", c.me
    ),
    "upload": lambda c, conversation: c.request(
        "insert into storage.objects (bucket_id, name, owner_id) values ('attachments', %s, %s)",
        *(f"{c.organization}/chat/{conversation}/{uuid4()}_a.png", str(c.me)),
    ),
    "list": lambda c, conversation: c.request(
        "select count(*) from get_conversations_with_details(%s)", c.me
    ),
    "page": lambda c, conversation: c.request("select count(*) from get_messages_page(%s)", conversation),
}
USUAL = {
    "send": 6, "insert": 4, "send to two": 1, "edit": 2, "edit several": 0.5, "delete": 3,
    "delete all of a conversation": 1, "delete all": 0.3, "react": 3, "write reactions": 1, "read": 5,
    "read until": 2, "read all": 1, "mark unread": 0.3, "star": 1, "star all": 0.5, "leave": 0.8,
    "come back": 4, "add several": 0.3, "add to two": 0.3, "remove": 0.3, "remove several": 0.1,
    "rename": 0.5, "touch": 0.5,
    "start a group": 0.1, "start a direct conversation": 0.3, "start two direct conversations": 0.3,
    "change the profile": 0.3, "upload": 0.3, "list": 1, "page": 1,
}  # fmt: skip


@dataclass
class Operator:
    """Somebody who bypasses row-level security and does one thing after the other."""

    conn: Connection
    organization: UUID
    people: list[UUID]
    chances: random.Random
    away: set[UUID] = field(default_factory=set)
    purged: set[tuple[UUID, int]] = field(default_factory=set)

    def remove_member(self) -> None:
        """Remove somebody from the organization only; at most three are away at a time."""
        if len(self.away) > 2:
            self.add_member(self.chances.choice(sorted(self.away)))
            return
        person = self.chances.choice(self.people)
        self.conn.execute(
            "delete from organization_members where organization_id = %s and user_id = %s",
            (self.organization, person),
        )
        self.away.add(person)

    def add_member(self, person: UUID) -> None:
        self.conn.execute(
            "insert into organization_members (organization_id, user_id) "
            "select %s, id from user_profiles where id = %s on conflict do nothing",
            (self.organization, person),
        )
        self.away.discard(person)

    def restore_members(self) -> None:
        for person in list(self.away):
            self.add_member(person)

    def suspend(self) -> None:
        """Suspend somebody for the duration of one request."""
        person = self.chances.choice(self.people)
        self.conn.execute(
            "insert into private.suspensions (user_id, reason) "
            "select id, 'spam' from user_profiles where id = %s on conflict do nothing",
            (person,),
        )
        self.conn.execute("delete from private.suspensions where user_id = %s", (person,))

    def message(self, statement: str, conversation: UUID, condition: str) -> list[tuple[UUID, int]]:
        """Change or delete one message of a conversation; returns its conversation and seq."""
        chosen = (
            f"(select id from messages where conversation_id = %s and {condition} order by random() limit 1)"
        )
        changed = f"{statement} where id = {chosen} returning conversation_id, seq"
        return self.conn.execute(changed.encode(), (conversation,)).fetchall()

    def purge(self, conversation: UUID) -> None:
        self.purged.update(self.message("delete from messages", conversation, "true"))


OPERATORS: dict[str, Callable[[Operator, UUID], object]] = {
    "remove or add a member": lambda o, conversation: o.remove_member(),
    "suspend": lambda o, conversation: o.suspend(),
    "redact": lambda o, conversation: o.message(
        "update messages set deleted_at = now()", conversation, "deleted_at is null"
    ),
    "restore": lambda o, conversation: o.message(
        "update messages set deleted_at = null", conversation, "deleted_at is not null"
    ),
    "purge": lambda o, conversation: o.purge(conversation),
    "announce": lambda o, conversation: o.conn.execute(
        (INSERT + "(%s, %s, null, 'for all')").encode(), (o.organization, conversation)
    ),
}


@dataclass
class Importer:
    """A service that inserts messages with its own ids while another one inserts the same."""

    conn: Connection
    organization: UUID
    conversation: UUID
    numbers: Iterator[int] = field(default_factory=count)

    def upsert(self) -> None:
        """Insert the next message, unless the other importer was faster."""
        message = uuid5(self.conversation, str(next(self.numbers)))
        with self.conn.transaction():
            self.conn.execute("set local role service_role")
            self.conn.execute(
                "insert into messages (id, organization_id, conversation_id, content) "
                "values (%s, %s, %s, 'imported') on conflict (id) do nothing",
                (message, self.organization, self.conversation),
            )
