"""``chatctl log verify``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chatctl.cli.options import options
from chatctl.cli.output import note, show, show_document
from chatctl.cli.session import session
from chatctl.errors import Found
from chatctl.services.moderation import log, logexport
from chatctl.services.moderation.chain import ChainBreak

COLUMNS = ("id", "problem", "explanation")
EPILOG = """\b
Examples:
  chatctl log verify
  chatctl log verify --since log.ndjson    also prove that history is the one that was exported

Finds rows that were changed, removed, inserted, swapped or renumbered. The owner of the tables can also
rewrite the whole chain, cut off the newest rows, or replace the function that computes the hashes. Only an
export shows that, kept where they cannot change it, and only for the rows that it has.

Exit codes: 7 if the log was tampered with, 2 if the export cannot be read.
"""


def verify(
    ctx: typer.Context,
    since: Annotated[
        Path | None,
        typer.Option("--since", help="A file of `chatctl log export`.", metavar="FILE", show_default=False),
    ] = None,
) -> None:
    """Verify that no row of the log was tampered with; else exit 7."""
    shared = options(ctx)
    exported = logexport.read(since) if since is not None else None
    with session(shared, watched=True) as at:
        rows, broken = log.verify(at.conn)
        if exported is not None:
            broken = logexport.compared(at.conn, exported, broken)
    document = {
        "rows": rows,
        "exported_rows": len(exported.digests) if exported is not None else None,
        "breaks": broken,
    }
    if broken:
        show(broken, shared, columns=COLUMNS, document=document)
        raise Found(f"the log was tampered with: {_counted(broken)}")
    text = f"{rows:,} rows, all as they were written"
    if exported is not None:
        text += f"; the first {len(exported.digests):,} are those of {since}"
    show_document(document, shared, text=text, rows=[], columns=COLUMNS)
    note("export it (`chatctl log export`) to prove later that history was not rewritten", shared)


def _counted(broken: list[ChainBreak]) -> str:
    problems = sorted({each.problem for each in broken})
    return ", ".join(f"{sum(each.problem == problem for each in broken)} {problem}" for problem in problems)
