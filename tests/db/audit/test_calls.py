"""The audit calls functions of every kind and with every kind of argument."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from chatctl.errors import Invalid
from chatctl.services.audit.report import AuditReport
from chatctl.services.audit.verdicts.cells import State
from tests.support import small_audit
from tests.support.world import Database

TABLE = """
create table public.notes (id uuid primary key, person uuid not null);
alter table public.notes enable row level security;
create policy own on public.notes for select to authenticated using (person = (select auth.uid()));
create type public.pair as (word text, number integer);
create schema elsewhere;
create type elsewhere.level as enum ('low', 'high');
grant usage on schema elsewhere to anon, authenticated, service_role;
"""
ROWS = "insert into public.notes values (id('a'), id('ann')), (id('b'), id('ben'));"

# The types of a function public.f as in access.yaml, its definition, its arguments, its result.
CALLED: dict[str, tuple[str, str, dict[str, str], str]] = {
    "no name": ("text", "(text) returns text return $1 || '!'", {"what": "'x'"}, "x!"),
    "no names": (
        "text, integer", "(text, integer) returns text return $1 || $2", {"a": "'x'", "b": "7"}, "x7",
    ),
    "a name before none": (
        "text, integer, integer",
        "(a text, integer, c integer) returns text return $1 || $2 || $3",
        {"c": "3", "a": "'x'", "other": "2"},
        "x23",
    ),
    "capitals": ("text", """("What Is" text) returns text return $1""", {"What Is": "'x'"}, "x"),
    "defaults": (
        "text, text, text",
        "(a text, b text default '2', c text default '3') returns text return a || b || c",
        {"a": "'1'", "c": "'4'"},
        "124",
    ),
    "variadic": (
        "text, integer[]",
        "(a text, variadic rest integer[]) returns text return a || rest[1] || rest[2]",
        {"a": "'x'", "rest": "array[1, 2]"},
        "x12",
    ),
    "variadic, no name": (
        "integer[]", "(variadic integer[]) returns integer return $1[2]", {"all": "array[1, 2]"}, "2",
    ),
    "out arguments first": (
        "integer",
        "(out x integer, out y text, a integer) language sql as 'select a + 1, a::text'",
        {"a": "1"},
        "(2,1)",
    ),
    "in and out": ("integer", "(inout a integer) language sql as 'select a + 1'", {"a": "1"}, "2"),
    "an array": ("text[]", "(a text[]) returns text return a[2]", {"a": "array['x', 'y']"}, "y"),
    "a composite": ("public.pair", "(a public.pair) returns text return (a).word", {"a": "'(x,1)'"}, "x"),
    "composites": (
        "public.pair[]",
        "(a public.pair[]) returns text return (a[1]).word",
        {"a": "array[row('x', 1)::public.pair]"},
        "x",
    ),
    "a row of a table": (
        "public.notes",
        "(a public.notes) returns boolean return (a).id is not null",
        {"a": "select n from public.notes n order by id limit 1"},
        "true",
    ),
    "a type out of the path": (
        "elsewhere.level", "(a elsewhere.level) returns text return a::text", {"a": "'high'"}, "high",
    ),
    "a type without its schema": (
        "level", "(a elsewhere.level) returns text return a::text", {"a": "'high'"}, "high",
    ),
    "any type": (
        "anyelement", "(a anyelement) returns text language sql as 'select a::text'", {"a": "7"}, "7",
    ),
    "any array": (
        "anyarray, anyelement",
        "(a anyarray, b anyelement) returns text language sql as 'select b::text'",
        {"a": "array[1, 2]", "b": "7"},
        "7",
    ),
    "a set": (
        "integer",
        "(n integer) returns setof integer language sql as 'select 1 from generate_series(1, n)'",
        {"n": "1"},
        "1",
    ),
    "a table": (
        "integer", "(n integer) returns table (a integer, b integer) return (n, 2)", {"n": "1"}, "(1,2)",
    ),
    "a record": ("integer", "(n integer) returns record language sql as 'select n, n'", {"n": "1"}, "(1,1)"),
    "one of two of a name": (
        "text",
        "(a text) returns text return 'text'; "
        "create function public.f(a integer) returns text return 'integer'",
        {"a": "'1'"},
        "text",
    ),
    "a window function": ("", "() returns bigint language internal window as 'window_row_number'", {}, "1"),
}  # fmt: skip
OPEN = {"anon": State.finding, "ann": State.allowed, "ben": State.allowed, "service_role": State.allowed}


@pytest.fixture
def pg_version() -> int:
    """One version is enough: the catalogue is the same."""
    return 18


def audited(
    database: Database, directory: Path, statements: str, signature: str, call: dict[str, str], **more: Any
) -> AuditReport:
    """The audit of one function that everybody except anon may call."""
    document = {
        "tables": {
            "public.notes": {"key": ["id"], "privileges": "platform", "select": "this.person = actor"}
        },
        "functions": {signature: {"allow": "role <> 'anon'", "call": call, **more}},
    }
    access = small_audit.rules(directory, yaml.safe_dump(document), ROWS)
    with database.connect("supabase_admin" if "internal" in statements else "postgres") as conn:
        conn.execute(statements.encode())
    return small_audit.audited(database, "", access, "execute")


def states(report: AuditReport, signature: str) -> dict[str, State]:
    return {cell.identity: cell.state for cell in report.cells if cell.object == signature}


@pytest.mark.parametrize(("types", "make", "call", "value"), CALLED.values(), ids=CALLED)
def test_a_function_is_called_and_returns_its_required_rows(
    bare_database: Database, tmp_path: Path, types: str, make: str, call: dict[str, str], value: str
) -> None:
    """Anon may call it, too: the reported leak shows that it was called."""
    returns = {"value": "result", "rows": f"select '{value}'"}
    signature, statements = f"public.f({types})", f"{TABLE} create function public.f{make};"
    report = audited(bare_database, tmp_path, statements, signature, call, returns=returns)
    assert [each.message for each in report.doubts] == []
    assert states(report, signature) == OPEN


def test_an_aggregate_is_called(bare_database: Database, tmp_path: Path) -> None:
    make = "create aggregate public.f(a integer) (sfunc = int4pl, stype = integer, initcond = '1');"
    returns = {"value": "result", "rows": "select 8"}
    report = audited(bare_database, tmp_path, TABLE + make, "public.f(integer)", {"a": "7"}, returns=returns)
    assert states(report, "public.f(integer)") == OPEN


PROCEDURE = """
create procedure public.p(a integer, inout b integer, out c text) language plpgsql security definer as
$$ begin insert into public.notes values (md5('made')::uuid, md5('somebody')::uuid); b := a; c := 'x'; end $$;
"""


@pytest.mark.parametrize("changes", [{}, {"public.notes": ["insert"]}])
def test_a_procedure_is_called_and_its_writes_are_seen(
    bare_database: Database, tmp_path: Path, changes: dict[str, list[str]]
) -> None:
    call, signature = {"a": "1", "b": "2"}, "public.p(integer, integer)"
    report = audited(bare_database, tmp_path, TABLE + PROCEDURE, signature, call, changes=changes)
    effects = {each.id for each in report.findings if each.command == "execute"}
    assert (f"effect:{signature}:call" in effects) is not bool(changes)
    assert states(report, signature)["anon"] is State.finding


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ({}, "call lacks a; it takes a integer, b text"),
        ({"a": "1"}, "call lacks b; it takes a integer, b text"),
        (
            {"a": "1", "b": "'x'", "c": "1"},
            "call gives c, which is not one of its arguments; it takes a integer, b text",
        ),
    ],
)
def test_arguments_that_do_not_match_are_named(
    bare_database: Database, tmp_path: Path, call: dict[str, str], message: str
) -> None:
    make = "; create function public.f(a integer, b text, out c text) language sql as 'select b'"
    with pytest.raises(Invalid) as refusal:
        audited(bare_database, tmp_path, TABLE + make, "public.f(integer, text)", call)
    assert refusal.value.message == f"access.yaml: functions.public.f(integer, text).{message}"


def test_a_signature_with_names_in_it_is_named(bare_database: Database, tmp_path: Path) -> None:
    make = "create function public.f(a integer) returns integer return a;"
    with pytest.raises(Invalid, match=r"access.yaml: functions.public.f\(a integer\): syntax error"):
        audited(bare_database, tmp_path, TABLE + make, "public.f(a integer)", {"a": "1"})
