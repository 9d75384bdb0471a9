"""``chatctl seed perf``: seed enough rows to reveal slow queries."""

from __future__ import annotations

import typer

from chatctl.cli.commands.seed.world import DryRunOption, ScaleOption, SeedOption, UsersOption, seed_world
from chatctl.cli.options import options
from chatctl.services.seed import outline
from chatctl.services.seed.spec import BUILT_IN

EPILOG = """\b
Examples:
  chatctl seed perf                   1,010,000 messages: pat@perf.example is in 100 conversations,
                                      50 others share a busy group
  chatctl seed perf --scale 0.1       a tenth of that
"""


def perf(
    ctx: typer.Context,
    number: SeedOption = outline.FIRST_SEED,
    scale: ScaleOption = 1.0,
    users: UsersOption = "auto",
    dry_run: DryRunOption = False,
) -> None:
    """Seed a million messages to reveal slow queries. Most of them are visible to one user."""
    seed_world(options(ctx), BUILT_IN["perf"], number, scale, users, dry_run)
