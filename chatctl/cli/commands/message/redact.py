"""``chatctl message redact``."""

from __future__ import annotations

import typer

from chatctl.cli.commands.message.moderating import ConfirmOption, MessagesArgument, TextOption, moderate
from chatctl.cli.operating import ActorOption, DryRunOption, ReasonOption, TicketOption
from chatctl.cli.options import options
from chatctl.cli.planning import ExpectOption, PlanOption
from chatctl.cli.selecting import SelectionOptions, with_filters
from chatctl.services.moderation.messages import MessageVerb

EPILOG = """\b
Examples:
  chatctl message redact 6f1c… --reason 'a phone number' --confirm acme
  chatctl message redact --text 'the key' --org acme --reason leak --plan leak.json
  chatctl apply leak.json --reason leak --confirm acme

This cannot be undone, so it needs --confirm with the organization. Messages under a hold stay as they are.
Their files are hidden at once, and deleted from Storage if the target has api_url and secret_key.
"""


@with_filters
def redact(
    ctx: typer.Context,
    selection: SelectionOptions,
    reason: ReasonOption,
    message: MessagesArgument = None,
    text: TextOption = None,
    ticket: TicketOption = None,
    actor: ActorOption = None,
    confirm: ConfirmOption = None,
    expect: ExpectOption = None,
    plan: PlanOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Remove the content of messages for good; tombstones stay."""
    moderate(
        options(ctx), MessageVerb.redact, message, selection.with_text(text),
        reason=reason, ticket=ticket, actor=actor, dry_run=dry_run, expect=expect, plan=plan, confirm=confirm,
    )  # fmt: skip
