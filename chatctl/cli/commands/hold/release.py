"""``chatctl hold release``."""

from __future__ import annotations

from typing import Annotated

import typer

from chatctl.cli.guards import confirm_by_name, confirm_write
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
from chatctl.services.moderation import holds

EPILOG = """\b
Examples:
  chatctl hold release legal-7 --reason 'settled' --confirm legal-7

What was held can be redacted, purged and erased from then on. The log keeps the hold's history.

Exit codes: 3 if there is no active hold of that name.
"""


def release(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="The name of the hold.")],
    reason: ReasonOption,
    ticket: TicketOption = None,
    actor: ActorOption = None,
    confirm: Annotated[
        str | None, typer.Option("--confirm", help="The name again.", metavar="NAME", show_default=False)
    ] = None,
    dry_run: DryRunOption = False,
) -> None:
    """Release a hold."""
    shared = options(ctx)
    act = operator_act(actor=actor, reason=reason, ticket=ticket)
    if not dry_run:
        confirm_write(shared.settings.target, shared, what=f"hold release {name}")
    with session(shared) as at:
        holds.named(at.conn, name)
        if not dry_run:
            confirm_by_name(name, confirm, what=f"hold release {name}")
        result = holds.release(at.conn, name, act, dry_run=dry_run, on_wait=lambda why: note(why, shared))
    show_result(result, shared)
