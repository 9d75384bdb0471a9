"""``chatctl seed schema``: the JSON Schema of the files for ``seed from``."""

from __future__ import annotations

import typer

from chatctl.cli.options import options
from chatctl.cli.output import show_schema

EPILOG = """\b
Examples:
  chatctl seed schema > world.schema.json
"""


def schema(ctx: typer.Context) -> None:
    """Print the JSON Schema of the files for `seed from`."""
    shared = options(ctx)
    from chatctl.services.seed import specfile  # noqa: PLC0415 - pydantic

    show_schema(specfile.schema(), shared)
