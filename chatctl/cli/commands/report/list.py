"""``chatctl report list``."""

from __future__ import annotations

from typing import Annotated

import typer

from chatctl.cli.operating import OrganizationOption
from chatctl.cli.options import options
from chatctl.cli.output import show
from chatctl.cli.paging import LIMIT, CursorOption, LimitOption, note_page
from chatctl.cli.session import session
from chatctl.services.moderation import names, reports
from chatctl.services.moderation.reports import ReportFilter, ReportStatus

COLUMNS = (
    "id", "created_at", "status", "kind", "organization", "sender", "message_state", "reports",
    "claimed_by", "verdict",
)  # fmt: skip
DROPPABLE = ("verdict", "claimed_by", "organization", "message_state", "reports", "created_at", "sender")
EPILOG = """\b
Examples:
  chatctl report list                           open and claimed ones, oldest first
  chatctl report list --status open --org acme -o id
  chatctl report list --sender ann@example.com --status resolved --newest

REPORTS is how many people have reported the same message. The comments are not listed: `report show` logs
that they are read.

Exit codes: 2 if a name is ambiguous, 3 if there is no such organization or user.
"""


def list_reports(
    ctx: typer.Context,
    status: Annotated[
        ReportStatus | None,
        typer.Option(help="Only these; by default open and claimed ones.", show_default=False),
    ] = None,
    org: OrganizationOption = None,
    sender: Annotated[
        str | None,
        typer.Option(
            help="Only about messages of this user, by id, email, or the beginning of the name.",
            metavar="USER",
            show_default=False,
        ),
    ] = None,
    newest: Annotated[bool, typer.Option("--newest", help="The newest first.")] = False,
    limit: LimitOption = LIMIT,
    cursor: CursorOption = None,
) -> None:
    """List reports, oldest first."""
    shared = options(ctx)
    statuses = (ReportStatus.open, ReportStatus.claimed) if status is None else (status,)
    with session(shared, watched=True) as at:
        wanted = ReportFilter(
            statuses=statuses,
            organization_id=names.organization(at.conn, org).id if org is not None else None,
            sender_id=names.user(at.conn, sender).id if sender is not None else None,
        )
        page = reports.listed(at.conn, wanted, newest_first=newest, cursor=cursor, limit=limit)
    show(page.rows, shared, columns=COLUMNS, droppable=DROPPABLE)
    note_page(page, "reports", shared)
