"""``chatctl migrate new`` and ``export``: files in, files out; no database is needed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chatctl.cli.files import cannot_write, create
from chatctl.cli.migrate.directory import DirectoryOption, own_directory, sql_directory
from chatctl.cli.options import options
from chatctl.cli.output import note, show, show_document
from chatctl.services.migrations import export as exporting
from chatctl.services.migrations import new as making

NEW_EPILOG = """\b
Examples:
  chatctl migrate new add_pinned_messages
  chatctl migrate new "index on sender" --no-transaction
"""

EXPORT_EPILOG = """\b
Examples:
  chatctl migrate export supabase/migrations            what `supabase db push` applies
  chatctl migrate export supabase/migrations --check    for CI: exit 7 when it is not up to date
"""


def new(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it does, in a few words.")],
    no_transaction: Annotated[
        bool, typer.Option("--no-transaction", help="One statement that runs outside a transaction.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the path, write nothing.")] = False,
    directory: DirectoryOption = None,
) -> None:
    """Make a migration file, named for the time (UTC) and what it does."""
    shared = options(ctx)
    path = making.path_for(own_directory(directory), name)
    if not dry_run:
        create(path, making.text_for(name, no_transaction=no_transaction))
    version = path.name.split("_", maxsplit=1)[0]
    show_document({"path": path, "version": version, "dry_run": dry_run}, shared, text=str(path))


def export(
    ctx: typer.Context,
    target: Annotated[Path, typer.Argument(metavar="DIR", help="The directory to write.")],
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit 7 if it differs.")] = False,
    prune: Annotated[bool, typer.Option("--prune", help="Remove .sql files that are not exported.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be written.")] = False,
    directory: DirectoryOption = None,
) -> None:
    """Write the files as a directory that `supabase db push` applies as it is, objects included.

    The newest migration also applies the objects. Objects that change without a new migration reach a
    database with chatctl, or with the next migration: the Supabase CLI runs a version once.
    """
    shared = options(ctx)
    where = sql_directory(directory)
    if check or dry_run:
        files = exporting.compare(where, target)
    else:
        try:
            files = exporting.write(where, target, prune=prune)
        except OSError as error:
            raise cannot_write(str(error.filename or target), error) from None
    show(files, shared, columns=("state", "path"))
    stale = sum(file.state != "unchanged" for file in files)
    if not stale:
        note(f"{target} is up to date", shared)
    elif check:
        note(f"{stale} files differ: chatctl migrate export {target}", shared)
        raise typer.Exit(7)
