"""``chatctl seed demo``: users who can sign in, with conversations and messages."""

from __future__ import annotations

import typer

from chatctl.cli.commands.seed.world import DryRunOption, ScaleOption, SeedOption, UsersOption, seed_world
from chatctl.cli.options import options
from chatctl.services.seed import outline
from chatctl.services.seed.spec import BUILT_IN

EPILOG = """\b
Examples:
  chatctl seed demo                   3 organizations, 60 users, 2,000 messages
  chatctl seed demo --seed 7          another demo with different users and messages, next to the first
  chatctl seed demo --scale 10        the same organizations with ten times as many users and messages
"""


def demo(
    ctx: typer.Context,
    number: SeedOption = outline.FIRST_SEED,
    scale: ScaleOption = 1.0,
    users: UsersOption = "auto",
    dry_run: DryRunOption = False,
) -> None:
    """Seed the demo world: users who can sign in, with messages. If it already exists, nothing is added."""
    seed_world(options(ctx), BUILT_IN["demo"], number, scale, users, dry_run)
