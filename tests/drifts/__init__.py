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
-- With columns that no view depends on.
create table private.notes (
  id int primary key,
  user_id uuid constraint notes_user_id_fkey references public.user_profiles (id),
  title text constraint notes_title_length check (char_length(title) <= 255),
  body text,
  at timestamptz,
  twice text generated always as (body || body) stored,
  constraint notes_about_something check (num_nonnulls(user_id, body) = 1)
);
create index notes_user on private.notes (user_id);
grant update (title) on private.notes to service_role;
{structure.PARTED}
"""

CHANGES: list[ManualChange] = [*structure.CHANGES, *code.CHANGES, *access.CHANGES, *platform.CHANGES]
