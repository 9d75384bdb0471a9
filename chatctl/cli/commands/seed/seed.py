"""``chatctl seed``: fill a database with a world; without a verb, the demo."""

from __future__ import annotations

import typer

from chatctl.cli.commands.seed.world import DryRunOption, ScaleOption, SeedOption, UsersOption, seed_world
from chatctl.cli.options import options
from chatctl.services.seed import outline
from chatctl.services.seed.spec import BUILT_IN

EPILOG = """\b
Examples:
  chatctl seed                        the demo: 3 organizations, 60 users, 2,000 messages
  chatctl seed demo --seed 7          another demo with different users and messages, next to the first
  chatctl seed perf                   one user in 100 conversations of 10,000 messages each
  chatctl seed from world.yaml --scale 10
  chatctl seed perf --dry-run         show the rows and the disk space needed, and check that seeding works
  chatctl seed verify                 check that seeded rows are unchanged; exit 7 if not
  chatctl seed clean                  remove seeded rows, and nothing else

The same world and seed give the same rows on every server. Production is never seeded.
"""


def seed(
    ctx: typer.Context,
    number: SeedOption = outline.FIRST_SEED,
    scale: ScaleOption = 1.0,
    users: UsersOption = "auto",
    dry_run: DryRunOption = False,
) -> None:
    """Fill a database with realistic data; without a command, with the demo world."""
    if ctx.invoked_subcommand is None:
        seed_world(options(ctx), BUILT_IN["demo"], number, scale, users, dry_run)
        return
    # Options before the name of the command become its defaults.
    given_options = {
        name: value
        for name, value in ctx.params.items()
        if (source := ctx.get_parameter_source(name)) and source.name != "DEFAULT"
    }
    ctx.default_map = {ctx.invoked_subcommand: given_options}
