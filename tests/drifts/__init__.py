"""Drift caused by manual changes of a database, and the difference that must be found for each, once."""

from __future__ import annotations

from tests.drifts import access, code, platform, structure
from tests.drifts.change import ManualChange

# Kinds of objects that our schema does not have, so that they can be changed as well.
GROUND = f"""
create type mood as enum ('a');
create domain short as text constraint nine check (length(value) < 9);
create type pair as (a int, b int);
create sequence counter;
create view plain as select id from organizations;
alter table private.holds add column twice text generated always as (name || name) stored;
{structure.PARTED}
"""

CHANGES: list[ManualChange] = [*structure.CHANGES, *code.CHANGES, *access.CHANGES, *platform.CHANGES]
