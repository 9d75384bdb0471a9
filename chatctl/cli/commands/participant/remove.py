"""``chatctl participant remove``."""

from __future__ import annotations

import typer

from chatctl.cli.commands.participant.changing import UsersArgument, change
from chatctl.cli.naming import ConversationArgument
from chatctl.cli.operating import ActorOption, DryRunOption, OrganizationOption, ReasonOption, TicketOption
from chatctl.cli.options import options
from chatctl.services.moderation.participants import ParticipantVerb

EPILOG = """\b
Examples:
  chatctl participant remove support ann@example.com --org acme --reason 'a new shift'
  chatctl participant remove 6f1c… ann@example.com ben@example.com --reason 'a new shift'

They see nothing of it any more. If the creator is removed, who has taken part longest manages the group.
The two people of a direct conversation stay.

Exit codes: 3 if there is no such conversation or user, 5 for a direct conversation.
"""


def remove(
    ctx: typer.Context,
    conversation: ConversationArgument,
    user: UsersArgument,
    reason: ReasonOption,
    org: OrganizationOption = None,
    ticket: TicketOption = None,
    actor: ActorOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Remove people from a group."""
    change(
        options(ctx), ParticipantVerb.remove, conversation, user,
        org=org, reason=reason, ticket=ticket, actor=actor, dry_run=dry_run,
    )  # fmt: skip
