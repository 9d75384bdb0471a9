"""``chatctl job list``."""

from __future__ import annotations

import typer

from chatctl.cli.options import options
from chatctl.cli.output import note, show
from chatctl.cli.paging import LIMIT, LimitOption
from chatctl.cli.session import session
from chatctl.services.moderation import jobs

COUNTS = ("total", "done", "noop", "skipped", "failed", "pending")
COLUMNS = ("id", "created_at", "finished_at", "verb", "actor", *COUNTS)
EPILOG = """\b
Examples:
  chatctl job list
  chatctl job list -o json | jq -r '.[] | select(.finished_at == null).id'
"""


def list_jobs(
    ctx: typer.Context,
    limit: LimitOption = LIMIT,
) -> None:
    """List jobs, the newest first."""
    shared = options(ctx)
    with session(shared, watched=True) as at:
        found = jobs.newest(at.conn, count=limit + 1)
    show(found[:limit], shared, columns=COLUMNS, droppable=("noop", "finished_at", "actor"))
    if len(found) > limit:
        note(f"showing {limit}; older ones with a larger --limit", shared)
    elif not found:
        note("no jobs", shared)
