"""``chatctl user mute``."""

from __future__ import annotations

import typer

from chatctl.cli.commands.user.restricting import (
    UntilOption,
    UserArgument,
    VisibleReasonOption,
    place_of,
)
from chatctl.cli.guards import confirm_write
from chatctl.cli.operating import (
    ActorOption,
    ConversationOption,
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
from chatctl.services.moderation import names, restrictions

EPILOG = """\b
Examples:
  chatctl user mute ann@example.com --reason insults                        everywhere
  chatctl user mute ann@example.com --org acme --until 7d --reason insults
  chatctl user mute ann@example.com --org acme --conversation support --reason insults

The user can read, mark as read, leave, and delete their own messages, but not send, edit, react, upload, or
start conversations. Clients get PT403 with the hint MUTED, and the visible reason.

Exit codes: 2 if several have that name, 3 if there is no such user, organization or conversation.
"""


def mute(
    ctx: typer.Context,
    user: UserArgument,
    reason: ReasonOption,
    org: OrganizationOption = None,
    conversation: ConversationOption = None,
    until: UntilOption = None,
    visible_reason: VisibleReasonOption = None,
    ticket: TicketOption = None,
    actor: ActorOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Let a user read, but not write."""
    shared = options(ctx)
    act = operator_act(actor=actor, reason=reason, ticket=ticket)
    if not dry_run:
        confirm_write(shared.settings.target, shared, what=f"user mute of {user}")
    with session(shared) as at:
        named = names.user(at.conn, user)
        organization, found, place = place_of(at.conn, org, conversation)
        note(f"user {named.name} {place}", shared)
        result = restrictions.mute(
            at.conn, named.id, act,
            organization_id=organization.id if organization else None,
            conversation_id=found.id if found else None,
            until=until, visible_reason=visible_reason,
            dry_run=dry_run, on_wait=lambda why: note(why, shared),
        )  # fmt: skip
    show_result(result, shared)
