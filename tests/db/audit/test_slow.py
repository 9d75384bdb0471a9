"""A rule that sleeps or loops: its probes are canceled and named, and the others are tried."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatctl.services.audit.findings.finding import AuditRule
from chatctl.services.audit.report import AuditReport
from chatctl.services.audit.trials import batch
from tests.support import small_audit
from tests.support.world import Database

pytestmark = pytest.mark.slow

FOR_EVER = 10_000  # seconds
SCHEMA = """
create table public.notes (id uuid primary key, person uuid not null, word text);
create table public.others (id uuid primary key, person uuid not null);
alter table public.notes enable row level security;
alter table public.others enable row level security;
revoke all on public.notes, public.others from anon, authenticated;
grant select on public.notes, public.others to authenticated;
create function public.sleeps(seconds integer) returns boolean language plpgsql volatile
set search_path = '' as $$ begin perform pg_sleep(seconds); return true; end $$;
revoke execute on function public.sleeps(integer) from public, anon, authenticated;
create policy everybody on public.others for select to authenticated using (true);
"""
RULES = """
tables:
  public.notes:
    key: [id]
    select: this.person = actor
  public.others:
    key: [id]
    select: this.person = actor
"""
ROWS = """
insert into public.notes values (id('a'), id('ann'), 'x'), (id('b'), id('ben'), 'y');
insert into public.others values (id('c'), id('ann')), (id('d'), id('ben'));
"""


@pytest.fixture
def pg_version() -> int:
    """One version is enough: it is about time."""
    return 18


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the time limits."""
    monkeypatch.setattr(batch, "CALL_SECONDS", 1)
    monkeypatch.setattr(batch, "PROBE_SECONDS", 1)
    monkeypatch.setattr(batch, "STATEMENT_BUDGET", 2)
    monkeypatch.setattr(batch, "AUDIT_BUDGET", 12)


def audited(database: Database, directory: Path, policy: str) -> AuditReport:
    grant = "grant execute on function public.sleeps(integer) to authenticated;"
    access = small_audit.rules(directory, RULES, ROWS)
    return small_audit.audited(database, SCHEMA + grant + policy, access, "select")


def test_a_probe_that_sleeps_is_named_and_the_others_are_tried(
    bare_database: Database, tmp_path: Path
) -> None:
    policy = f"""create policy own on public.notes for select to authenticated using (
        person = auth.uid() and (word <> 'y' or public.sleeps({FOR_EVER})))"""
    report = audited(bare_database, tmp_path, policy)
    slow = {each.action: each for each in report.invalid if each.object == "public.notes"}
    assert slow["select"].identities == ("ben",)
    assert slow["select"].message == "ben: select of all rows, public.notes, took longer than 1 s"
    states = {(cell.identity, cell.object): cell.state for cell in report.cells}
    assert states["ann", "public.notes"] == "allowed"
    leak = next(each for each in report.findings if each.object == "public.others")
    assert (leak.rule, leak.identities) == (AuditRule.leak, ("ann", "ben"))


def test_after_the_time_limit_slow_probes_are_not_started(
    bare_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "AUDIT_BUDGET", 2)
    report = audited(
        bare_database, tmp_path,
        f"create policy own on public.notes for select to authenticated using (public.sleeps({FOR_EVER}))",
    )  # fmt: skip
    rules = {each.rule for each in report.doubts if each.object == "public.notes"}
    assert {AuditRule.invalid, AuditRule.untried} <= rules
    untried = next(each for each in report.doubts if each.rule is AuditRule.untried)
    assert "was not tried, because similar probes took too long" in untried.message
    assert "leak:public.others:select" in {each.id for each in report.findings}


def test_slow_probes_that_do_not_sleep_are_judged_as_usual(
    bare_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All probes together exceed the limit, but none does alone, as on a slow machine."""
    monkeypatch.setattr(batch, "CALL_SECONDS", 0.001)
    monkeypatch.setattr(batch, "PROBE_SECONDS", 60)
    policy = "create policy own on public.notes for select to authenticated using (person = auth.uid())"
    report = audited(bare_database, tmp_path, policy)
    assert report.doubts == ()
    assert {each.object for each in report.findings if each.command} == {"public.others"}


def test_an_assertion_that_fails_is_a_doubt_of_its_probe(bare_database: Database, tmp_path: Path) -> None:
    policy = """
        create or replace function public.sleeps(seconds integer) returns boolean language plpgsql stable
        set search_path = '' as $$ begin assert seconds > 0, 'not positive'; return true; end $$;
        create policy own on public.notes for select to authenticated using (
          person = (select auth.uid()) and public.sleeps(0))
    """
    report = audited(bare_database, tmp_path, policy)
    assert any("P0004" in each.message for each in report.invalid)
