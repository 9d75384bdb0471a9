"""``chatctl hold list``."""

from __future__ import annotations

import typer

from chatctl.cli.options import options
from chatctl.cli.output import note, show
from chatctl.cli.session import session
from chatctl.services.moderation import holds

EPILOG = """\b
Examples:
  chatctl hold list
  chatctl log list --action hold        also those that were released
"""


def list_holds(ctx: typer.Context) -> None:
    """List the active holds."""
    shared = options(ctx)
    with session(shared, watched=True) as at:
        active = holds.active(at.conn)
    show(active, shared, columns=("name", "subject", "subject_id", "reason", "created_at"))
    if not active:
        note("there are no active holds", shared)
