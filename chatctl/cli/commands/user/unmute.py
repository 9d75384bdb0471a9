"""``chatctl user unmute``."""

from __future__ import annotations

import typer

from chatctl.cli.commands.user.restricting import UserArgument, place_of
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
  chatctl user unmute ann@example.com --reason 'an apology'                 the mute everywhere
  chatctl user unmute ann@example.com --org acme --reason 'an apology'      the mute in acme

Only the mute of that place is lifted: a user who is muted in acme and everywhere stays muted everywhere.

Exit codes: 2 if several have that name, 3 if there is no such user, organization or conversation.
"""


def unmute(
    ctx: typer.Context,
    user: UserArgument,
    reason: ReasonOption,
    org: OrganizationOption = None,
    conversation: ConversationOption = None,
    ticket: TicketOption = None,
    actor: ActorOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Lift a mute of a user."""
    shared = options(ctx)
    act = operator_act(actor=actor, reason=reason, ticket=ticket)
    if not dry_run:
        confirm_write(shared.settings.target, shared, what=f"user unmute of {user}")
    with session(shared) as at:
        named = names.user(at.conn, user)
        organization, found, place = place_of(at.conn, org, conversation)
        note(f"user {named.name} {place}", shared)
        result = restrictions.unmute(
            at.conn, named.id, act,
            organization_id=organization.id if organization else None,
            conversation_id=found.id if found else None,
            dry_run=dry_run, on_wait=lambda why: note(why, shared),
        )  # fmt: skip
    show_result(result, shared)
