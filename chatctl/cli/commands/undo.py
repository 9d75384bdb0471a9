"""``chatctl undo``: undo an action of the log."""

from __future__ import annotations

from typing import Annotated

import typer

from chatctl.cli.guards import confirm_write
from chatctl.cli.operating import (
    ActorOption,
    DryRunOption,
    ReasonOption,
    TicketOption,
    operator_act,
    show_result,
)
from chatctl.cli.options import ROWS_WITH_IDS, App, options
from chatctl.cli.output import note
from chatctl.cli.session import session
from chatctl.services.moderation import undo as undoing

EPILOG = """\b
Examples:
  chatctl undo 42 --reason 'the wrong conversation'
  chatctl log list                      find the number of an action

The inverse is an action of its own in the log. Redactions, purges and erasures cannot be undone.

Exit codes: 2 if the action cannot be undone, 3 if there is no such action, 5 if a later action has changed
the same thing, 6 if only some of its items could be undone.
"""

app = App(no_args_is_help=False)


@app.command(epilog=EPILOG, formats=ROWS_WITH_IDS)
def undo(
    ctx: typer.Context,
    action: Annotated[int, typer.Argument(help="The number of the action in the log.", min=1, max=2**63 - 1)],
    reason: ReasonOption,
    ticket: TicketOption = None,
    actor: ActorOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Undo an action."""
    shared = options(ctx)
    act = operator_act(actor=actor, reason=reason, ticket=ticket)
    if not dry_run:
        confirm_write(shared.settings.target, shared, what=f"undo of action {action}")
    with session(shared) as at:
        result = undoing.undo(at.conn, action, act, dry_run=dry_run, on_wait=lambda why: note(why, shared))
    show_result(result, shared)
