"""``chatctl log list``."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Annotated

import typer

from chatctl.cli import moments
from chatctl.cli.operating import OrganizationOption, UserOption
from chatctl.cli.options import options
from chatctl.cli.output import note, show
from chatctl.cli.paging import LIMIT, LimitOption
from chatctl.cli.session import session
from chatctl.services.moderation import log, names
from chatctl.services.moderation.log import LogEntry, LogFilter

COLUMNS = ("id", "at", "actor", "action", "target_type", "target_id", "reason", "ticket")
EPILOG = """\b
Examples:
  chatctl log list                              the newest 50
  chatctl log list --action message.redact --since 7d
  chatctl log list --action read                who read messages
  chatctl log list --about message:6f1c…        what happened to a message
  chatctl log list --ticket T-91                what was done for a ticket
"""


def list_entries(
    ctx: typer.Context,
    actor: Annotated[
        str | None,
        typer.Option("--actor", help="Only what this actor did.", metavar="NAME", show_default=False),
    ] = None,
    action: Annotated[
        str | None,
        typer.Option(
            "--action",
            help="Only this action, or all of a noun: message.",
            metavar="ACTION",
            show_default=False,
        ),
    ] = None,
    about: Annotated[
        str | None,
        typer.Option(
            "--about", help="Only what was done to this: message:ID.", metavar="TYPE:ID", show_default=False
        ),
    ] = None,
    ticket: Annotated[
        str | None,
        typer.Option("--ticket", help="Only with this ticket.", metavar="TEXT", show_default=False),
    ] = None,
    user: UserOption = None,
    org: OrganizationOption = None,
    since: Annotated[
        datetime | None,
        typer.Option(
            parser=moments.past,
            help=f"Only from then on: {moments.HELP}.",
            metavar="TIME",
            show_default=False,
        ),
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option(parser=moments.past, help="Only before then.", metavar="TIME", show_default=False),
    ] = None,
    limit: LimitOption = LIMIT,
    cursor: Annotated[
        int | None,
        typer.Option(help="Show rows older than this one.", metavar="ID", min=1, show_default=False),
    ] = None,
) -> None:
    """List the log, newest first."""
    shared = options(ctx)
    with session(shared, watched=True) as at:
        wanted = LogFilter(
            actor=actor,
            action=action,
            target=about,
            ticket=ticket,
            user_id=names.user(at.conn, user).id if user is not None else None,
            organization_id=names.organization(at.conn, org).id if org is not None else None,
            since=since,
            until=until,
        )
        entries = log.entries(at.conn, wanted, before=cursor, count=limit + 1)
    shown = [_with_hold(entry) for entry in entries[:limit]]
    show(shown, shared, columns=COLUMNS, droppable=("target_type", "ticket"))
    if len(entries) > limit:
        note(f"showing {limit}; next: --cursor {entries[limit - 1].id}", shared)
    elif not entries:
        note("no rows", shared)


def _with_hold(entry: LogEntry) -> LogEntry:
    """``entry`` with the name of its hold, for a row about a hold and what it protects."""
    if entry.target_type != "hold" or len(entry.targets) != 2:  # noqa: PLR2004 - the hold and its subject
        return entry
    return replace(entry, target_id=entry.targets[0].partition(":")[2])
