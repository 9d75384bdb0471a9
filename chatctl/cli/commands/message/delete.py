"""``chatctl message delete``."""

from __future__ import annotations

import typer

from chatctl.cli.commands.message.moderating import MessagesArgument, moderate
from chatctl.cli.operating import ActorOption, DryRunOption, ReasonOption, TicketOption
from chatctl.cli.options import options
from chatctl.services.moderation.messages import MessageVerb

EPILOG = """\b
Examples:
  chatctl message delete 6f1c… --reason spam
  chatctl message delete - --reason spam --ticket T-91 < ids.txt
  chatctl message delete 6f1c… --reason spam --dry-run

Participants see a tombstone.
"""


def delete(
    ctx: typer.Context,
    message: MessagesArgument,
    reason: ReasonOption,
    ticket: TicketOption = None,
    actor: ActorOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Delete messages: their content is kept, and `restore` brings it back."""
    moderate(
        options(ctx), MessageVerb.delete, message,
        reason=reason, ticket=ticket, actor=actor, dry_run=dry_run,
    )  # fmt: skip
