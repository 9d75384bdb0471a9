"""Probes write values that the constraints of a table allow, so that a refusal proves something."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from chatctl.services.audit.access import load
from chatctl.services.audit.report import AuditReport
from chatctl.services.audit.run import audit
from tests.support.world import Database

SCHEMA = """
    create type public.mood as enum ('good', 'bad');
    create table public.notes (
      id uuid primary key,
      owner uuid not null,
      pinned text not null default 'one' check (pinned = 'one'),
      listed text not null default 'a' check (listed in ('a', 'it''s')),
      ranged integer not null default 7 check (ranged between 5 and 9),
      held text not null default 'x' check (held ~ '^x' or ranged > 100),
      mood public.mood not null default 'good',
      raising numeric not null default 1 check (1 / (raising - 3) < 10),
      value text not null default 'text' check (value <> '' and length(value) < 20)
    );
    create index on public.notes (owner);
    alter table public.notes enable row level security;
    revoke all on public.notes from anon;
    create policy mine on public.notes for select to authenticated using (owner = (select auth.uid()));
"""
CHECKED = ("pinned", "listed", "ranged", "held", "mood", "raising", "value")
ACCESS: dict[str, Any] = {
    "fixture": "fixture.sql",
    "api": {"roles": ["anon", "authenticated"], "granted": ["authenticated"], "trusted": ["service_role"]},
    "schemas": {"public": "exposed"},
    "denials": ["42501"],
    "identities": {
        "ann": {"user": "ann", "says": "has a note"},
        "service": {"role": "service_role", "says": "the control"},
    },
    # Like the tables of the platform: the roles have every privilege, and policies decide.
    "tables": {"public.notes": {"key": ["id"], "select": "this.owner = actor", "privileges": "platform"}},
}


@pytest.fixture
def pg_version() -> int:
    """One version is enough: differences between versions show up in complete audits."""
    return 18


def audited(database: Database, directory: Path, statements: str = "") -> AuditReport:
    (directory / "access.yaml").write_text(yaml.safe_dump(ACCESS))
    (directory / "fixture.sql").write_text(
        "insert into public.notes (id, owner) values (id('one'), id('ann'))"
    )
    with database.connect() as conn:
        conn.execute(SCHEMA.encode())
        conn.execute(statements.encode())
        return audit(conn, load(directory / "access.yaml"))


def test_values_allowed_by_a_check_are_tried_and_a_refusal_proves_something(
    bare_database: Database, tmp_path: Path
) -> None:
    report = audited(bare_database, tmp_path)
    assert {each.rule for each in report.findings} <= {"lint"}
    assert (report.invalid, report.vacuous) == ((), ())


def test_a_column_with_one_allowed_value_does_not_hide_a_leak(
    bare_database: Database, tmp_path: Path
) -> None:
    opened = "create policy open on public.notes for update to authenticated using (true)"
    sql_by_id = {each.id: each.sql for each in audited(bare_database, tmp_path, opened).findings}
    assert {f"leak:public.notes:update {name}" for name in CHECKED} <= set(sql_by_id)
    statements = {name: sql_by_id[f"leak:public.notes:update {name}"] for name in CHECKED}
    assert "'one'" in statements["pinned"]
    assert "'it''s'" in statements["listed"]
    assert "'bad'" in statements["mood"]
