"""``chatctl report release``."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from chatctl.cli.commands.report.acting import ReportsArgument, act_on
from chatctl.cli.operating import ActorOption, DryRunOption, ReasonOption, TicketOption
from chatctl.cli.options import options
from chatctl.services.moderation import reports

EPILOG = """\b
Examples:
  chatctl report release 6f1c… --reason 'not my language'
  chatctl report release 6f1c… --from omar@example.com --reason 'on holiday'

Exit codes: 3 if it does not exist, 5 if it is resolved, or claimed by somebody else than --from.
"""


def release(
    ctx: typer.Context,
    report: ReportsArgument,
    reason: ReasonOption,
    holder: Annotated[
        str | None,
        typer.Option(
            "--from",
            help="Who has claimed them; by default you.",
            metavar="OPERATOR",
            show_default=False,
        ),
    ] = None,
    ticket: TicketOption = None,
    actor: ActorOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Open claimed reports again, for any operator."""
    act_on(
        options(ctx), "release", report, partial(reports.release, holder=holder),
        reason=reason, ticket=ticket, actor=actor, dry_run=dry_run,
    )  # fmt: skip
