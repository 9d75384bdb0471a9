"""``chatctl job resume``."""

from __future__ import annotations

import typer

from chatctl.cli.commands.job.show import JobArgument
from chatctl.cli.commands.message.moderating import finish
from chatctl.cli.guards import confirm_write
from chatctl.cli.options import options
from chatctl.cli.output import note
from chatctl.cli.progress import progress
from chatctl.cli.session import session
from chatctl.services.moderation import jobs
from chatctl.services.moderation.messages import MessageVerb

EPILOG = """\b
Examples:
  chatctl job resume 6f1c…

Committed batches are not repeated. Actor, reason and ticket are those that the job was created with.
"""


def resume(ctx: typer.Context, job: JobArgument) -> None:
    """Do what is left of a job."""
    shared = options(ctx)
    confirm_write(shared.settings.target, shared, what=f"job {job}")
    with session(shared) as at:
        verb = MessageVerb(jobs.by_id(at.conn, job).verb)
        with progress(shared) as on_step:
            result = jobs.run(at.conn, job, on_wait=lambda why: note(why, shared), on_step=on_step)
        finish(at, verb, result, shared)
