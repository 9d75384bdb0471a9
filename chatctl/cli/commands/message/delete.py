"""``chatctl message delete``."""

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
  chatctl message delete 6f1c… --reason spam
  chatctl message delete - --reason spam --ticket T-91 < ids.txt
  chatctl message delete 6f1c… --reason spam --dry-run
  chatctl message delete --sender ann@example.com --since 2h --reason spam --expect 120

Participants see a tombstone.
"""


@with_filters
def delete(
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
    """Delete messages; their content is kept for `restore`."""
    moderate(
        options(ctx), MessageVerb.delete, message, selection.with_text(text),
        reason=reason, ticket=ticket, actor=actor, dry_run=dry_run, expect=expect, plan=plan,
    )  # fmt: skip
