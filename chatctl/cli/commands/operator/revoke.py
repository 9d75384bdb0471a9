"""``chatctl operator revoke``."""

from __future__ import annotations

import typer

from chatctl.cli.commands.operator.changing import RoleArgument, change
from chatctl.cli.operating import ActorOption, DryRunOption, ReasonOption, TicketOption
from chatctl.cli.options import options
from chatctl.services.moderation.operator_roles import OperatorVerb

EPILOG = """\b
Examples:
  chatctl operator revoke ann --reason 'left the team'

Afterwards the role can be dropped.

Exit codes: 3 if there is no such role.
"""


def revoke(
    ctx: typer.Context,
    role: RoleArgument,
    reason: ReasonOption,
    ticket: TicketOption = None,
    actor: ActorOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Take everything from a role that `grant` gave it, at once."""
    change(
        options(ctx), OperatorVerb.revoke, role, reason=reason, ticket=ticket, actor=actor, dry_run=dry_run
    )
