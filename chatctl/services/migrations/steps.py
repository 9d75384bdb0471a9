"""The result of a run for each file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from chatctl.services.migrations.effects import Effects


@dataclass(frozen=True)
class MigrationStep:
    """One file that was run, applied or dropped, and how long it took.

    ``effects`` is set only by a dry run; ``tried`` is false for a file that a dry run cannot run.
    """

    kind: Literal["version", "object", "drop"]
    path: str
    milliseconds: int
    effects: Effects | None = None
    tried: bool = True
