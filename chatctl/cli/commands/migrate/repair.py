"""``chatctl migrate repair``: change single versions in the history without running anything."""

from __future__ import annotations

from typing import Annotated

import typer

from chatctl.cli.commands.migrate.directory import DirectoryOption, sql_directory
from chatctl.cli.commands.migrate.history import DryRunOption, change_history
from chatctl.cli.commands.migrate.target import migration_session
from chatctl.cli.options import options
from chatctl.errors import Invalid
from chatctl.services.migrations import repair as repairing

EPILOG = """\b
Examples:
  chatctl migrate repair 20260123000400 --status applied     after running it by hand
  chatctl migrate repair 20260123000400 --status reverted    after undoing it by hand
  chatctl migrate repair 20260123000400 --status applied --dry-run
"""


def repair(
    ctx: typer.Context,
    versions: Annotated[list[str], typer.Argument(metavar="VERSION", help="Versions, of 14 digits each.")],
    status: Annotated[str, typer.Option(metavar="applied|reverted", help="The new status of the versions.")],
    dry_run: DryRunOption = False,
    directory: DirectoryOption = None,
) -> None:
    """Mark versions as applied or as not applied.

    Only the history changes; no migration is run or undone. Applied versions are recorded with the text of
    their files.
    """
    if status not in ("applied", "reverted"):
        raise Invalid(f"--status must be applied or reverted, not {status!r}")
    shared = options(ctx)
    where = sql_directory(directory)
    with migration_session(shared, watched=dry_run) as opened:
        new_status: repairing.Status = "applied" if status == "applied" else "reverted"
        change_history(
            opened,
            shared,
            lambda: repairing.repair(opened.conn, where, versions, new_status),
            where,
            dry_run=dry_run,
        )
