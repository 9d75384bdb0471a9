"""``chatctl message restore``."""

from __future__ import annotations

import typer

from chatctl.cli.commands.message.moderating import MessagesArgument, moderate
from chatctl.cli.operating import ActorOption, DryRunOption, ReasonOption, TicketOption
from chatctl.cli.options import options
from chatctl.services.moderation.messages import MessageVerb

EPILOG = """\b
Examples:
  chatctl message restore 6f1c… --reason 'not spam'

A restored message is what it was: content, attachments, reactions and unread counts.
"""


def restore(
    ctx: typer.Context,
    message: MessagesArgument,
    reason: ReasonOption,
    ticket: TicketOption = None,
    actor: ActorOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Restore deleted messages, unless they were redacted."""
    moderate(
        options(ctx), MessageVerb.restore, message,
        reason=reason, ticket=ticket, actor=actor, dry_run=dry_run,
    )  # fmt: skip
