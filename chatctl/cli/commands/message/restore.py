"""``chatctl message restore``."""

from __future__ import annotations

import typer

from chatctl.cli.commands.message.moderating import MessagesArgument, TextOption, moderate
from chatctl.cli.operating import ActorOption, DryRunOption, ReasonOption, TicketOption
from chatctl.cli.options import options
from chatctl.cli.planning import ExpectOption, PlanOption
from chatctl.cli.selecting import SelectionOptions, with_filters
from chatctl.services.moderation.messages import MessageVerb

EPILOG = """\b
Examples:
  chatctl message restore 6f1c… --reason 'not spam'
  chatctl message restore --conversation 6f1c… --since 2h --reason 'not spam' --dry-run

A restored message is what it was: content, attachments, reactions and unread counts.
"""


@with_filters
def restore(
    ctx: typer.Context,
    selection: SelectionOptions,
    reason: ReasonOption,
    message: MessagesArgument = None,
    text: TextOption = None,
    ticket: TicketOption = None,
    actor: ActorOption = None,
    expect: ExpectOption = None,
    plan: PlanOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Restore deleted messages, unless they were redacted."""
    moderate(
        options(ctx), MessageVerb.restore, message, selection.with_text(text),
        reason=reason, ticket=ticket, actor=actor, dry_run=dry_run, expect=expect, plan=plan,
    )  # fmt: skip
