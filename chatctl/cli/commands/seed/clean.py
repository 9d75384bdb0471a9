"""``chatctl seed clean``: take a world away."""

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
  chatctl seed clean                  all worlds that were seeded here
  chatctl seed clean demo --seed 7    one of them
  chatctl seed clean --dry-run        what would go, and what would stay and why

What users wrote, changed or joined since stays, with all that it hangs on. Production is refused.
"""


def clean(
    ctx: typer.Context,
    world: WorldArgument = None,
    number: OneSeedOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Take it away, then roll back.")] = False,
) -> None:
    """Take away what was seeded, and nothing that users made since."""
    shared = options(ctx)
    with seed_session(shared, done="cleaned", watched=dry_run) as at:
        found = runs.of(at.conn, world, number)
        if not found and (world, number) != (None, None):
            raise NotFound("no such world is seeded here", hint="`chatctl seed verify` lists them")
        if not dry_run and found:
            confirm_write(at.target, shared, what="seed clean")
        cleaned = []
        for run in found:
            note(f"taking away {run}", shared)
            cleaned.append(
                cleaning.clean(
                    at.conn,
                    run,
                    api=at.api,
                    dry_run=dry_run,
                    on_wait=lambda why: note(f"  {why}", shared),
                )
            )
    text = "\n".join(map(_summary, cleaned)) or "no world is seeded here"
    show_document({"worlds": cleaned}, shared, text=text)


def _summary(cleaned: Cleaned) -> str:
    counts = ", ".join(f"{rows:,} {name}" for name, rows in cleaned.removed.items() if rows)
    said = f"{cleaned.world} {cleaned.seed}: removed {counts or 'nothing'}"
    if cleaned.dry_run:
        said += "; rolled back, nothing is changed"
    if not cleaned.kept:
        return said
    kept = table([vars(it) for it in cleaned.kept], ("kind", "name", "id", "reason"))
    return f"{said}\nkept, and why:\n{kept}"
