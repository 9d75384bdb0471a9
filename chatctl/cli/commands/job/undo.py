"""``chatctl job undo``."""

from __future__ import annotations

import typer

from chatctl.cli.commands.job.show import JobArgument
from chatctl.cli.guards import confirm_write
from chatctl.cli.operating import ActorOption, ReasonOption, TicketOption, operator_act, show_result
from chatctl.cli.options import options
from chatctl.cli.output import note
from chatctl.cli.progress import progress
from chatctl.cli.session import session
from chatctl.errors import Invalid
from chatctl.services.moderation import jobs

EPILOG = """\b
Examples:
  chatctl job undo 6f1c… --reason 'not spam'

The inverse is a job of its own. Redactions and purges cannot be undone.
"""


def undo(
    ctx: typer.Context,
    job: JobArgument,
    reason: ReasonOption,
    ticket: TicketOption = None,
    actor: ActorOption = None,
) -> None:
    """Undo what a job did."""
    shared = options(ctx)
    act = operator_act(actor=actor, reason=reason, ticket=ticket)
    confirm_write(shared.settings.target, shared, what=f"undo of job {job}")

    def on_wait(why: str) -> None:
        note(why, shared)

    with session(shared) as at, progress(shared) as on_step:
        original = jobs.by_id(at.conn, job)
        if original.inverse is None:
            raise Invalid(f"a job of message {original.verb} cannot be undone")
        inverse = jobs.create_inverse(at.conn, original, act, on_wait=on_wait)
        result = jobs.run(at.conn, inverse, on_wait=on_wait, on_step=on_step)
    show_result(result, shared)
