"""``chatctl user unsuspend``."""

from __future__ import annotations

import typer

from chatctl.cli.commands.user.restricting import UserArgument
from chatctl.cli.guards import confirm_write
from chatctl.cli.operating import (
    ActorOption,
    DryRunOption,
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
  chatctl user unsuspend ann@example.com --reason 'a mistake'

The user can sign in again, and sees what they saw before. Mutes stay.

Exit codes: 2 if several users have that name, 3 if there is no such user.
"""


def unsuspend(
    ctx: typer.Context,
    user: UserArgument,
    reason: ReasonOption,
    ticket: TicketOption = None,
    actor: ActorOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Lift a user's suspension."""
    shared = options(ctx)
    act = operator_act(actor=actor, reason=reason, ticket=ticket)
    if not dry_run:
        confirm_write(shared.settings.target, shared, what=f"user unsuspend of {user}")
    with session(shared) as at:
        named = names.user(at.conn, user)
        note(f"user {named.name}", shared)
        result = restrictions.unsuspend(
            at.conn, named.id, act, dry_run=dry_run, on_wait=lambda why: note(why, shared)
        )
    show_result(result, shared)
