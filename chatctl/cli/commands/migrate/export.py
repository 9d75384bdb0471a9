"""``chatctl migrate export``: write sql/ as a directory for the Supabase CLI; needs no database."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chatctl.cli.commands.migrate.directory import DirectoryOption, sql_directory
from chatctl.cli.files import cannot_write, path
from chatctl.cli.options import options
from chatctl.cli.output import note, show
from chatctl.errors import Found
from chatctl.formats.counting import counted
from chatctl.services.migrations import export as exporting

EPILOG = """\b
Examples:
  chatctl migrate export supabase/migrations            write what `supabase db push` applies
  chatctl migrate export supabase/migrations --check    for CI: exit 7 if it is not up to date
"""


def export(
    ctx: typer.Context,
    target: Annotated[Path, typer.Argument(metavar="DIR", parser=path, help="The directory to write.")],
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit 7 if DIR is out of date.")
    ] = False,
    prune: Annotated[bool, typer.Option("--prune", help="Remove .sql files that are not exported.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be written.")] = False,
    directory: DirectoryOption = None,
) -> None:
    """Write sql/ as files that `supabase db push` can apply.

    The newest migration also applies the objects. The Supabase CLI runs each version once, so it applies a
    later change of an object only with the next migration; `chatctl migrate` applies it at any time.
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
        verb = "differs" if stale == 1 else "differ"
        raise Found(f"{counted(stale, 'file')} {verb}; run `chatctl migrate export {target}`")
