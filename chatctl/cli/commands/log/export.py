"""``chatctl log export``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chatctl.cli.options import options
from chatctl.cli.output import show_document
from chatctl.cli.session import session
from chatctl.services.moderation import logexport
from chatctl.services.moderation.exports.newpaths import require_new_or_stream

EPILOG = """\b
Examples:
  chatctl log export log-2026-11.ndjson
  chatctl log verify --since log-2026-11.ndjson

One row per line, with the hashes. Keep it where those who own the database cannot change it. The file appears
when it is complete; one that exists is not replaced. FILE can also be a pipe or a device.

Exit codes: 2 if FILE exists or cannot be created, 8 if the disk is full.
"""


def export(
    ctx: typer.Context, file: Annotated[Path, typer.Argument(help="The file to create (NDJSON).")]
) -> None:
    """Write the whole log to a file, for `log verify --since`."""
    shared = options(ctx)
    require_new_or_stream(file, logexport.FILE)
    with session(shared, watched=True) as at:
        rows, last_hash = logexport.write(at.conn, file)
    document = {"file": file, "rows": rows, "last_hash": last_hash}
    show_document(document, shared, text=f"{rows:,} rows written to {file}")
