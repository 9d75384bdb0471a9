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
from chatctl.services.moderation import jobs

EPILOG = """\b
Examples:
  chatctl job undo 6f1c… --reason 'not spam'

Each batch is undone by an action of its own, as `chatctl undo` does: what has changed since is left alone and
listed. An unfinished job is canceled first. After an interruption, the same command continues. Redactions and
purges cannot be undone.
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
    with session(shared) as at, progress(shared) as on_step:
        result = jobs.undo(
            at.conn, jobs.by_id(at.conn, job), act,
            on_wait=lambda why: note(why, shared), on_step=on_step,
        )  # fmt: skip
    show_result(result, shared)
