"""What a world will come to, before anything is written."""

from __future__ import annotations

from dataclasses import dataclass

from chatctl.services.seed import history
from chatctl.services.seed.history import Told
from chatctl.services.seed.outline import Outline

# Bytes on disk beside the rows of messages, which take what they take in COPY's binary format; read off
# PostgreSQL 18 after a seed of perf.
_MESSAGE_INDEXES = 115
_PARTICIPANT = 450
_USER = 2_500
_CONVERSATION = 600

_SAMPLE = 20_000


@dataclass(frozen=True)
class Estimate:
    """How many rows there will be in the tables that matter, and about how many bytes on disk."""

    rows: dict[str, int]
    bytes: int


def estimate(outline: Outline) -> Estimate:
    """Counted, but for the size of messages, which is that of the first ones of every conversation kind."""
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
        told = Told(chat)
        for block in history.messages(outline.source, outline.spec.habits, told):
            size += len(block)
            if messages + told.last_seq >= _SAMPLE:
                return size / (messages + told.last_seq)
        messages += told.last_seq
    return size / messages if messages else 0
