"""``chatctl conversation unlock``."""

from __future__ import annotations

import typer

from chatctl.cli.guards import confirm_write
from chatctl.cli.naming import ConversationArgument, conversation_named
from chatctl.cli.operating import (
    ActorOption,
    DryRunOption,
    OrganizationOption,
    ReasonOption,
    TicketOption,
    operator_act,
    show_result,
)
from chatctl.cli.options import options
from chatctl.cli.output import note
from chatctl.cli.session import session
from chatctl.services.moderation import restrictions

EPILOG = """\b
Examples:
  chatctl conversation unlock support --org acme --reason 'it is Monday'

Exit codes: 2 if several conversations have that name, 3 if there is no such conversation.
"""


def unlock(
    ctx: typer.Context,
    conversation: ConversationArgument,
    reason: ReasonOption,
    org: OrganizationOption = None,
    ticket: TicketOption = None,
    actor: ActorOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Let participants write in a conversation again."""
    shared = options(ctx)
    act = operator_act(actor=actor, reason=reason, ticket=ticket)
    if not dry_run:
        confirm_write(shared.settings.target, shared, what=f"conversation unlock of {conversation}")
    with session(shared) as at:
        named = conversation_named(at.conn, conversation, org)
        note(f"conversation {named.name} {named.id}", shared)
        result = restrictions.unlock(
            at.conn, named.id, act, dry_run=dry_run, on_wait=lambda why: note(why, shared)
        )
    show_result(result, shared)
