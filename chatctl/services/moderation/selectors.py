"""Which messages an operator means: the filters of ``message search`` and of the acts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from chatctl.errors import Invalid


@dataclass(frozen=True)
class MessageSelector:
    """Filters that a message must pass, all of them; None and False stand for any message.

    ``deleted`` selects among the deleted messages instead of the others.
    """

    text: str | None = None
    organization_id: UUID | None = None
    conversation_id: UUID | None = None
    sender_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None
    has_attachment: bool = False
    has_link: bool = False
    deleted: bool = False
    reported: bool = False
    regex: str | None = None

    @property
    def is_bounded(self) -> bool:
        """Whether a filter with an index limits what is read."""
        return any(value is not None for value in (self.conversation_id, self.sender_id, self.since))

    @property
    def log_parameters(self) -> dict[str, Any]:
        """For the log: the ids, what it gets hashes of, and the other ``arguments``."""
        arguments: dict[str, Any] = {
            name: getattr(self, name)
            for name in ("has_attachment", "has_link", "deleted", "reported")
            if getattr(self, name)
        }
        arguments |= {
            name: moment.isoformat()
            for name in ("since", "until")
            if (moment := getattr(self, name)) is not None
        }
        return {
            "organization_id": self.organization_id,
            "conversation_id": self.conversation_id,
            "sender_id": self.sender_id,
            "text": self.text,
            "regex": self.regex,
            "arguments": arguments,
        }


@dataclass(frozen=True)
class HitPosition:
    """The place of a message in the order of the hits, which are the newest first."""

    created_at: datetime
    id: UUID


def require_filter(selector: MessageSelector, *, for_act: bool = False) -> None:
    """Raise Invalid for a selector without filters, an empty text, and a pattern without bounds.

    ``for_act``: all deleted messages can be searched, but not acted upon.
    """
    if selector.text is not None and not selector.text.strip():
        raise Invalid("the text to search for is empty")
    if selector.regex == "":
        raise Invalid("--regex is empty")
    if selector.regex is not None and not selector.is_bounded:
        raise Invalid(
            "--regex reads every message that passes the other filters",
            hint="add --conversation, --sender or --since",
        )
    if selector.since is not None and selector.until is not None and selector.since >= selector.until:
        raise Invalid("--since is not before --until, so that no message can pass")
    if selector == MessageSelector(deleted=for_act and selector.deleted):
        raise Invalid(
            "no filter is given, which would select every message",
            hint="name a text, or at least one of --org, --conversation, --sender, --since, --until, "
            "--has-attachment, --has-link, --reported",
        )
