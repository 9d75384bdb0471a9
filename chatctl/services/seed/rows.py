"""The rows of a world: one dataclass per table, its fields named after the columns that are loaded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict
from uuid import UUID


class Attachment(TypedDict):
    """One file of a message; ``url`` is the object's name in the bucket ``attachments``."""

    id: str
    name: str
    type: str
    size: int
    url: str


class Reaction(TypedDict):
    """One person's emoji under a message."""

    userId: str
    emoji: str


@dataclass(frozen=True, slots=True)
class Person:
    """A user with identity and profile; messages address the person as ``given_name``."""

    id: UUID
    email: str
    full_name: str
    given_name: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Organization:
    id: UUID
    name: str
    slug: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Member:
    organization_id: UUID
    user_id: UUID
    role: str
    joined_at: datetime


@dataclass(frozen=True, slots=True)
class Conversation:
    id: UUID
    organization_id: UUID
    name: str | None
    is_group: bool
    created_by: UUID
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Participant:
    id: UUID
    conversation_id: UUID
    user_id: UUID
    joined_at: datetime
    last_read_at: datetime | None
    is_starred: bool
    is_muted: bool


@dataclass(frozen=True, slots=True)
class DeletedMessage:
    """The content of a deleted message, whose row in messages is a tombstone."""

    message_id: UUID
    conversation_id: UUID
    sender_id: UUID
    content: str | None
    attachments: list[Attachment] | None
    reactions: list[Reaction]
    deleted_at: datetime
    deleted_by: UUID


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of a message in the bucket ``attachments``, with its uploader and the time of the upload."""

    attachment: Attachment
    sender_id: UUID
    created_at: datetime
