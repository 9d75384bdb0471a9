"""``chatctl seed from``: seed a world described in a YAML file."""

from __future__ import annotations

from pathlib import Path
from textwrap import indent
from typing import Annotated

import typer

from chatctl.cli.commands.seed.world import DryRunOption, ScaleOption, SeedOption, UsersOption, seed_world
from chatctl.cli.options import options
from chatctl.services.seed import outline

MINIMAL_WORLD = """\
messages: 1000
organizations:
  - name: Acme
    slug: acme
    users: 20
    conversations:
      - {name: Everyone, size: 50}
      - {direct: true, count: 10}    # between two people
      - {count: 5}                   # groups
"""

EPILOG = f"""\b
Examples:
  chatctl seed from world.yaml
  chatctl seed from world.yaml --scale 10 --dry-run
  chatctl seed schema > world.schema.json     for completion and checks in an editor

\b
A minimal world.yaml:
{indent(MINIMAL_WORLD, "  ")}
`chatctl seed schema` describes every key.
"""


def from_file(
    ctx: typer.Context,
    file: Annotated[
        Path, typer.Argument(help="The description of the world.", metavar="FILE.yaml", readable=False)
    ],
    number: SeedOption = outline.FIRST_SEED,
    scale: ScaleOption = 1.0,
    users: UsersOption = "auto",
    dry_run: DryRunOption = False,
) -> None:
    """Seed a world described in a YAML file."""
    from chatctl.services.seed import specfile  # noqa: PLC0415 - pydantic

    seed_world(options(ctx), specfile.load(file), number, scale, users, dry_run)
