"""``chatctl migrate repair`` and ``baseline``: correct the history; nothing is run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from chatctl.cli.migrate.directory import DirectoryOption, sql_directory
from chatctl.cli.migrate.target import migration_session
from chatctl.cli.options import Options, options
from chatctl.cli.output import note, show
from chatctl.cli.session import Session, confirm_write
from chatctl.errors import Invalid
from chatctl.services.migrations import repair as repairing
from chatctl.services.migrations.patience import DEADLINE

REPAIR_EPILOG = """\b
Examples:
  chatctl migrate repair 20260123000400 --status applied     it was run by hand
  chatctl migrate repair 20260123000400 --status reverted    it was undone by hand
  chatctl migrate repair 20260123000400 --status applied --dry-run
"""

BASELINE_EPILOG = """\b
Examples:
  chatctl migrate baseline --to 20260123000300 --dry-run     a restored database, as of that version
  chatctl migrate baseline
"""

DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Show what would change in the history.")]


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
        said: repairing.Status = "applied" if status == "applied" else "reverted"
        _change(at, shared, lambda: repairing.repair(at.conn, where, versions, said), where, dry_run=dry_run)


def baseline(
    ctx: typer.Context,
    to: Annotated[
        str | None, typer.Option(metavar="VERSION", show_default=False, help="The newest that it has had.")
    ] = None,
    dry_run: DryRunOption = False,
    directory: DirectoryOption = None,
) -> None:
    """Give a history to a database that was built without one: every version counts as applied.

    Changes the history only. Objects are applied by the next `chatctl migrate`.
    """
    shared = options(ctx)
    where = sql_directory(directory)
    with migration_session(shared, watched=dry_run) as at:
        _change(at, shared, lambda: repairing.baseline(at.conn, where, to=to), where, dry_run=dry_run)


def _change(
    at: Session,
    shared: Options,
    decide: Callable[[], list[repairing.Change]],
    directory: Path,
    *,
    dry_run: bool,
) -> None:
    changes = decide()
    show(changes, shared, columns=("action", "version", "name"))
    if not changes:
        note("nothing to do: the history says so already", shared)
        return
    if dry_run:
        note("nothing is changed", shared)
        return
    confirm_write(at.target, shared, what=f"change {len(changes)} rows of the history")
    repairing.write(
        at.conn,
        directory,
        decide,
        shown=changes,
        deadline=DEADLINE,
        on_wait=lambda why: note(f"  {why}", shared),
    )
    note("the history says so now; run chatctl migrate status", shared)
