"""``chatctl conversation list`` and ``chatctl participant list``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from chatctl.db.connection import Connection
from chatctl.services.moderation.look import reading
from chatctl.services.moderation.look.reading import Page


class ConversationKind(StrEnum):
    """Between two people, or a group."""

    direct = "direct"
    group = "group"


@dataclass(frozen=True)
class ConversationSummary:
    """A conversation in a list; ``title`` is the name of a group, or who takes part.

    ``messages`` are those that are not deleted. Nobody can send to a locked one.
    """

    id: UUID
    organization: str
    kind: str
    title: str | None
    participants: int
    messages: int
    created_by: UUID | None
    created_at: datetime
    locked_at: datetime | None
    lock_reason: str | None
    last_activity_at: datetime


@dataclass(frozen=True)
class ConversationFilter:
    """Which conversations; None means any."""

    id: UUID | None = None
    organization_id: UUID | None = None
    kind: ConversationKind | None = None
    member_id: UUID | None = None
    no_creator: bool = False
    active_since: datetime | None = None


@dataclass(frozen=True)
class ConversationParticipant:
    """Who takes part in a conversation; ``is_member``: of its organization. ``unread`` is None if unknown."""

    id: UUID
    name: str | None
    email: str | None
    is_creator: bool
    is_member: bool
    suspended: bool
    joined_at: datetime
    last_read_at: datetime | None
    unread: int | None
    is_starred: bool
    is_muted: bool


def listed(
    conn: Connection, wanted: ConversationFilter, *, cursor: str | None, limit: int
) -> Page[ConversationSummary]:
    """One page of the conversations, most recently active first."""
    parameters = {
        "id": wanted.id,
        "organization_id": wanted.organization_id,
        "is_group": None if wanted.kind is None else wanted.kind is ConversationKind.group,
        "member_id": wanted.member_id,
        "no_creator": wanted.no_creator,
        "active_since": wanted.active_since,
    }
    return reading.page(
        conn, ConversationSummary, "conversations", parameters,
        key=("last_activity_at", "id"), cursor=cursor, limit=limit,
    )  # fmt: skip


def summary(conn: Connection, conversation_id: UUID) -> ConversationSummary:
    """One conversation, which must exist."""
    return listed(conn, ConversationFilter(id=conversation_id), cursor=None, limit=1).rows[0]


def participants(conn: Connection, conversation_id: UUID) -> list[ConversationParticipant]:
    """Everybody who takes part, in the order in which they joined; at most 50."""
    with reading.snapshot(conn):
        return reading.rows(
            conn, ConversationParticipant, "participants", {"conversation_id": conversation_id}
        )
