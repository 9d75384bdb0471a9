"""Estimating the rows and the disk space of a world before anything is written."""

from __future__ import annotations

from dataclasses import dataclass

from chatctl.services.seed import history
from chatctl.services.seed.history import ChatHistory
from chatctl.services.seed.outline import Outline

# Bytes on disk in addition to the rows of messages, whose size is that in COPY's binary format; measured on
# PostgreSQL 18 after a seed of perf.
_MESSAGE_INDEXES = 115
_PARTICIPANT = 450
_USER = 2_500
_CONVERSATION = 600

_SAMPLE = 20_000


@dataclass(frozen=True)
class Estimate:
    """The number of rows in the main tables, and the approximate number of bytes on disk."""

    rows: dict[str, int]
    bytes: int


def estimate(outline: Outline) -> Estimate:
    """Count the rows, and extrapolate the size of messages from a sample."""
    participants = sum(len(chat.people) for chat in outline.chats)
    small = _USER * len(outline.people) + _CONVERSATION * len(outline.chats) + _PARTICIPANT * participants
    return Estimate(
        rows={
            "auth.users": len(outline.people),
            "organizations": len(outline.organizations),
            "organization_members": len(outline.members),
            "conversations": len(outline.chats),
            "conversation_participants": participants,
            "messages": outline.messages,
        },
        bytes=small + round(outline.messages * (_message_bytes(outline) + _MESSAGE_INDEXES)),
    )


def _message_bytes(outline: Outline) -> float:
    size = messages = 0
    for chat in outline.chats:
        written = ChatHistory(chat)
        for block in history.messages(outline.source, outline.spec.habits, written):
            size += len(block)
            if messages + written.last_seq >= _SAMPLE:
                return size / (messages + written.last_seq)
        messages += written.last_seq
    return size / messages if messages else 0
