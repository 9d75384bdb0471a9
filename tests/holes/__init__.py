"""Deliberate holes: SQL that somebody might write, and the findings that the audit must report.

There is a module for each place where mistakes are made; ``gaps`` has holes that the audit does not find yet.
"""

from __future__ import annotations

from tests.holes import (
    claims,
    deletes,
    functions,
    grants,
    helpers,
    inserts,
    platform,
    reads,
    realtime,
    restrictions,
    storage,
    surface,
    triggers,
    updates,
)
from tests.holes.hole import Hole

__all__ = ["HOLES", "Hole"]

HOLES = [
    *reads.HOLES,
    *inserts.HOLES,
    *updates.HOLES,
    *deletes.HOLES,
    *functions.HOLES,
    *helpers.HOLES,
    *triggers.HOLES,
    *restrictions.HOLES,
    *claims.HOLES,
    *storage.HOLES,
    *grants.HOLES,
    *surface.HOLES,
    *realtime.HOLES,
    *platform.HOLES,
]
