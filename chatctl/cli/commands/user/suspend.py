"""``chatctl user suspend``."""

from __future__ import annotations

import typer

from chatctl.cli.commands.user.restricting import UntilOption, UserArgument, VisibleReasonOption
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
  chatctl user suspend ann@example.com --reason spam
  chatctl user suspend ann@example.com --until 3d --reason spam --visible-reason 'Please do not advertise'

The user can neither read nor write from that moment, although a token may still be valid, and cannot sign in.
Their sessions are revoked; undo and unsuspend do not bring these back. A client shows the visible reason with
the function get_my_restrictions. Suspending again changes the end and the visible reason.

Exit codes: 2 if several users have that name, 3 if there is no such user.
"""


def suspend(
    ctx: typer.Context,
    user: UserArgument,
    reason: ReasonOption,
    until: UntilOption = None,
    visible_reason: VisibleReasonOption = None,
    ticket: TicketOption = None,
    actor: ActorOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """End a user's access, for a time or until it is lifted."""
    shared = options(ctx)
    act = operator_act(actor=actor, reason=reason, ticket=ticket)
    if not dry_run:
        confirm_write(shared.settings.target, shared, what=f"user suspend of {user}")
    with session(shared) as at:
        named = names.user(at.conn, user)
        note(f"user {named.name}", shared)
        result = restrictions.suspend(
            at.conn, named.id, act, until=until, visible_reason=visible_reason,
            dry_run=dry_run, on_wait=lambda why: note(why, shared),
        )  # fmt: skip
    show_result(result, shared)
    if result.done and not dry_run:
        note("the user's sessions are revoked, which undo does not change", shared)
