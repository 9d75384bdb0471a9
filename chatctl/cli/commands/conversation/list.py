"""``chatctl conversation list``."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from chatctl.cli import moments
from chatctl.cli.operating import OrganizationOption
from chatctl.cli.options import options
from chatctl.cli.output import show
from chatctl.cli.paging import LIMIT, CursorOption, LimitOption, note_page
from chatctl.cli.session import session
from chatctl.services.moderation import names
from chatctl.services.moderation.look import conversations
from chatctl.services.moderation.look.conversations import ConversationFilter, ConversationKind

COLUMNS = (
    "id", "organization", "kind", "title", "participants", "messages", "last_activity_at", "created_at",
    "locked_at",
)  # fmt: skip
EPILOG = """\b
Examples:
  chatctl conversation list --org acme
  chatctl conversation list --member ann@example.com --kind direct
  chatctl conversation list --no-creator        groups to which nobody can add people
  chatctl conversation list --active-since 7d -o id

A direct conversation has no name; its title says who takes part. Messages that were deleted are not counted.

Exit codes: 2 if a name is ambiguous, 3 if there is no such organization or user.
"""


def list_conversations(
    ctx: typer.Context,
    org: OrganizationOption = None,
    kind: Annotated[
        ConversationKind | None, typer.Option("--kind", help="Only this kind.", show_default=False)
    ] = None,
    member: Annotated[
        str | None,
        typer.Option(
            "--member",
            help="Only those in which this user takes part: an id, email, or beginning of the name.",
            metavar="USER",
            show_default=False,
        ),
    ] = None,
    no_creator: Annotated[
        bool, typer.Option("--no-creator", help="Only groups without a creator who takes part.")
    ] = False,
    active_since: Annotated[
        datetime | None,
        typer.Option(
            "--active-since",
            parser=moments.past,
            help=f"Only those with activity since then: {moments.HELP}.",
            metavar="TIME",
            show_default=False,
        ),
    ] = None,
    limit: LimitOption = LIMIT,
    cursor: CursorOption = None,
) -> None:
    """List conversations, the most recently active first."""
    shared = options(ctx)
    with session(shared, watched=True) as at:
        wanted = ConversationFilter(
            organization_id=names.organization(at.conn, org).id if org is not None else None,
            kind=kind,
            member_id=names.user(at.conn, member).id if member is not None else None,
            no_creator=no_creator,
            active_since=active_since,
        )
        page = conversations.listed(at.conn, wanted, cursor=cursor, limit=limit)
    droppable = ("locked_at", "created_at", "participants", "kind", "organization", "messages")
    show(page.rows, shared, columns=COLUMNS, droppable=droppable)
    note_page(page, "conversations", shared)
