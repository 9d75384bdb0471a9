"""``chatctl job cancel``."""

from __future__ import annotations

import typer

from chatctl.cli.commands.job.show import JobArgument
from chatctl.cli.guards import confirm_write
from chatctl.cli.operating import ActorOption, ReasonOption, TicketOption, operator_act, show_result
from chatctl.cli.options import options
from chatctl.cli.output import note
from chatctl.cli.session import session
from chatctl.services.moderation import jobs

EPILOG = """\b
Examples:
  chatctl job cancel 6f1c… --reason 'the wrong plan'
  chatctl job undo 6f1c… --reason 'the wrong plan'    undo what it did, too

What is pending stays as it is, also if somebody is running the job; its batch is committed first. What was
done is not undone. A canceled job cannot be resumed, and its plan cannot be applied again.
"""


def cancel(
    ctx: typer.Context,
    job: JobArgument,
    reason: ReasonOption,
    ticket: TicketOption = None,
    actor: ActorOption = None,
) -> None:
    """End a job without what is pending."""
    shared = options(ctx)
    act = operator_act(actor=actor, reason=reason, ticket=ticket)
    confirm_write(shared.settings.target, shared, what=f"cancellation of job {job}")
    with session(shared) as at:
        result = jobs.cancel(at.conn, job, act, on_wait=lambda why: note(why, shared))
    show_result(result, shared)
