"""A world in parts: each goes into the database with its ledger row in one transaction."""

from __future__ import annotations

import json
from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import astuple, dataclass, fields
from typing import Any

from psycopg import sql
from psycopg.copy import QueuedLibpqWriter
from psycopg.types.json import Jsonb

from chatctl.db.connection import Connection
from chatctl.db.files import sql_statement
from chatctl.services.seed import history
from chatctl.services.seed.clock import moment
from chatctl.services.seed.history import Told
from chatctl.services.seed.outline import Chat, Outline
from chatctl.services.seed.rows import Conversation, DeletedMessage, Participant

# Messages of a part, unless one conversation alone has more: about a second's work is lost by a kill.
SIZE = 100_000


@dataclass(frozen=True)
class Chunk:
    """Some whole conversations that follow one another; ``first`` is the place of the first in the world."""

    first: int
    chats: list[Chat]

    @property
    def messages(self) -> int:
        return sum(chat.messages for chat in self.chats)


def cut(outline: Outline, size: int = SIZE, *, without: Container[int] = ()) -> Iterator[Chunk]:
    """The parts of a world in order, but for the conversations whose places are in ``without``."""
    waiting = Chunk(0, [])
    for place, chat in enumerate(outline.chats):
        full = waiting.chats and waiting.messages + chat.messages > size
        if waiting.chats and (full or place in without):
            yield waiting
            waiting = Chunk(place, [])
        if place not in without:
            waiting = waiting if waiting.chats else Chunk(place, [])
            waiting.chats.append(chat)
    if waiting.chats:
        yield waiting


def write(
    conn: Connection,
    outline: Outline,
    chunk: Chunk,
    *,
    storage_rows: bool,
    on_messages: Callable[[int], None],
) -> None:
    """Put one part into the open transaction, with its ledger row; triggers must be off."""
    told = [Told(chat) for chat in chunk.chats]
    copy_rows(conn, ("public", "conversations"), Conversation, (chat.conversation for chat in chunk.chats))
    _copy_messages(conn, outline, told, on_messages)
    deleted = [row for each in told for row in each.deleted]
    copy_rows(conn, ("private", "deleted_messages"), DeletedMessage, deleted)
    _copy_participants(conn, outline, told)
    conn.execute(sql_statement("seed/conversations_counted"), _counts(told))
    ids = {"conversations": [chat.conversation.id for chat in chunk.chats]}
    conn.execute(sql_statement("seed/direct_conversations"), ids)
    conn.execute(sql_statement("seed/deleted_attachments"), ids)
    if storage_rows:
        conn.execute(sql_statement("seed/storage_objects"), {"files": Jsonb(_files(told))})
    ledger = {
        "world": outline.spec.name,
        "seed": outline.source.seed,
        "first_conversation": chunk.first,
        "conversation_ids": ids["conversations"],
        "message_counts": [chat.messages for chat in chunk.chats],
    }
    conn.execute(sql_statement("seed/record_chunk"), ledger)


def _copy_messages(
    conn: Connection, outline: Outline, told: list[Told], on_messages: Callable[[int], None]
) -> None:
    columns = sql.SQL(", ").join(map(sql.Identifier, history.COLUMNS))
    statement = sql.SQL("copy public.messages ({}) from stdin (format binary)").format(columns)
    # Queued: the next block is made while the server takes this one.
    with conn.cursor() as cursor, cursor.copy(statement, writer=QueuedLibpqWriter(cursor)) as copy:
        copy.write(history.HEADER)
        for each in told:
            before = 0
            for block in history.messages(outline.source, outline.spec.habits, each):
                copy.write(block)
                on_messages(each.last_seq - before)
                before = each.last_seq
        copy.write(history.TRAILER)


def _copy_participants(conn: Connection, outline: Outline, told: list[Told]) -> None:
    placed = [
        place for each in told for place in history.participants(outline.source, outline.spec.habits, each)
    ]
    rows = (participant for participant, _, _ in placed)
    copy_rows(conn, ("public", "conversation_participants"), Participant, rows)
    statement = "copy private.read_states (conversation_id, user_id, last_read_seq, seen_count) from stdin"
    with conn.cursor() as cursor, cursor.copy(statement) as copy:
        for participant, read_to, seen in placed:
            copy.write_row((participant.conversation_id, participant.user_id, read_to, seen))


def copy_rows(conn: Connection, table: tuple[str, str], kind: Any, rows: Iterable[Any]) -> None:
    """Copy ``rows`` of the dataclass ``kind``, whose fields are columns of ``table``."""
    columns = sql.SQL(", ").join(sql.Identifier(field.name) for field in fields(kind))
    statement = sql.SQL("copy {} ({}) from stdin").format(sql.Identifier(*table), columns)
    with conn.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row([_text(value) for value in astuple(row)])


def _text(value: object) -> object:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list) else value


def _counts(told: list[Told]) -> dict[str, list[Any]]:
    return {
        "ids": [each.chat.conversation.id for each in told],
        "last_seqs": [each.last_seq for each in told],
        "last_message_seqs": [each.last_message_seq for each in told],
        "message_counts": [each.message_count for each in told],
        "participant_counts": [len(each.chat.people) for each in told],
        "changed": [moment(each.changed_at) if each.changed_at else None for each in told],
    }


def _files(told: list[Told]) -> list[dict[str, Any]]:
    return [
        {
            "id": file.attachment["id"],
            "url": file.attachment["url"],
            "size": file.attachment["size"],
            "type": file.attachment["type"],
            "sender": str(file.sender_id),
            "at": file.created_at.isoformat(),
        }
        for each in told
        for file in each.files
    ]
