"""Results that change over time during an audit are not leaks; the clock of these tests is a sequence."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatctl.services.audit.findings.finding import AuditFinding, AuditRule
from chatctl.services.audit.formats import ReportFormat, render
from chatctl.services.audit.mutation.score import End, mutate
from chatctl.services.audit.report import AuditReport
from tests.support import small_audit
from tests.support.world import Database

CLOCK = """
create sequence public.clock;
grant usage on sequence public.clock to anon, authenticated, service_role;
create function public.tick() returns bigint language sql volatile set search_path = ''
as 'select nextval(''public.clock'')';
create table public.first (id uuid primary key, person uuid not null);
create table public.second (id uuid primary key, person uuid not null);
alter table public.first enable row level security;
alter table public.second enable row level security;
revoke all on public.first, public.second from anon, authenticated;
grant select on public.first, public.second to authenticated;
create policy own on public.first for select to authenticated using (person = (select auth.uid()));
"""
RULES = """
tables:
  public.first:
    key: [id]
    select: {first}
  public.second:
    key: [id]
    select: {second}
"""
# Reachable, but not part of the audit.
REACH = """
functions:
  public.tick(): {allow: role <> 'anon', call: {}, unless: "true"}
"""
ROWS = """
select setval('public.clock', 1, false);
insert into public.first values (id('a'), id('ann')), (id('b'), id('ben'));
insert into public.second values (id('c'), id('ann')), (id('d'), id('ben'));
"""
OWN = "this.person = actor"
# The required result is evaluated once for each person and row.
AT_FIRST = "actor is not null and tick() <= 4"
AT_ALL = "policy at_all on public.second for select to authenticated using"


@pytest.fixture
def pg_version() -> int:
    """One version is enough: it is about the order of probes."""
    return 18


def audited(
    database: Database, directory: Path, policies: str, *, first: str = OWN, second: str = OWN
) -> AuditReport:
    access = small_audit.rules(directory, RULES.format(first=first, second=second), ROWS)
    return small_audit.audited(database, CLOCK + policies, access, "select")


def table_problems(findings: tuple[AuditFinding, ...]) -> set[tuple[AuditRule, str]]:
    return {
        (each.rule, each.object) for each in findings if each.rule is not AuditRule.unlisted and each.command
    }


def test_a_required_result_that_changes_over_time_does_not_pass(
    bare_database: Database, tmp_path: Path
) -> None:
    """The rules first expect everything to be open, as it is, and later nothing."""
    policies = f"create {AT_ALL} (true)"
    report = audited(bare_database, tmp_path, policies, second=AT_FIRST)
    assert table_problems(report.findings) == set()
    assert table_problems(report.doubts) == {(AuditRule.time_dependent, "public.second")}
    (doubt,) = (each for each in report.doubts if each.action == "select")
    assert set(doubt.identities) == {"ann", "ben"}
    assert "access.yaml expected 2 rows (c, d); at the end of the run it expected a refusal" in doubt.message


def test_a_leak_that_only_appears_later_is_not_a_finding(bare_database: Database, tmp_path: Path) -> None:
    """Every read advances the clock; the second table, tested last, opens after enough reads of the first."""
    policies = f"""
        create policy moves on public.first for select to authenticated using (public.tick() < 0);
        create {AT_ALL} (person = (select auth.uid()) or (select nextval('public.clock') > 6));
    """
    report = audited(bare_database, tmp_path, policies)
    assert table_problems(report.findings) == set()
    assert {rule for rule, _ in table_problems(report.doubts)} == {AuditRule.time_dependent}
    message = next(each.message for each in report.doubts if each.action == "select")
    assert "at first it returned 2 rows; too many:" in message
    assert "tried again, it returned 1 row" in message


def test_a_permanent_leak_stays_a_finding(bare_database: Database, tmp_path: Path) -> None:
    report = audited(bare_database, tmp_path, f"create {AT_ALL} (true)")
    assert table_problems(report.findings) == {(AuditRule.leak, "public.second")}
    assert table_problems(report.doubts) == set()


def test_a_time_dependent_cell_is_named_in_every_format(bare_database: Database, tmp_path: Path) -> None:
    report = audited(bare_database, tmp_path, f"create {AT_ALL} (true)", second=AT_FIRST)
    assert not report.conclusive
    for each in ReportFormat:
        assert "time-dependent" in render(report, each).lower(), each
    assert "public.second" in render(report, ReportFormat.text).split("TIME-DEPENDENT")[1]


def test_a_finding_that_cannot_be_retried_stays_and_the_report_mentions_it(
    bare_database: Database, tmp_path: Path
) -> None:
    """The fixture can be created only once."""
    sequence = "create sequence public.once maxvalue 2 start 2"
    fixture = f"{ROWS} select nextval('public.once');"
    access = small_audit.rules(tmp_path, RULES.format(first=OWN, second=OWN), fixture)
    report = small_audit.audited(
        bare_database, f"{CLOCK} {sequence}; create {AT_ALL} (true)", access, "select"
    )
    assert (AuditRule.leak, "public.second") in table_problems(report.findings)
    assert "the findings could not be tried again: fixture.sql:" in render(report, ReportFormat.text)


def test_mutants_judged_before_a_time_dependent_change_keep_their_verdict(
    bare_database: Database, tmp_path: Path
) -> None:
    """The second table opens in the middle of the run, which looks like the effect of many mutants."""
    opens = f"create {AT_ALL} (person = (select auth.uid()) or (select nextval('public.clock') > 20));"
    access = small_audit.rules(tmp_path, f"{RULES.format(first=OWN, second=OWN)}{REACH}", ROWS)
    with bare_database.connect() as conn:
        conn.execute((CLOCK + opens).encode())
        score = mutate(conn, access, {})
    (sentence,) = score.unstable
    assert sentence.startswith("public.second: select as ")
    assert ": at first 1 row (" in sentence
    assert "in the end it returned 2 rows; too many: " in sentence
    ends = {(result.object, result.operator): result.end for result in score.results}
    assert ends["public.first", "policy-dropped"] is End.killed
    assert ends["public.second", "row-security-off"] is End.killed  # known from the catalogue
    assert ends["public.second", "using-true"] is End.inconclusive
    assert {result.end for result in score.results if result.object == "public.first"} == {End.killed}
