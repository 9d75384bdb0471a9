"""The chunks of a world; each is written in one transaction, together with its row in the ledger."""

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
from chatctl.services.seed.history import ChatHistory
from chatctl.services.seed.outline import Chat, Outline
from chatctl.services.seed.rows import Conversation, DeletedMessage, Participant

# Messages in a chunk, unless a single conversation has more: a kill loses about one second of work.
SIZE = 100_000


@dataclass(frozen=True)
class Chunk:
    """Consecutive conversations; ``first`` is the index of the first one in the world."""

    first: int
    chats: list[Chat]

    @property
    def messages(self) -> int:
        return sum(chat.messages for chat in self.chats)


def cut(outline: Outline, size: int = SIZE, *, without: Container[int] = ()) -> Iterator[Chunk]:
    """The chunks of a world in order, except for the conversations whose indexes are in ``without``."""
    current = Chunk(0, [])
    for index, chat in enumerate(outline.chats):
        full = current.chats and current.messages + chat.messages > size
        if current.chats and (full or index in without):
            yield current
            current = Chunk(index, [])
        if index not in without:
            current = current if current.chats else Chunk(index, [])
            current.chats.append(chat)
    if current.chats:
        yield current


def write(
    conn: Connection,
    outline: Outline,
    chunk: Chunk,
    *,
    storage_rows: bool,
    on_messages: Callable[[int], None],
) -> None:
    """Write one chunk and its ledger row in the open transaction; triggers must be off."""
    histories = [ChatHistory(chat) for chat in chunk.chats]
    copy_rows(conn, ("public", "conversations"), Conversation, (chat.conversation for chat in chunk.chats))
    _copy_messages(conn, outline, histories, on_messages)
    deleted = [row for each in histories for row in each.deleted]
    copy_rows(conn, ("private", "deleted_messages"), DeletedMessage, deleted)
    _copy_participants(conn, outline, histories)
    conn.execute(sql_statement("seed/conversations_counted"), _counts(histories))
    ids = {"conversations": [chat.conversation.id for chat in chunk.chats]}
    conn.execute(sql_statement("seed/direct_conversations"), ids)
    conn.execute(sql_statement("seed/deleted_attachments"), ids)
    if storage_rows:
        conn.execute(sql_statement("seed/storage_objects"), {"files": Jsonb(_files(histories))})
    ledger = {
        "world": outline.spec.name,
        "seed": outline.source.seed,
        "first_conversation": chunk.first,
        "conversation_ids": ids["conversations"],
        "message_counts": [chat.messages for chat in chunk.chats],
    }
    conn.execute(sql_statement("seed/record_chunk"), ledger)


def _copy_messages(
    conn: Connection, outline: Outline, histories: list[ChatHistory], on_messages: Callable[[int], None]
) -> None:
    columns = sql.SQL(", ").join(map(sql.Identifier, history.COLUMNS))
    statement = sql.SQL("copy public.messages ({}) from stdin (format binary)").format(columns)
    # Queued: the next block is generated while the server receives this one.
    with conn.cursor() as cursor, cursor.copy(statement, writer=QueuedLibpqWriter(cursor)) as copy:
        copy.write(history.HEADER)
        for each in histories:
            before = 0
            for block in history.messages(outline.source, outline.spec.habits, each):
                copy.write(block)
                on_messages(each.last_seq - before)
                before = each.last_seq
        copy.write(history.TRAILER)


def _copy_participants(conn: Connection, outline: Outline, histories: list[ChatHistory]) -> None:
    read_positions = [
        position
        for each in histories
        for position in history.participants(outline.source, outline.spec.habits, each)
    ]
    rows = (participant for participant, _, _ in read_positions)
    copy_rows(conn, ("public", "conversation_participants"), Participant, rows)
    statement = "copy private.read_states (conversation_id, user_id, last_read_seq, seen_count) from stdin"
    with conn.cursor() as cursor, cursor.copy(statement) as copy:
        for participant, read_to, message_count in read_positions:
            copy.write_row((participant.conversation_id, participant.user_id, read_to, message_count))


def copy_rows(conn: Connection, table: tuple[str, str], kind: Any, rows: Iterable[Any]) -> None:
    """Copy ``rows`` of the dataclass ``kind``, whose fields are named after the columns of ``table``."""
    columns = sql.SQL(", ").join(sql.Identifier(field.name) for field in fields(kind))
    statement = sql.SQL("copy {} ({}) from stdin").format(sql.Identifier(*table), columns)
    with conn.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row([_text(value) for value in astuple(row)])


def _text(value: object) -> object:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list) else value


def _counts(histories: list[ChatHistory]) -> dict[str, list[Any]]:
    return {
        "ids": [each.chat.conversation.id for each in histories],
        "last_seqs": [each.last_seq for each in histories],
        "last_message_seqs": [each.last_message_seq for each in histories],
        "message_counts": [each.message_count for each in histories],
        "participant_counts": [len(each.chat.people) for each in histories],
        "changed": [moment(each.changed_at) if each.changed_at else None for each in histories],
    }


def _files(histories: list[ChatHistory]) -> list[dict[str, Any]]:
    return [
        {
            "id": file.attachment["id"],
            "url": file.attachment["url"],
            "size": file.attachment["size"],
            "type": file.attachment["type"],
            "sender": str(file.sender_id),
            "at": file.created_at.isoformat(),
        }
        for each in histories
        for file in each.files
    ]
