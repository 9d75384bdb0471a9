"""``chatctl migrate new``: create a migration file; needs no database."""

from __future__ import annotations

from typing import Annotated

import typer

from chatctl.cli.commands.migrate.directory import DirectoryOption, own_directory
from chatctl.cli.files import create
from chatctl.cli.options import options
from chatctl.cli.output import show_document
from chatctl.services.migrations import new as making

EPILOG = """\b
Examples:
  chatctl migrate new add_pinned_messages
  chatctl migrate new "index on sender" --no-transaction
"""


def new(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the migration does, in a few words.")],
    no_transaction: Annotated[
        bool, typer.Option("--no-transaction", help="For one statement that runs outside a transaction.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the path; write nothing.")] = False,
    directory: DirectoryOption = None,
) -> None:
    """Create a migration file, named after the time in UTC and NAME."""
    shared = options(ctx)
    path = making.path_for(own_directory(directory), name)
    if not dry_run:
        create(path, making.text_for(name, no_transaction=no_transaction))
    version = path.name.split("_", maxsplit=1)[0]
    show_document({"path": path, "version": version, "dry_run": dry_run}, shared, text=str(path))
