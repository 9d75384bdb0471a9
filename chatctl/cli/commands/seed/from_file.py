"""``chatctl seed from``: a world of your own, as a YAML file describes it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chatctl.cli.commands.seed.world import DryRunOption, ScaleOption, SeedOption, UsersOption, seed_world
from chatctl.cli.options import options
from chatctl.services.seed import outline

EPILOG = """\b
Examples:
  chatctl seed from world.yaml
  chatctl seed from world.yaml --scale 10 --dry-run
  chatctl seed schema > world.schema.json     for an editor that completes and checks the file

Every key is described in docs/seed-worlds.md; examples/world.yaml has them all.
"""


def from_file(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="What the world is to be like.", metavar="FILE.yaml")],
    number: SeedOption = outline.FIRST_SEED,
    scale: ScaleOption = 1.0,
    users: UsersOption = "auto",
    dry_run: DryRunOption = False,
) -> None:
    """Seed a world of your own, as a YAML file describes it."""
    from chatctl.services.seed import specfile  # noqa: PLC0415 - pydantic

    seed_world(options(ctx), specfile.load(file), number, scale, users, dry_run)
