"""Every row of a world, parsed from the data that is loaded into the database."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from chatctl.services.seed import history
from chatctl.services.seed.clock import moment
from chatctl.services.seed.history import ChatHistory
from chatctl.services.seed.outline import Outline, build
from chatctl.services.seed.rows import Conversation, DeletedMessage, Participant
from chatctl.services.seed.spec import Spec


@dataclass(frozen=True)
class Message:
    id: UUID
    organization_id: UUID
    conversation_id: UUID
    sender_id: UUID
    content: str | None
    attachments: list[dict[str, Any]] | None
    reactions: list[dict[str, str]]
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None
    seq: int


@dataclass(frozen=True)
class GeneratedWorld:
    outline: Outline
    conversations: list[Conversation] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    deleted: list[DeletedMessage] = field(default_factory=list)
    participants: list[Participant] = field(default_factory=list)

    @property
    def digest(self) -> str:
        """A digest of all rows: changes with any of them."""
        parts = (self.outline.people, self.outline.organizations, self.outline.members)
        rows = (*parts, self.conversations, self.messages, self.deleted, self.participants)
        return sha256(repr(rows).encode()).hexdigest()


def generate(spec: Spec, seed: int = 1) -> GeneratedWorld:
    """The rows of the world of ``spec`` for ``seed``."""
    outline = build(spec, seed)
    world = GeneratedWorld(outline)
    for chat in outline.chats:
        chat_history = ChatHistory(chat)
        data = b"".join(history.messages(outline.source, spec.habits, chat_history))
        world.conversations.append(chat.conversation)
        world.messages.extend(_messages(data))
        world.deleted.extend(chat_history.deleted)
        placed = history.participants(outline.source, spec.habits, chat_history)
        world.participants.extend(participant for participant, _, _ in placed)
    return world


def _messages(data: bytes) -> Iterator[Message]:
    for row in _rows(data):
        id, organization, conversation, sender, content, attachments, reactions, *times, seq = row
        created, updated, deleted = times
        assert id and organization and conversation and sender and reactions and created and updated and seq
        yield Message(
            id=UUID(bytes=id),
            organization_id=UUID(bytes=organization),
            conversation_id=UUID(bytes=conversation),
            sender_id=UUID(bytes=sender),
            content=None if content is None else content.decode(),
            attachments=None if attachments is None else json.loads(attachments[1:]),
            reactions=json.loads(reactions[1:]),
            created_at=_moment(created),
            updated_at=_moment(updated),
            deleted_at=None if deleted is None else _moment(deleted),
            seq=int.from_bytes(seq),
        )


def _rows(data: bytes) -> Iterator[list[bytes | None]]:
    position = 0
    while position < len(data):
        (columns,) = struct.unpack_from(">h", data, position)
        position += 2
        row: list[bytes | None] = []
        for _ in range(columns):
            (length,) = struct.unpack_from(">i", data, position)
            position += 4
            row.append(None if length < 0 else data[position : position + length])
            position += max(length, 0)
        yield row


def _moment(value: bytes) -> datetime:
    return moment(int.from_bytes(value, signed=True))
