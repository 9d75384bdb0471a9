"""``chatctl conversation show`` and ``chatctl message show``: what people wrote.

Commit ``reading.log_read`` before calling any of this.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from chatctl.db.connection import Connection
from chatctl.errors import NotFound
from chatctl.services.moderation.look import reading


@dataclass(frozen=True)
class TranscriptMessage:
    """A message, or what is known of one; ``state`` is sent, deleted, redacted or purged.

    A deleted message has content only if that was asked for. Of a purged one only its id, its place and the
    times are known. ``deleted_by`` is None for an operator.
    """

    id: UUID
    conversation_id: UUID
    seq: int
    sender_id: UUID | None
    sender_name: str | None
    sender_email: str | None
    state: str
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None
    deleted_by: UUID | None
    redacted_at: datetime | None
    content: str | None
    attachments: Sequence[Mapping[str, Any]] | None
    reactions: Sequence[Mapping[str, str]]


@dataclass(frozen=True)
class SeqRange:
    """The messages of a conversation from ``first_seq`` to before ``end_seq``; seqs have no gaps."""

    first_seq: int
    end_seq: int

    def __len__(self) -> int:
        return max(0, self.end_seq - self.first_seq)

    def last(self, count: int) -> SeqRange:
        """The last ``count`` of them."""
        return SeqRange(max(self.first_seq, self.end_seq - count), self.end_seq)

    def around(self, seq: int, count: int) -> SeqRange:
        """At most ``count`` of them, with ``seq`` in the middle."""
        first = max(self.first_seq, seq - count // 2)
        return SeqRange(first, min(self.end_seq, first + count))

    def before(self, seq: int) -> SeqRange:
        """Those before ``seq``."""
        return SeqRange(self.first_seq, min(self.end_seq, seq))


@dataclass(frozen=True)
class MessagePlace:
    """Where a message is."""

    conversation_id: UUID
    seq: int


@dataclass(frozen=True)
class Viewer:
    """A participant, since when they could see a message, and whether they have read as far as it.

    ``at_the_time``: they took part when it was sent. Who is no longer a member of the organization sees
    nothing any more.
    """

    id: UUID
    name: str | None
    email: str | None
    could_see_since: datetime
    at_the_time: bool
    has_read: bool
    is_member: bool


@dataclass(frozen=True)
class MessageAction:
    """A row of the moderation log about a message."""

    id: int
    at: datetime
    actor: str
    action: str
    reason: str
    ticket: str | None


@dataclass(frozen=True)
class MessageDetails:
    """A message, who could see it, and what operators did with it."""

    message: TranscriptMessage
    viewers: list[Viewer]
    log: list[MessageAction]


def bounds(
    conn: Connection, conversation_id: UUID, *, since: datetime | None, until: datetime | None
) -> SeqRange:
    """The messages sent from ``since`` to before ``until``; None means from the first, to the last."""
    parameters = {"conversation_id": conversation_id, "since": since, "until": until}
    with reading.snapshot(conn):
        return reading.rows(conn, SeqRange, "transcript_bounds", parameters)[0]


def place(conn: Connection, message_id: UUID) -> MessagePlace:
    """Where a message is, or was before it was purged. Raises NotFound."""
    with reading.snapshot(conn):
        found = reading.rows(conn, MessagePlace, "message_place", {"id": message_id})
    if not found:
        raise NotFound(f"there is no message {message_id}")
    return found[0]


def messages(
    conn: Connection, conversation_id: UUID, wanted: SeqRange, *, with_deleted: bool
) -> list[TranscriptMessage]:
    """The messages of a range, in their order; with the content of deleted ones if asked for."""
    parameters = {"conversation_id": conversation_id, **vars(wanted), "with_deleted": with_deleted}
    with reading.snapshot(conn):
        return reading.rows(conn, TranscriptMessage, "transcript", parameters)


def details(conn: Connection, message_id: UUID, *, with_deleted: bool) -> MessageDetails:
    """One message with who could see it and its log. Raises NotFound."""
    at = place(conn, message_id)
    with reading.snapshot(conn):
        parameters = {
            "conversation_id": at.conversation_id, "first_seq": at.seq, "end_seq": at.seq + 1,
            "with_deleted": with_deleted,
        }  # fmt: skip
        found = reading.rows(conn, TranscriptMessage, "transcript", parameters)
        if not found:
            raise NotFound(f"message {message_id} was removed while it was being read")
        viewers = reading.rows(
            conn, Viewer, "viewers",
            {
                "conversation_id": at.conversation_id, "seq": at.seq,
                "sender_id": found[0].sender_id, "sent_at": found[0].created_at,
            },
        )  # fmt: skip
        log = reading.rows(conn, MessageAction, "message_log", {"target": f"message:{message_id}"})
    return MessageDetails(found[0], viewers, log)
