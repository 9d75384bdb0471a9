"""``chatctl participant add``."""

from __future__ import annotations

import typer

from chatctl.cli.commands.participant.changing import UsersArgument, change
from chatctl.cli.naming import ConversationArgument
from chatctl.cli.operating import ActorOption, DryRunOption, OrganizationOption, ReasonOption, TicketOption
from chatctl.cli.options import options
from chatctl.services.moderation.participants import ParticipantVerb

EPILOG = """\b
Examples:
  chatctl participant add support ann@example.com --org acme --reason 'a new shift'
  chatctl participant add 6f1c… ann@example.com ben@example.com --reason 'a new shift'

Only members of the conversation's organization can be added, and a group has at most 50 participants.
The two people of a direct conversation stay.

Exit codes: 3 if there is no such conversation or user, 5 for a direct conversation, 6 if only some are.
"""


def add(
    ctx: typer.Context,
    conversation: ConversationArgument,
    user: UsersArgument,
    reason: ReasonOption,
    org: OrganizationOption = None,
    ticket: TicketOption = None,
    actor: ActorOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Add people to a group."""
    change(
        options(ctx), ParticipantVerb.add, conversation, user,
        org=org, reason=reason, ticket=ticket, actor=actor, dry_run=dry_run,
    )  # fmt: skip
