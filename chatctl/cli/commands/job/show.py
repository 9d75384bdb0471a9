"""``chatctl job show``."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import typer

from chatctl.cli.options import options
from chatctl.cli.output import record_text, show_document
from chatctl.cli.session import session
from chatctl.services.moderation import jobs

JobArgument = Annotated[UUID, typer.Argument(metavar="JOB", help="The id of a job; `job list` shows them.")]
EPILOG = """\b
Examples:
  chatctl job show 6f1c…
"""


def show(ctx: typer.Context, job: JobArgument) -> None:
    """Show a job."""
    shared = options(ctx)
    with session(shared, watched=True) as at:
        found = jobs.by_id(at.conn, job)
    show_document(found, shared, text=record_text(found))
