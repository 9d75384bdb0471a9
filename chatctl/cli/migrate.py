"""``chatctl migrate``: bring a database to what sql/ says."""

from __future__ import annotations

from typing import Annotated

import typer

from chatctl.cli.options import App, options
from chatctl.cli.output import note, show, show_document
from chatctl.cli.session import confirm_write, session
from chatctl.services import migrations

EPILOG = """\b
Examples:
  chatctl migrate                     run what is pending, in one transaction
  chatctl migrate --dry-run           run it, show what ran, and roll back
  chatctl migrate status              what is applied, pending, edited or missing
  chatctl migrate status --check      exit 7 when anything is pending (for CI)
"""

app = App(
    help="Bring a database to what sql/ says.",
    epilog=EPILOG,
    no_args_is_help=False,
    invoke_without_command=True,
)


@app.callback()
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


@app.command()
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
