"""``chatctl migrate``: run what is pending."""

from __future__ import annotations

from typing import Annotated

import typer

from chatctl.cli.options import options
from chatctl.cli.output import note, show_document
from chatctl.cli.session import confirm_write, session
from chatctl.services import migrations


def migrate(
    ctx: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Run everything, then roll back.")] = False,
    deadline: Annotated[
        float, typer.Option(help="Seconds to wait for another migration to end.", min=0, metavar="SECONDS")
    ] = 60.0,
) -> None:
    """Run the versioned files that are pending and the objects whose text changed, in one transaction."""
    if ctx.invoked_subcommand:
        return
    shared = options(ctx)
    with session(shared) as at:
        if not dry_run:
            confirm_write(at.target, shared, what="migrate")
        steps = migrations.migrate(
            at.conn,
            dry_run=dry_run,
            deadline=deadline,
            on_step=lambda step: note(f"  {step.path}  {step.milliseconds} ms", shared),
        )
    versions = sum(step.kind == "version" for step in steps)
    changed = len(steps) - versions
    text = "nothing to do: the database is what sql/ says"
    if steps:
        text = f"ran {versions} migrations, stated {changed} objects"
        text += "; rolled back, nothing is changed" if dry_run else ""
    show_document({"dry_run": dry_run, "steps": steps}, shared, text=text)
