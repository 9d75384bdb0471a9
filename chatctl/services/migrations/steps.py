"""What a run did, file by file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from chatctl.services.migrations.effects import Effects


@dataclass(frozen=True)
class MigrationStep:
    """One file that was run, applied or dropped, and how long it took.

    ``effects`` are known after a rehearsal only; ``tried`` is false for what a rehearsal cannot run.
    """

    kind: Literal["version", "object", "drop"]
    path: str
    milliseconds: int
    effects: Effects | None = None
    tried: bool = True
