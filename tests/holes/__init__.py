"""Holes as they are made by hand: what somebody might write, and where the audit must find it.

A module for each place at which mistakes are made. What the audit does not find yet is in ``gaps``.
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
