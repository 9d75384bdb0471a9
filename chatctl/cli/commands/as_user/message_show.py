"""``chatctl as USER -- message show``."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import typer

from chatctl.cli.commands.as_user.viewing import show_views, view
from chatctl.cli.options import options
from chatctl.cli.output import record_text, show_document
from chatctl.errors import NotFound

COLUMNS = ("id", "conversation_id", "seq", "created_at", "deleted_at", "sender_full_name", "content")
EPILOG = """\b
Examples:
  chatctl as ann@example.com --reason T-77 -- message show 6f1c…
"""


def show(ctx: typer.Context, message: Annotated[UUID, typer.Argument(help="The id of the message.")]) -> None:
    """Show a message as the user can read it."""
    shared = options(ctx)
    with view(ctx, shared) as seen:
        seen.log("message show", [f"message:{message}"])
        views = seen.read("message", {"id": message})
    if len(views) > 1:
        show_views(views, shared, columns=COLUMNS)
    elif views[0].rows:
        show_document(views[0].rows[0], shared, text=record_text(views[0].rows[0]))
    else:
        raise NotFound(f"{views[0].viewer.name} sees no message {message}")
