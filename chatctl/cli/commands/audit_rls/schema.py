"""``chatctl audit-rls schema``: the JSON Schema of access.yaml."""

from __future__ import annotations

import typer

from chatctl.cli.options import options
from chatctl.cli.output import show_schema

EPILOG = """\b
Example, for an editor that checks YAML against a schema:
  chatctl audit-rls schema > access.schema.json
"""


def schema(ctx: typer.Context) -> None:
    """Print the JSON Schema of access.yaml."""
    shared = options(ctx)
    from chatctl.services.audit.access.schema import json_schema  # noqa: PLC0415 - pydantic

    show_schema(json_schema(), shared)
