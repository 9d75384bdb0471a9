"""``chatctl report claim``."""

from __future__ import annotations

import typer

from chatctl.cli.commands.report.acting import ReportsArgument, act_on
from chatctl.cli.operating import ActorOption, DryRunOption, ReasonOption, TicketOption
from chatctl.cli.options import options
from chatctl.services.moderation import reports

EPILOG = """\b
Examples:
  chatctl report claim 6f1c… --reason 'the queue'
  chatctl report list --status open --limit 10 -o id | chatctl report claim - --reason 'the queue'

Exit codes: 3 if it does not exist, 5 if another operator has claimed or resolved it.
"""


def claim(
    ctx: typer.Context,
    report: ReportsArgument,
    reason: ReasonOption,
    ticket: TicketOption = None,
    actor: ActorOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Claim open reports: no other operator can claim or resolve them."""
    act_on(
        options(ctx), "claim", report, reports.claim,
        reason=reason, ticket=ticket, actor=actor, dry_run=dry_run,
    )  # fmt: skip
