"""``chatctl message purge``."""

from __future__ import annotations

import typer

from chatctl.cli.commands.message.moderating import ConfirmOption, MessagesArgument, moderate
from chatctl.cli.operating import ActorOption, DryRunOption, ReasonOption, TicketOption
from chatctl.cli.options import options
from chatctl.services.moderation.messages import MessageVerb

EPILOG = """\b
Examples:
  chatctl message purge 6f1c… --reason retention --confirm acme

This cannot be undone, so it needs --confirm with the organization. Messages under a hold stay as they are.
Their files are hidden at once, and deleted from Storage if the target has api_url and secret_key.
"""


def purge(
    ctx: typer.Context,
    message: MessagesArgument,
    reason: ReasonOption,
    ticket: TicketOption = None,
    actor: ActorOption = None,
    confirm: ConfirmOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Delete the rows of messages; a gap in the conversation remains."""
    moderate(
        options(ctx), MessageVerb.purge, message,
        reason=reason, ticket=ticket, actor=actor, dry_run=dry_run, confirm=confirm,
    )  # fmt: skip
