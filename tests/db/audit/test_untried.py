"""Cells that access.yaml lists but that cannot be tried are named in every format."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from chatctl.errors import Inconclusive
from chatctl.services.audit.findings.finding import AuditRule
from chatctl.services.audit.formats import ReportFormat, render
from chatctl.services.audit.report import AuditReport
from chatctl.services.audit.run import audit
from tests.support import small_audit
from tests.support.world import Database

SCHEMA = """
create table public.notes (id uuid primary key, person uuid not null, place point);
alter table public.notes enable row level security;
create policy own on public.notes for select to authenticated using (person = (select auth.uid()));
create view public.mine as select * from public.notes where person = auth.uid();
create function public.f(a integer) returns integer language sql as 'select a';
create schema elsewhere;
create type elsewhere.level as enum ('low', 'high');
create function public.g(a elsewhere.level) returns integer language sql as 'select 1';
create aggregate public.nth(order by integer) (sfunc = int4pl, stype = integer);
"""
RULES = """
tables:
  public.notes: {{key: [id], privileges: platform, select: this.person = actor{more_of_notes}}}
  public.mine:
    key: [id]
    privileges: {privileges}
    rows: select n.id from notes n where n.person = actor
    {more_of_mine}
functions:
  public.f(integer): {{allow: role <> 'anon', call: {{a: "{calls}"}}}}
  {functions}
{more}
"""
WORDS = {
    "privileges": "declared", "calls": "1",
    **dict.fromkeys(("more_of_notes", "more_of_mine", "functions", "more"), ""),
}  # fmt: skip
ROWS = "insert into public.notes values (id('a'), id('ann'), '(1,1)'), (id('b'), id('ben'), '(2,2)');"
POINTLESS = "insert into public.notes values (id('a'), id('ann')), (id('b'), id('ben'));"

# Text of the rules -> the named object and action, and a part of the reason.
CASES = {
    "an insert through a view that is read by rows": (
        {"more_of_mine": "insert: {allow: never, values: {id: id('x')}}"},
        ("public.mine", "insert", "nothing is written through a view that is read by `rows`"),
    ),
    "an update through one": (
        {"more_of_mine": "update: {person: [{set: actor, allow: never}]}"},
        ("public.mine", "update", "nothing is written through a view"),
    ),
    "a delete through one": (
        {"more_of_mine": "delete: this.person = actor"},
        ("public.mine", "delete", "nothing is written through a view"),
    ),
    "what the platform lets write through one": (
        {"privileges": "platform"},
        ("public.mine", "insert", "a role holds insert on it"),
    ),
    "values that make no row": (
        {"more_of_notes": ", insert: {allow: never, values: {id: select id from notes where false}}"},
        ("public.notes", "insert", "`values` produce no row"),
    ),
    "calls that are all left out": (
        {"calls": "select 1 where false"},
        ("public.f(integer)", "call", "`call` yields no argument values"),
    ),
    "an aggregate of an order": (
        {"functions": "public.nth(integer): {allow: role <> 'anon', call: {a: \"1\"}}"},
        ("public.nth(integer)", "call", "it is an ordered-set aggregate"),
    ),
}  # fmt: skip


@pytest.fixture
def pg_version() -> int:
    """One version is enough: it is about access.yaml."""
    return 18


def audited(database: Database, directory: Path, words: dict[str, str], rows: str = ROWS) -> AuditReport:
    access = small_audit.rules(directory, RULES.format(**{**WORDS, **words}), rows)
    return small_audit.audited(database, SCHEMA, access)


@pytest.mark.parametrize(("words", "expected"), CASES.values(), ids=CASES)
def test_an_untried_cell_is_a_doubt_that_every_format_names(
    bare_database: Database, tmp_path: Path, words: dict[str, str], expected: tuple[str, str, str]
) -> None:
    report = audited(bare_database, tmp_path, words)
    messages = {(each.object, each.action): each.message for each in report.of(AuditRule.untried)}
    name, action, reason = expected
    assert reason in messages[name, action]
    assert not report.conclusive
    for each in ReportFormat:
        assert "untried" in render(report, each).lower(), each


def test_everything_that_can_be_tried_is_tried(bare_database: Database, tmp_path: Path) -> None:
    assert audited(bare_database, tmp_path, {}).of(AuditRule.untried) == ()


def test_a_column_without_another_known_value_is_named(bare_database: Database, tmp_path: Path) -> None:
    (doubt,) = audited(bare_database, tmp_path, {}, POINTLESS).of(AuditRule.untried)
    assert (doubt.object, doubt.action) == ("public.notes", "update place")
    assert "no other value of type point is known" in doubt.message


def test_rules_whose_identities_all_only_read_are_reported(bare_database: Database, tmp_path: Path) -> None:
    access = small_audit.rules(tmp_path, RULES.format(**WORDS), ROWS)
    readers = tuple(replace(each, reads_only=True) for each in access.identities)
    report = small_audit.audited(bare_database, SCHEMA, replace(access, identities=readers))
    assert "untried:identities:writes and calls" in {each.id for each in report.doubts}


def test_what_access_yaml_excludes_is_a_note_in_every_format(bare_database: Database, tmp_path: Path) -> None:
    more = "internal: {functions: {elsewhere.secret(integer): asks the operator}}"
    report = audited(bare_database, tmp_path, {"more": more})
    assert report.conclusive
    for each in ReportFormat:
        text = render(report, each)
        assert "elsewhere.secret(integer)" in text, each
        assert "asks the operator" in text, each


def test_only_selected_objects_are_named(bare_database: Database, tmp_path: Path) -> None:
    words = {"calls": "select 1 where false", "privileges": "platform"}
    access = small_audit.rules(tmp_path, RULES.format(**{**WORDS, **words}), ROWS)
    report = small_audit.audited(bare_database, SCHEMA, access, "public.f(integer)", "public.notes")
    assert {each.object for each in report.of(AuditRule.untried)} == {"public.f(integer)"}


def test_a_cell_that_an_existing_database_cannot_test_is_a_note(
    bare_database: Database, tmp_path: Path
) -> None:
    more = 'existing: {ann: "select id from auth.users order by id limit 1"}'
    access = small_audit.rules(tmp_path, RULES.format(**{**WORDS, "more": more}), ROWS)
    with bare_database.connect() as conn:
        conn.execute(SCHEMA.encode())
        conn.execute("insert into auth.users (id) values (gen_random_uuid())")
        report = audit(conn, access, sample=5)
    assert report.of(AuditRule.untried) == ()
    assert {each.object: each.reason for each in report.not_tried} == {"public.notes": "the table has no row"}


def test_a_column_of_an_existing_row_without_another_value_is_a_note(
    bare_database: Database, tmp_path: Path
) -> None:
    more = 'existing: {ann: "select id from auth.users order by id limit 1"}'
    access = small_audit.rules(tmp_path, RULES.format(**{**WORDS, "more": more}), ROWS)
    with bare_database.connect() as conn:
        conn.execute(SCHEMA.encode())
        conn.execute(
            "with made as (insert into auth.users (id) values (gen_random_uuid()) returning id) "
            "insert into public.notes (id, person) select gen_random_uuid(), id from made"
        )
        report = audit(conn, access, sample=5)
    assert report.of(AuditRule.untried) == ()
    assert any("no other value of type point is known" in each.reason for each in report.not_tried)


def test_if_nothing_is_left_to_try_the_reason_is_reported(bare_database: Database, tmp_path: Path) -> None:
    access = small_audit.rules(tmp_path, RULES.format(**{**WORDS, "calls": "select 1 where false"}), ROWS)
    with pytest.raises(Inconclusive, match="nothing that can be tried") as failure:
        small_audit.audited(bare_database, SCHEMA, access, "public.f(integer)")
    assert failure.value.hint == "public.f(integer): `call` yields no argument values"
