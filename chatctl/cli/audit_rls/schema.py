"""``chatctl audit-rls schema``: what an access.yaml may say."""

from __future__ import annotations

import json

EPILOG = """\b
Example, for an editor that checks YAML against a schema:
  chatctl audit-rls schema > access.schema.json
"""


def schema() -> None:
    """Print the JSON Schema of access.yaml."""
    from chatctl.services.audit import accessschema  # noqa: PLC0415 - pydantic

    print(json.dumps(accessschema.schema(), indent=2))
