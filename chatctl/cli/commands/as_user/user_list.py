"""``chatctl as USER -- user list``."""

from __future__ import annotations

import typer

from chatctl.cli.commands.as_user.viewing import show_views, view
from chatctl.cli.options import options
from chatctl.cli.output import note
from chatctl.cli.paging import LIMIT, LimitOption

COLUMNS = ("id", "full_name", "email")
EPILOG = """\b
Examples:
  chatctl as ann@example.com --reason T-77 -- user list
"""


def list_users(ctx: typer.Context, limit: LimitOption = LIMIT) -> None:
    """List the profiles that the user can read, by name: their own and those of colleagues."""
    shared = options(ctx)
    with view(ctx, shared) as seen:
        seen.log("user list", [], limit=limit)
        views = seen.read("users", {"count": limit})
    show_views(views, shared, columns=COLUMNS)
    if any(len(each.rows) == limit for each in views):
        note(f"showing {limit:,}; there may be more with a larger --limit", shared)
