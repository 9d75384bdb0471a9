"""``chatctl org list``."""

from __future__ import annotations

import typer

from chatctl.cli.options import options
from chatctl.cli.output import show
from chatctl.cli.paging import LIMIT, CursorOption, LimitOption, note_page
from chatctl.cli.session import session
from chatctl.services.moderation.look import organizations

COLUMNS = ("id", "slug", "name", "people", "conversations", "messages", "last_activity_at", "created_at")
EPILOG = """\b
Examples:
  chatctl org list
  chatctl org list -o json | jq -r '.[].slug'

Messages that were deleted are not counted.
"""


def list_organizations(ctx: typer.Context, limit: LimitOption = LIMIT, cursor: CursorOption = None) -> None:
    """List the organizations, by slug."""
    shared = options(ctx)
    with session(shared, watched=True) as at:
        page = organizations.listed(at.conn, cursor=cursor, limit=limit)
    show(page.rows, shared, columns=COLUMNS, droppable=("created_at", "name", "conversations", "people"))
    note_page(page, "organizations", shared)
