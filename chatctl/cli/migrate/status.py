"""``chatctl migrate status``: where every file stands."""

from __future__ import annotations

from typing import Annotated

import typer

from chatctl.cli.options import options
from chatctl.cli.output import note, show
from chatctl.cli.session import session
from chatctl.services import migrations


def status(
    ctx: typer.Context,
    check: Annotated[bool, typer.Option("--check", help="Exit 7 when anything is not applied.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="List unchanged objects, too.")] = False,
) -> None:
    """Show where every migration stands, and the objects that changed."""
    shared = options(ctx)
    with session(shared) as at:
        lines = migrations.status(at.conn)
    shown = [line for line in lines if everything or line.kind == "version" or line.state != "applied"]
    show(shown, shared, columns=("state", "kind", "path", "applied_at", "applied_by"))
    open_lines = sum(line.state != "applied" for line in lines)
    note(f"{open_lines} not applied: run `chatctl migrate`" if open_lines else "all applied", shared)
    if check and open_lines:
        raise typer.Exit(7)
