"""``chatctl participant list``."""

from __future__ import annotations

import typer

from chatctl.cli.naming import ConversationArgument, conversation_named
from chatctl.cli.operating import OrganizationOption
from chatctl.cli.options import options
from chatctl.cli.output import note, show
from chatctl.cli.session import session
from chatctl.services.moderation.look import conversations

COLUMNS = (
    "id", "name", "email", "is_creator", "is_member", "suspended", "unread", "joined_at", "last_read_at",
)  # fmt: skip
EPILOG = """\b
Examples:
  chatctl participant list 0b7e5c2a-…
  chatctl participant list support --org acme

Somebody who is no longer a member of the organization can neither read nor write. People who have left are
not listed.

Exit codes: 2 if a name is ambiguous, 3 if there is no such conversation.
"""


def list_participants(
    ctx: typer.Context, conversation: ConversationArgument, org: OrganizationOption = None
) -> None:
    """List who takes part in a conversation, in order of joining."""
    shared = options(ctx)
    with session(shared, watched=True) as at:
        named = conversation_named(at.conn, conversation, org)
        people = conversations.participants(at.conn, named.id)
    droppable = ("joined_at", "last_read_at", "unread", "suspended", "is_member", "email")
    show(people, shared, columns=COLUMNS, droppable=droppable)
    if not people:
        note("nobody takes part", shared)
