"""``chatctl log show``."""

from __future__ import annotations

from typing import Annotated

import typer

from chatctl.cli.options import options
from chatctl.cli.output import record_text, show_document
from chatctl.cli.session import session
from chatctl.services.moderation import log

EPILOG = """\b
Examples:
  chatctl log show 42 -o json | jq .details

Exit codes: 3 if there is no such row.
"""


def show(ctx: typer.Context, action: Annotated[int, typer.Argument(help="The id of the row.")]) -> None:
    """Show one row of the log."""
    shared = options(ctx)
    with session(shared, watched=True) as at:
        entry = log.entry(at.conn, action)
    show_document(entry, shared, text=record_text(entry))
