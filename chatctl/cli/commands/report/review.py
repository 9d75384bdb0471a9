"""``chatctl report review``."""

from __future__ import annotations

import typer

from chatctl.cli.commands.report.reviewing import KEYS, Review
from chatctl.cli.guards import confirm_write, require_terminal
from chatctl.cli.operating import (
    ActorOption,
    OrganizationOption,
    ReasonOption,
    TicketOption,
    operator_act,
)
from chatctl.cli.options import options
from chatctl.cli.output import note
from chatctl.cli.session import session
from chatctl.services.moderation import names
from chatctl.services.moderation.look import reading

EPILOG = (
    """\b
Examples:
  chatctl report review --reason 'the queue'
  chatctl report review --org acme --reason 'the queue' --ticket T-91

\b
Keys:
"""
    + "\n".join(f"  {key.letter}  {key.help}" for key in KEYS)
    + """

The report on the screen is claimed for you, so that two operators never decide about the same one. Each key
does what the command of that name does, and is logged like it, with the reason given here.

Exit codes: 2 without a terminal, 130 if interrupted; the report on the screen is then released.
"""
)


def review(
    ctx: typer.Context,
    reason: ReasonOption,
    org: OrganizationOption = None,
    ticket: TicketOption = None,
    actor: ActorOption = None,
) -> None:
    """Go through the queue, one report at a time."""
    shared = options(ctx)
    act = operator_act(actor=actor, reason=reason, ticket=ticket)
    require_terminal("report review")
    confirm_write(shared.settings.target, shared, what="report review")
    with session(shared) as at:
        organization = names.organization(at.conn, org) if org is not None else None
        reading.log_read(
            at.conn,
            "report review",
            ["reports:queue"],
            {"organization": organization.name if organization else None},
            act,
            on_wait=lambda why: note(why, shared),
        )
        with Review(at, act, shared, organization_id=organization.id if organization else None) as walk:
            walk.run()
