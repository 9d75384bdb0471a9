"""The options of commands that list a page at a time, and the line that says what there is more."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from chatctl.cli.options import Options
from chatctl.cli.output import note
from chatctl.services.moderation.look.reading import Page

LimitOption = Annotated[int, typer.Option("--limit", help="Maximum number of rows.", min=1, max=100_000)]
CursorOption = Annotated[
    str | None,
    typer.Option(
        "--cursor",
        help="Continue where the page before ended; it printed the cursor.",
        metavar="CURSOR",
        show_default=False,
    ),
]
LIMIT = 50


def note_page(page: Page[Any], things: str, options: Options) -> None:
    """Say on stderr how many of the ``things`` were shown, and how to see the next ones."""
    shown = len(page.rows)
    if page.cursor is not None:
        note(f"showing {shown:,} of {page.total:,} {things}; next: --cursor {page.cursor}", options)
    elif shown < page.total:
        note(f"showing the last {shown:,} of {page.total:,} {things}", options)
    elif not shown:
        note(f"no {things}", options)
