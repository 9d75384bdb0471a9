"""``chatctl log export``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chatctl.cli.files import cannot_write, require_writable
from chatctl.cli.options import options
from chatctl.cli.output import show_document
from chatctl.cli.session import session
from chatctl.services.moderation import logexport

EPILOG = """\b
Examples:
  chatctl log export log-2026-11.ndjson
  chatctl log verify --since log-2026-11.ndjson

One row per line, with the hashes. Keep it where those who own the database cannot change it.
"""


def export(
    ctx: typer.Context, file: Annotated[Path, typer.Argument(help="The file to create (NDJSON).")]
) -> None:
    """Write the whole log to a file, for `log verify --since`."""
    shared = options(ctx)
    require_writable(file, "FILE")
    with session(shared, watched=True) as at:
        try:
            rows, last_hash = logexport.write(at.conn, file)
        except OSError as error:
            raise cannot_write(f"FILE {file}", error) from None
    document = {"file": file, "rows": rows, "last_hash": last_hash}
    show_document(document, shared, text=f"{rows:,} rows written to {file}")
