"""``chatctl job resume``."""

from __future__ import annotations

import typer

from chatctl.cli.commands.job.show import JobArgument
from chatctl.cli.commands.message.moderating import ConfirmOption, confirm_irreversible, finish
from chatctl.cli.guards import confirm_write
from chatctl.cli.operating import ActorOption, actor_name
from chatctl.cli.options import options
from chatctl.cli.output import note
from chatctl.cli.progress import progress
from chatctl.cli.session import session
from chatctl.services.moderation import jobs
from chatctl.services.moderation.messages import MessageVerb

EPILOG = """\b
Examples:
  chatctl job resume 6f1c…
  chatctl job resume 6f1c… --actor ben --confirm acme

Committed batches are not repeated. Reason and ticket are those that the job was created with; the actor is
the operator who resumes it. On a target that is not local, what cannot be undone must be confirmed again.
"""


def resume(
    ctx: typer.Context, job: JobArgument, actor: ActorOption = None, confirm: ConfirmOption = None
) -> None:
    """Do what is left of a job."""
    shared = options(ctx)
    name = actor_name(actor)
    confirm_write(shared.settings.target, shared, what=f"job {job}")
    with session(shared) as at:
        verb = MessageVerb(jobs.by_id(at.conn, job).verb)
        if not at.target.local:
            confirm_irreversible(at.conn, verb, jobs.pending(at.conn, job), confirm)
        with progress(shared) as on_step:
            result = jobs.run(
                at.conn, job, actor=name, on_wait=lambda why: note(why, shared), on_step=on_step
            )
        finish(at, verb, result, shared)
