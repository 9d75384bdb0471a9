"""Changing the migration history of a database; shared by ``repair`` and ``baseline``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from chatctl.cli.guards import confirm_write
from chatctl.cli.options import Options
from chatctl.cli.output import note, show
from chatctl.cli.session import Session
from chatctl.db.patience import DEADLINE
from chatctl.services.migrations import repair as repairing

DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Show what would change in the history.")]


def change_history(
    opened: Session,
    shared: Options,
    decide: Callable[[], list[repairing.HistoryChange]],
    directory: Path,
    *,
    dry_run: bool,
) -> None:
    """Show what ``decide`` would change in the history, and write it unless this is a dry run."""
    changes = decide()
    show(changes, shared, columns=("action", "version", "name"))
    if not changes:
        note("nothing to do: the history is already up to date", shared)
        return
    if dry_run:
        note("dry run: nothing was changed", shared)
        return
    confirm_write(opened.target, shared, what=f"change {len(changes)} rows of the history")
    repairing.write(
        opened.conn,
        directory,
        decide,
        shown=changes,
        deadline=DEADLINE,
        on_wait=lambda why: note(f"  {why}", shared),
    )
    note("the history was changed; run `chatctl migrate status` to see it", shared)
