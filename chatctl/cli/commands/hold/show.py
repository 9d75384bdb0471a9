"""``chatctl hold show``."""

from __future__ import annotations

from typing import Annotated

import typer

from chatctl.cli.options import options
from chatctl.cli.output import record_text, show_document
from chatctl.cli.session import session
from chatctl.services.moderation import holds

EPILOG = """\b
Examples:
  chatctl hold show legal-7 -o json | jq .

Exit codes: 3 if there is no active hold of that name.
"""


def show(ctx: typer.Context, name: Annotated[str, typer.Argument(help="The name of the hold.")]) -> None:
    """Show one active hold."""
    shared = options(ctx)
    with session(shared, watched=True) as at:
        hold = holds.named(at.conn, name)
    show_document(hold, shared, text=record_text(hold), rows=[hold])
