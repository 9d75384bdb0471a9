"""``chatctl as USER -- conversation list``."""

from __future__ import annotations

import typer

from chatctl.cli.commands.as_user.viewing import show_views, view
from chatctl.cli.options import options

COLUMNS = (
    "id", "name", "is_group", "unread_count", "last_message_created_at", "last_message_sender_name",
    "last_message_content",
)  # fmt: skip
PERSONAL = ("unread_count", "is_starred", "is_muted", "last_read_at")
EPILOG = """\b
Examples:
  chatctl as ann@example.com --reason T-77 -- conversation list
"""


def list_conversations(ctx: typer.Context) -> None:
    """List the user's conversations as the client does, most recent message first."""
    shared = options(ctx)
    with view(ctx, shared) as seen:
        seen.log("conversation list", [])
        views = seen.read("conversations", {})
    show_views(views, shared, columns=COLUMNS, personal=PERSONAL)
