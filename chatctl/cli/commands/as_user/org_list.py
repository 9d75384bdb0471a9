"""``chatctl as USER -- org list``."""

from __future__ import annotations

import typer

from chatctl.cli.commands.as_user.viewing import show_views, view
from chatctl.cli.options import options

COLUMNS = ("id", "slug", "name", "role", "joined_at")
PERSONAL = ("role", "joined_at")
EPILOG = """\b
Examples:
  chatctl as ann@example.com --reason T-77 -- org list
"""


def list_organizations(ctx: typer.Context) -> None:
    """List the organizations that the user can read, with the user's role."""
    shared = options(ctx)
    with view(ctx, shared) as seen:
        seen.log("org list", [])
        views = seen.read("organizations", {})
    show_views(views, shared, columns=COLUMNS, personal=PERSONAL)
