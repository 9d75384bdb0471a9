"""Building blocks of the cases: a table, and short ways to write a policy or a function."""

from __future__ import annotations

CLOSED = "revoke all on {} from anon, authenticated"
NOTES = """
create table public.notes (
  id uuid primary key, author uuid, organization uuid, kind text, open boolean, at timestamptz,
  "Odd name" text
);
alter table public.notes enable row level security;
"""


def policy(using: str, command: str = "select", table: str = "public.notes") -> str:
    clause = "with check" if command == "insert" else "using"
    return f"create policy tried on {table} for {command} to authenticated {clause} ({using})"


def function(name: str, options: str = "security definer", returns: str = "text") -> str:
    return f"create function {name} returns {returns} language sql {options} as 'select null::{returns}'"


def body(name: str, statements: str, options: str = "security definer", returns: str = "text") -> str:
    return f"create function {name} returns {returns} language plpgsql {options} as $it$ {statements} $it$"
