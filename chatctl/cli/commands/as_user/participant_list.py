"""``chatctl as USER -- participant list``."""

from __future__ import annotations

from typing import Annotated

import typer

from chatctl.cli.commands.as_user.viewing import show_views, view
from chatctl.cli.options import options

COLUMNS = ("id", "full_name", "email", "joined_at", "last_read_at")
EPILOG = """\b
Examples:
  chatctl as ann@example.com --reason T-77 -- participant list support
"""


def list_participants(
    ctx: typer.Context,
    conversation: Annotated[
        str, typer.Argument(help="A conversation that the user can read, by id or by name.")
    ],
) -> None:
    """List who takes part in a conversation, in order of joining."""
    shared = options(ctx)
    with view(ctx, shared) as seen:
        named = seen.conversation(conversation)
        seen.log("participant list", [f"conversation:{named.id}"])
        views = seen.read("participants", {"conversation_id": named.id})
    show_views(views, shared, columns=COLUMNS)
