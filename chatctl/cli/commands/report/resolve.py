"""``chatctl report resolve``."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Annotated
from uuid import UUID

import typer

from chatctl.cli.commands.message.moderating import ConfirmOption, confirm_irreversible, delete_files
from chatctl.cli.commands.report.acting import ReportsArgument, act_on
from chatctl.cli.operating import ActorOption, DryRunOption, ReasonOption, TicketOption
from chatctl.cli.options import options
from chatctl.cli.session import Session
from chatctl.db.connection import Connection
from chatctl.errors import Invalid
from chatctl.services.moderation import reports
from chatctl.services.moderation.messages import MessageVerb
from chatctl.services.moderation.reports import ReportedMessageAct, Verdict

EPILOG = """\b
Examples:
  chatctl report resolve 6f1c… --verdict dismissed --reason 'a joke'
  chatctl report resolve 6f1c… --verdict upheld --do delete --reason spam
  chatctl report resolve 6f1c… --verdict upheld --do redact --reason 'a key' --confirm acme

--do acts upon the message in the same transaction, as `chatctl message` does. If the message is held or was
purged, its report stays as it is. `chatctl undo` opens the report again, and restores a deleted message.

Exit codes: 3 if it does not exist, 5 if another operator has claimed or resolved it, or the message is held.
"""


def resolve(
    ctx: typer.Context,
    report: ReportsArgument,
    reason: ReasonOption,
    verdict: Annotated[Verdict, typer.Option(help="What you decide.", show_default=False)],
    do: Annotated[
        ReportedMessageAct | None,
        typer.Option("--do", help="What to do to the message, if upheld.", show_default=False),
    ] = None,
    ticket: TicketOption = None,
    actor: ActorOption = None,
    confirm: ConfirmOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Close reports with a verdict, and act upon their messages."""
    shared = options(ctx)
    if do is not None and verdict is not Verdict.upheld:
        raise Invalid(f"--do {do} can only be used with --verdict upheld")

    def confirm_do(conn: Connection, ids: Sequence[UUID]) -> None:
        if do is not None and not dry_run:
            confirm_irreversible(conn, MessageVerb(do), reports.messages_of(conn, ids), confirm)

    def clean_up(at: Session) -> None:
        if do is not None and not dry_run:
            delete_files(at, MessageVerb(do), shared)

    act_on(
        shared, "resolve", report, partial(reports.resolve, verdict=verdict, do=do),
        before=confirm_do, after=clean_up,
        reason=reason, ticket=ticket, actor=actor, dry_run=dry_run,
    )  # fmt: skip
