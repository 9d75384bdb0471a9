"""``chatctl report show``."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import typer

from chatctl.cli.operating import ActorOption, ReasonOption, TicketOption, operator_act
from chatctl.cli.options import options
from chatctl.cli.output import note, show_document
from chatctl.cli.session import session
from chatctl.services.moderation import reportcases, reports
from chatctl.services.moderation.look import reading

EPILOG = """\b
Examples:
  chatctl report show 6f1c… --reason 'the queue'
  chatctl report show 6f1c… --reason 'the queue' --around 10 -o json | jq .sender.history

Shows the reported message among those around it, also if its sender has deleted it, and what is known of the
sender and the reporter. That it was read is logged first.

Exit codes: 3 if there is no such report.
"""


def show(
    ctx: typer.Context,
    report: Annotated[UUID, typer.Argument(help="The id of the report.", metavar="REPORT")],
    reason: ReasonOption,
    around: Annotated[int, typer.Option(help="Messages before and after it.", min=0, max=200)] = 3,
    ticket: TicketOption = None,
    actor: ActorOption = None,
) -> None:
    """Show a report in its context; the log records it."""
    from chatctl.cli.commands.report.casetext import case_text  # noqa: PLC0415 - Rich starts slowly

    shared = options(ctx)
    act = operator_act(actor=actor, reason=reason, ticket=ticket)
    with session(shared) as at:
        message_id = reports.one(at.conn, report).message_id
        reading.log_read(
            at.conn,
            "report show",
            [f"report:{report}", f"message:{message_id}"],
            {"around": around},
            act,
            on_wait=lambda why: note(why, shared),
        )
        case = reportcases.read(at.conn, report, around=around)
    show_document(case, shared, text=case_text(case))
