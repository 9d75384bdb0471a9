"""What an export consists of: sections of rows, and the text of their values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

ExportRow = Mapping[str, Any]


@dataclass(frozen=True)
class ExportSection:
    """One kind of rows: the name of its file, its title on the page, and its query."""

    name: str
    title: str
    query: str


def as_text(value: Any) -> str:
    """Values that JSON does not know: times as ISO 8601 in UTC, everything else by its text."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} cannot be exported")


def cell(value: Any) -> str:
    """A value as the text of a cell: empty for null, JSON for lists and objects."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | dict):
        return json.dumps(value, default=as_text, ensure_ascii=False)
    return str(value) if isinstance(value, int | float | str) else as_text(value)
