"""``chatctl as USER -- conversation show``."""

from __future__ import annotations

from typing import Annotated

import typer

from chatctl.cli.commands.as_user.viewing import show_views, view
from chatctl.cli.options import options
from chatctl.cli.output import note

COLUMNS = ("seq", "created_at", "sender_full_name", "content", "attachments", "reactions", "id")
EPILOG = """\b
Examples:
  chatctl as ann@example.com --reason T-77 -- conversation show support
  chatctl as ann@example.com --reason T-77 -- conversation show 6f1c… --limit 200 --before 341
"""


def show(
    ctx: typer.Context,
    conversation: Annotated[
        str, typer.Argument(help="A conversation that the user can read, by id or by name.")
    ],
    limit: Annotated[int, typer.Option(help="Maximum number of messages.", min=1, max=200)] = 50,
    before: Annotated[
        int | None,
        typer.Option(help="Show messages older than the one with this seq.", min=1, show_default=False),
    ] = None,
) -> None:
    """Show a page of a conversation as the client does, newest message first."""
    shared = options(ctx)
    with view(ctx, shared) as seen:
        named = seen.conversation(conversation)
        seen.log("conversation show", [f"conversation:{named.id}"], limit=limit, before=before)
        views = seen.read("messages", {"conversation_id": named.id, "before": before, "count": limit})
    show_views(views, shared, columns=COLUMNS)
    oldest = [each.rows[-1]["seq"] for each in views if len(each.rows) == limit]
    if oldest:
        note(f"showing {limit}; next: --before {max(oldest)}", shared)
