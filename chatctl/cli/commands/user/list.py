"""``chatctl user list``."""

from __future__ import annotations

from typing import Annotated

import typer

from chatctl.cli.operating import OrganizationOption
from chatctl.cli.options import options
from chatctl.cli.output import show
from chatctl.cli.paging import LIMIT, CursorOption, LimitOption, note_page
from chatctl.cli.session import session
from chatctl.services.moderation import names
from chatctl.services.moderation.look import users

COLUMNS = ("id", "name", "email", "organizations", "suspended", "suspended_until", "created_at")
EPILOG = """\b
Examples:
  chatctl user list --org acme
  chatctl user list --suspended -o id

Exit codes: 2 if an organization's name is ambiguous, 3 if there is no such organization.
"""


def list_users(
    ctx: typer.Context,
    org: OrganizationOption = None,
    suspended: Annotated[bool, typer.Option("--suspended", help="Only those who are suspended now.")] = False,
    limit: LimitOption = LIMIT,
    cursor: CursorOption = None,
) -> None:
    """List users, newest first."""
    shared = options(ctx)
    with session(shared, watched=True) as at:
        organization = names.organization(at.conn, org) if org is not None else None
        page = users.listed(
            at.conn,
            organization_id=organization.id if organization else None,
            suspended=suspended,
            cursor=cursor,
            limit=limit,
        )
    droppable = ("suspended_until", "created_at", "organizations", "email", "suspended")
    show(page.rows, shared, columns=COLUMNS, droppable=droppable)
    note_page(page, "users", shared)
