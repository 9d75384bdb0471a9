"""``chatctl conversation lock``."""

from __future__ import annotations

from typing import Annotated

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
from chatctl.errors import Invalid
from chatctl.services.moderation import restrictions

EPILOG = """\b
Examples:
  chatctl conversation lock support --org acme --visible-reason 'closed until Monday' --reason quarrel

Nobody can send, edit, react or upload there; participants can read, and delete their own
messages. They see the visible reason in the conversation's lock_reason. Locking again changes it.

Exit codes: 2 if several conversations have that name, 3 if there is no such conversation.
"""


def lock(
    ctx: typer.Context,
    conversation: ConversationArgument,
    reason: ReasonOption,
    visible_reason: Annotated[
        str,
        typer.Option(
            "--visible-reason", help="What participants are told.", metavar="TEXT", show_default=False
        ),
    ],
    org: OrganizationOption = None,
    ticket: TicketOption = None,
    actor: ActorOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Let nobody write in a conversation."""
    shared = options(ctx)
    act = operator_act(actor=actor, reason=reason, ticket=ticket)
    if not visible_reason.strip():
        raise Invalid("--visible-reason is empty")
    if not dry_run:
        confirm_write(shared.settings.target, shared, what=f"conversation lock of {conversation}")
    with session(shared) as at:
        named = conversation_named(at.conn, conversation, org)
        note(f"conversation {named.name} {named.id}", shared)
        result = restrictions.lock(
            at.conn, named.id, act, visible_reason=visible_reason,
            dry_run=dry_run, on_wait=lambda why: note(why, shared),
        )  # fmt: skip
    show_result(result, shared)
