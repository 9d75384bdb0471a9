"""``chatctl migrate baseline``: create the history of a database without running any migration."""

from __future__ import annotations

from typing import Annotated

import typer

from chatctl.cli.commands.migrate.directory import DirectoryOption, sql_directory
from chatctl.cli.commands.migrate.history import DryRunOption, change_history
from chatctl.cli.commands.migrate.target import migration_session
from chatctl.cli.options import options
from chatctl.services.migrations import repair as repairing

EPILOG = """\b
Examples:
  chatctl migrate baseline --to 20260123000300 --dry-run     for a database restored at that version
  chatctl migrate baseline
"""


def baseline(
    ctx: typer.Context,
    to: Annotated[
        str | None,
        typer.Option(
            metavar="VERSION", show_default=False, help="Last version to mark as applied; default: all."
        ),
    ] = None,
    dry_run: DryRunOption = False,
    directory: DirectoryOption = None,
) -> None:
    """Mark versions as applied in a database without a history.

    For a database that was built without a migration history, or restored without it. Only the history
    changes. The next `chatctl migrate` applies the objects.
    """
    shared = options(ctx)
    where = sql_directory(directory)
    with migration_session(shared, watched=dry_run) as opened:
        change_history(
            opened, shared, lambda: repairing.baseline(opened.conn, where, to=to), where, dry_run=dry_run
        )
