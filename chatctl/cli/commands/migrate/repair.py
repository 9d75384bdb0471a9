"""``chatctl migrate repair``: what the history says of single versions; nothing is run."""

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
  chatctl migrate repair 20260123000400 --status applied     it was run by hand
  chatctl migrate repair 20260123000400 --status reverted    it was undone by hand
  chatctl migrate repair 20260123000400 --status applied --dry-run
"""


def repair(
    ctx: typer.Context,
    versions: Annotated[list[str], typer.Argument(metavar="VERSION...", help="14 digits each.")],
    status: Annotated[str, typer.Option(metavar="applied|reverted", help="What the history shall say.")],
    dry_run: DryRunOption = False,
    directory: DirectoryOption = None,
) -> None:
    """Say of versions that they are applied, as the files have them, or that they are not.

    Changes the history only; what they made or would make is not touched.
    """
    if status not in ("applied", "reverted"):
        raise Invalid(f"--status must be applied or reverted, not {status!r}")
    shared = options(ctx)
    where = sql_directory(directory)
    with migration_session(shared, watched=dry_run) as at:
        wanted: repairing.Status = "applied" if status == "applied" else "reverted"
        change_history(
            at, shared, lambda: repairing.repair(at.conn, where, versions, wanted), where, dry_run=dry_run
        )
