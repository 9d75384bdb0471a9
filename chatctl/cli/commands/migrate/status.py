"""``chatctl migrate status``: show the state of every file."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from chatctl.cli.commands.migrate.directory import DirectoryOption, sql_directory
from chatctl.cli.options import Options, OutputFormat, options
from chatctl.cli.output import chosen_format, note, show
from chatctl.cli.session import session
from chatctl.errors import Found
from chatctl.services import migrations

EPILOG = """\b
Examples:
  chatctl migrate status                    all migrations, and the objects that are not up to date
  chatctl migrate status --check -q         for CI: exit 7 if anything is not applied
  chatctl migrate status -o json | jq '.[] | select(.next)'
"""


def status(
    ctx: typer.Context,
    check: Annotated[bool, typer.Option("--check", help="Exit 7 if anything is not applied.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Also list unchanged objects.")] = False,
    directory: DirectoryOption = None,
) -> None:
    """Show the state of every file and the next command to run.

    A migration is applied, pending, out of order (pending, but older than an applied one), unfinished
    (started outside a transaction but not completed), edited (after it was applied), missing (applied, but
    its file does not exist) or moved (applied under another version). An object file is applied, pending,
    changed, lost (the database lacks an object that it defines) or gone (the file was removed).
    """
    shared = options(ctx)
    where = sql_directory(directory)
    with session(shared, watched=True) as opened:
        lines = [
            replace(line, next=line.next and _here(line.next, shared, directory))
            for line in migrations.status(opened.conn, directory=where)
        ]
    outdated = [line for line in lines if line.state != "applied"]
    brief = chosen_format(shared) in (OutputFormat.table, OutputFormat.plain) and not everything
    # In a new database every object is pending: show only their number.
    new = [line for line in outdated if line.kind == "object" and line.state == "pending"] if brief else []
    shown = [
        line for line in lines if everything or line in outdated or line.kind == "version" if line not in new
    ]
    show(shown, shared, columns=("state", "path", "applied_at", "by", "next"))
    if new:
        note(f"{len(new)} objects are not applied yet (--all lists them); run `chatctl migrate`", shared)
    summary = f"{len(outdated)} not applied" if outdated else "all applied"
    if check and outdated:
        raise Found(summary)
    note(summary, shared)


def _here(command: str, shared: Options, directory: Path | None) -> str:
    """``command`` for the same target and files; a URL is not repeated because it may contain a password."""
    flags = f" --target {shlex.quote(shared.target)}" if shared.target else ""
    flags += f" --directory {shlex.quote(str(directory))}" if directory else ""
    return " && ".join(part + flags for part in command.split(" && "))
