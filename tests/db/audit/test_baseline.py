"""An accepted finding is reported again when its hole grows, and stays accepted when the hole shrinks."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from chatctl.services.audit import baseline
from chatctl.services.audit.access.expectations import Access
from chatctl.services.audit.baseline import BaselineEntry
from chatctl.services.audit.findings.finding import AuditRule, Place
from chatctl.services.audit.report import AuditReport
from chatctl.services.audit.run import audit
from tests.support import small_audit
from tests.support.world import Database

TODAY = date(2026, 6, 1)
ACCEPT = BaselineEntry(
    rule=AuditRule.leak,
    object="",
    action=None,
    identities=frozenset(),
    reason="known",
    owner="ann",
    expires=date(2026, 9, 1),
    place=Place("", 1),
)
SCHEMA = """
create table public.notes (id uuid primary key default gen_random_uuid(), owner uuid not null, word text);
alter table public.notes enable row level security;
create policy r on public.notes for select to authenticated using (owner = auth.uid());
"""
RULES = """
tables:
  public.notes: {key: [id], privileges: platform, select: this.owner = actor}
"""
ROWS = """
insert into public.notes values
  (id('n1'), id('ann'), 'x'), (id('n2'), id('ben'), 'y'), (id('n3'), id('ben'), 'y');
"""
OWN = "owner = (select auth.uid())"
ALL = "(select auth.uid()) in (select n.owner from public.notes n) and id is not null"

# The accepted hole, what it becomes -> the findings that are reported again.
GROWN = {
    "own rows, then all": (
        f"create policy d on public.notes for delete to authenticated using ({OWN})",
        f"alter policy d on public.notes using ({ALL})",
        {"delete without where"},
    ),
    "ann's own rows, then everybody's": (
        f"create policy d on public.notes for delete to authenticated using ({OWN} and word = 'x')",
        f"alter policy d on public.notes using ({OWN})",
        {"delete", "delete without where"},
    ),
    "reading one more row": (
        "create policy s on public.notes for select to authenticated using (word = 'x')",
        "alter policy s on public.notes using (true)",
        {"select", "select id", "select owner", "select word"},
    ),
    "reading other rows": (
        "create policy s on public.notes for select to authenticated using (word = 'x')",
        "alter policy s on public.notes using (word = 'y')",
        {"select", "select id", "select owner", "select word"},
    ),
    "another action": (
        f"create policy d on public.notes for delete to authenticated using ({OWN})",
        f"create policy u on public.notes for update to authenticated using ({OWN})",
        {"update word", "update id"},
    ),
}  # fmt: skip


@pytest.fixture
def pg_version() -> int:
    """One version is enough: it is about accepted findings."""
    return 18


@pytest.fixture
def access(tmp_path: Path) -> Access:
    return small_audit.rules(tmp_path, RULES, ROWS)


def audited(database: Database, access: Access, statements: str) -> AuditReport:
    with database.connect() as conn:
        conn.execute(statements.encode())
        return audit(conn, access)


def accepted(report: AuditReport) -> list[BaselineEntry]:
    return baseline.updated(report, [], TODAY, ACCEPT)


@pytest.mark.parametrize(("before", "after", "reported_again"), GROWN.values(), ids=GROWN)
def test_a_hole_that_grew_is_a_finding_again(
    bare_database: Database, access: Access, before: str, after: str, reported_again: set[str]
) -> None:
    entries = accepted(audited(bare_database, access, f"{SCHEMA} {before}"))
    grown = baseline.apply(audited(bare_database, access, after), entries, TODAY)
    assert reported_again <= {each.action for each in grown.findings if each.object == "public.notes"}


def test_a_hole_that_is_the_same_or_smaller_stays_accepted(bare_database: Database, access: Access) -> None:
    wide = f"{SCHEMA} create policy d on public.notes for delete to authenticated using ({ALL});"
    entries = accepted(audited(bare_database, access, wide))
    again = audited(bare_database, access, "")
    assert baseline.apply(again, entries, TODAY).problems == ()
    smaller = audited(bare_database, access, f"alter policy d on public.notes using ({OWN})")
    assert baseline.apply(smaller, entries, TODAY).problems == ()
    # A hole that became smaller may not grow back once the baseline is updated.
    ratcheted = baseline.updated(smaller, entries, TODAY, None)
    grown = audited(bare_database, access, f"alter policy d on public.notes using ({ALL})")
    assert baseline.apply(grown, ratcheted, TODAY).findings
