"""``chatctl operator grant``."""

from __future__ import annotations

import typer

from chatctl.cli.commands.operator.changing import RoleArgument, change
from chatctl.cli.operating import ActorOption, DryRunOption, ReasonOption, TicketOption
from chatctl.cli.options import options
from chatctl.services.moderation.operator_roles import OperatorVerb

EPILOG = """\b
Examples:
  psql -c "create role ann login" && chatctl operator grant ann --reason 'on call'
  chatctl operator grant ann --reason 'on call' --dry-run

Gives exactly USAGE on schema moderation, EXECUTE on its functions and SELECT on its views, also on those of
later releases. Refused are roles of the API and of Supabase, roles that bypass row-level security or
can change data or roles in another way, such as members of pg_write_all_data, and roles that cannot log in.

Exit codes: 3 if there is no such role, 4 if it is refused.
"""


def grant(
    ctx: typer.Context,
    role: RoleArgument,
    reason: ReasonOption,
    ticket: TicketOption = None,
    actor: ActorOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Let a role act as an operator, and do nothing else here."""
    change(options(ctx), OperatorVerb.grant, role, reason=reason, ticket=ticket, actor=actor, dry_run=dry_run)
