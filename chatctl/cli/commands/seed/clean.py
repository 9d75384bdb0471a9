"""``chatctl seed clean``: remove a seeded world."""

from __future__ import annotations

from typing import Annotated

import typer

from chatctl.cli.commands.seed.target import seed_session
from chatctl.cli.commands.seed.verify import OneSeedOption, WorldArgument
from chatctl.cli.guards import confirm_write
from chatctl.cli.options import options
from chatctl.cli.output import note, show_document, table
from chatctl.errors import NotFound
from chatctl.services.seed import clean as cleaning
from chatctl.services.seed import runs
from chatctl.services.seed.clean import Cleaned

EPILOG = """\b
Examples:
  chatctl seed clean                  remove all seeded worlds
  chatctl seed clean demo --seed 7    remove one of them
  chatctl seed clean --dry-run        show what would be removed, and what would be kept and why

Rows that users have added or changed since are kept, with all rows they depend on. Production is refused.
"""


def clean(
    ctx: typer.Context,
    world: WorldArgument = None,
    number: OneSeedOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Remove the rows, then roll back.")] = False,
) -> None:
    """Remove seeded rows, but nothing that users have created since."""
    shared = options(ctx)
    with seed_session(shared, done="cleaned", watched=dry_run) as opened:
        worlds = runs.of(opened.conn, world, number)
        if not worlds and (world, number) != (None, None):
            raise NotFound("no such world is seeded here", hint="`chatctl seed verify` lists them")
        if not dry_run and worlds:
            confirm_write(opened.target, shared, what="seed clean")
        cleaned = []
        for run in worlds:
            note(f"removing {run}", shared)
            cleaned.append(
                cleaning.clean(
                    opened.conn,
                    run,
                    api=opened.api,
                    dry_run=dry_run,
                    on_wait=lambda why: note(f"  {why}", shared),
                )
            )
    text = "\n".join(map(_summary, cleaned)) or "no world is seeded here"
    show_document({"worlds": cleaned}, shared, text=text)


def _summary(cleaned: Cleaned) -> str:
    counts = ", ".join(f"{rows:,} {name}" for name, rows in cleaned.removed.items() if rows)
    removed = f"{runs.named(cleaned.world, cleaned.seed)}: removed {counts or 'nothing'}"
    if cleaned.dry_run:
        removed += "; rolled back, nothing was changed"
    if not cleaned.kept:
        return removed
    kept = table([vars(it) for it in cleaned.kept], ("kind", "name", "id", "reason"))
    return f"{removed}\nkept, and why:\n{kept}"
