"""The objects defined by a file are read from its text, whatever the text is."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatctl.services.migrations.definitions import (
    Definition,
    defined_by,
    drop_statements,
    granted_tables,
    in_dependency_order,
    may_overlap,
    parse_drops,
    revoked_on,
)
from chatctl.services.migrations.files import SqlFile

# The beginning of a function -> its signature in the drop statement.
FUNCTIONS = {
    "function f() returns int": "f()",
    "function f(\n) returns int": "f()",
    "function f(int, text) returns int": "f(int, text)",
    "or replace function private.f(a int, b text) returns int": "private.f(a int, b text)",
    "OR REPLACE FUNCTION Private.F(A INT) RETURNS INT": "private.f(A INT)",
    'function "Private"."F"(a int)': '"Private"."F"(a int)',
    'function "a ""b"" (c"."d.e"(a int)': '"a ""b"" (c"."d.e"(a int)',
    "function private . f (a int)": "private.f(a int)",
    "function -- why\n private./* here */f /* there */ (a int)": "private.f(a int)",
    "function über.Ärger(a int)": "über.Ärger(a int)",
    "function f(a int default 1, b int = 2, c int := 3)": "f(a int, b int, c int)",
    "function f(a numeric(10, 2) default 1.5, b int)": "f(a numeric(10, 2), b int)",
    "function f(a text default 'x, y) default', b int)": "f(a text, b int)",
    "function f(a text default 'it''s, (' || ')', b int)": "f(a text, b int)",
    r"function f(a text default E'it\'s, )', b int)": "f(a text, b int)",
    "function f(a text default $$x, )y$$, b text = $_$,$$,$_$)": "f(a text, b text)",
    "function f(a int[] default array[1, 2], b int[][] = '{{1,2}}'::int[][])": "f(a int[], b int[][])",
    "function f(a date default (now() - make_interval(days => 1)), b int)": "f(a date, b int)",
    "function f(a timestamp(3) with time zone DEFAULT now())": "f(a timestamp(3) with time zone)",
    "function f(in a int, out b int, variadic d text[])": "f(in a int, out b int, variadic d text[])",
    "function f(inout a int) returns table (b int, c text)": "f(inout a int)",
    'function f("default" int, "a=b" int = 1, "x, y)" "My Type" default 1)': (
        'f("default" int, "a=b" int, "x, y)" "My Type")'
    ),
    "function f(defaulted int, is_default boolean)": "f(defaulted int, is_default boolean)",
    "function f(a int -- first, of two )\n, b int /* ) */)": "f(a int, b int)",
    "function f(a public.t.id%type)": "f(a public.t.id%type)",
}
# The created object -> its drop statement.
OTHERS = {
    "procedure p(in a int, inout b int default 1)": "procedure if exists p(in a int, inout b int)",
    "or replace procedure s.p() language sql": "procedure if exists s.p()",
    "view v as select 1": "view if exists v",
    'or replace view Public."V" (a) with (security_barrier = true) as select 1': 'view if exists public."V"',
    "recursive view s.v (n) as select 1": "view if exists s.v",
    "materialized view if not exists s.m as select 1": "materialized view if exists s.m",
    "trigger t before insert on s.x execute function f()": "trigger if exists t on s.x",
    "or replace trigger t instead of update on v execute function f()": "trigger if exists t on v",
    'trigger "T 1" after update of a, "b on c" or delete on s."X" execute function f()': (
        'trigger if exists "T 1" on s."X"'
    ),
    "constraint trigger t after insert on x from y initially deferred": "trigger if exists t on x",
    'policy "may read, on days" on s.x for select using (true)': (
        'policy if exists "may read, on days" on s.x'
    ),
    "POLICY Reads ON Messages": "policy if exists reads on messages",
}
# The grant, its roles, and the rest that is not part of the revoke.
GRANTS = [
    ("select on s.x", "a", ""),
    ("select (a, b), insert on table x, y", "a, public", ""),
    ("all privileges on x", "a", " with grant option"),
    ("usage on schema s", '"A to"', " granted by current_user"),
    ("execute on function s.f(a int, b text)", "a", " with grant option granted by current_user"),
    ("select on all tables in schema s", "a", ""),
    ('select on " to "', '" on "', ""),
]
# Nothing to drop, or nothing that can be read from the text.
NOTHING = [
    "grant a to b with admin option",
    "revoke all on x from public",
    "drop view v",
    "alter table x enable row level security",
    "comment on view v is 'create view w as select 1'",
    "select 'grant select on x to y'",
    "do $$ begin create view v as select 1; end $$",
    "create event trigger e on ddl_command_start execute function f()",
    "create table created_view (a int)",
]


def _file(text: str, path: str = "objects/functions/x.sql") -> SqlFile:
    return SqlFile(path, text)


@pytest.mark.parametrize(("head", "signature"), FUNCTIONS.items())
def test_a_function_is_dropped_by_its_arguments_without_their_defaults(head: str, signature: str) -> None:
    body = " language sql as $$ select f(1, 2); create view v as select 1 $$;"

    assert drop_statements(_file(f"create {head}{body}")) == [f"drop function if exists {signature}"]


@pytest.mark.parametrize(("thing", "drop"), OTHERS.items())
def test_each_kind_has_a_drop_statement(thing: str, drop: str) -> None:
    assert drop_statements(_file(f"-- why\ncreate {thing};\n")) == [f"drop {drop}"]


@pytest.mark.parametrize(("privileges", "roles", "rest"), GRANTS)
def test_a_grant_has_a_revoke_statement(privileges: str, roles: str, rest: str) -> None:
    assert drop_statements(_file(f"grant {privileges} to {roles}{rest};")) == [
        f"revoke {privileges} from {roles}"
    ]


@pytest.mark.parametrize("statement", NOTHING)
def test_statements_that_create_nothing_need_no_drop(statement: str) -> None:
    assert defined_by(_file(f"{statement};")) == ()


def test_objects_are_dropped_once_and_in_reverse_order() -> None:
    text = (
        "create view a as select 1; create view b as select * from a; create or replace view a as select 1;"
    )

    assert drop_statements(_file(text)) == ["drop view if exists a", "drop view if exists b"]


def test_a_comment_in_the_file_supplies_a_missing_drop_statement() -> None:
    text = (
        "-- chatctl:drop alter publication p drop table t;\n"
        "  -- chatctl:drop indented, so that it is a comment\n"
        "-- chatctl:drop select 1\r\n"
        "-- chatctl:dropped\n"
        "do $$ begin alter publication p add table t; end $$;"
    )

    assert defined_by(_file(text)) == (
        Definition(
            "other",
            "alter publication p drop table t",
            None,
            "-- chatctl:drop\nalter publication p drop table t",
        ),
        Definition("other", "select 1", None, "-- chatctl:drop\nselect 1"),
    )


def test_created_objects_are_known_by_name_and_table() -> None:
    text = 'create policy "P" on S.T using (true); create trigger Tr after insert on t execute function f();'

    assert [(thing.kind, thing.name, thing.table) for thing in defined_by(_file(text))] == [
        ("policy", '"P"', "s.t"),
        ("trigger", "tr", "t"),
    ]


def test_overlapping_grants_are_recognized_however_they_are_spelled() -> None:
    same = [
        ("public.t", "table public.t"),
        ("t", 'public."t"'),
        ("public.t", "PUBLIC.T"),
        ("public.a, public.t", "t"),
        ("function f(a int, b text)", "function s.f(int)"),
        ("all tables in schema s", "s.t"),
        ("x", "ALL functions IN SCHEMA s, t"),
        ("schema s", "schema s"),
        ('"a, b"', 's."a, b"'),
        ("function f(numeric(10, 2)), g()", "function g(a text default ',')"),
    ]
    different = [
        ("public.t", "public.tt"),
        ("a, b", "c"),
        ("function f(a int)", "a"),
        ("schema s", "s.t"),
        ('"a, b"', "b"),
    ]

    assert all(may_overlap(a, b) and may_overlap(b, a) for a, b in same)
    assert not any(may_overlap(a, b) or may_overlap(b, a) for a, b in different)


@pytest.mark.parametrize("created", [*FUNCTIONS, *OTHERS])
def test_a_recorded_drop_statement_drops_the_created_object(created: str) -> None:
    file = _file(f"create {created}; grant select on t to a;\n-- chatctl:drop drop view if exists v\n")

    assert parse_drops(drop_statements(file)) == tuple(
        thing for thing in defined_by(file) if thing.kind != "other"
    )


# The scanner reads all of these; the parser fails, or its result is too deep for protobuf.
@pytest.mark.parametrize(
    "rest",
    [
        "with (of_a_later_version) as select 1",
        "as select " + "(select " * 200 + "1" + ")" * 200,
        "as select a" + " || b" * 40_000,
        "as select 1 from a" + " join b using (c)" * 40_000,
    ],
    ids=["later version", "subqueries", "operands", "joins"],
)
def test_text_after_a_name_need_not_be_understood(rest: str) -> None:
    assert drop_statements(_file(f"create view s.v {rest};")) == ["drop view if exists s.v"]


def test_privileges_on_tables_are_distinguished_from_others() -> None:
    text = """
    grant select on s.a, "b, c" to x; grant insert (d) on table D to x;
    grant usage on schema e to x; grant execute on function f(uuid, bigint), g(text) to x;
    grant select on all tables in schema h to x; grant usage on sequence i to x; revoke all on j from x;
    """

    assert granted_tables(_file(text)) == {"s.a", '"b, c"', "d"}


def test_the_object_of_a_revoke_is_known() -> None:
    assert revoked_on("revoke select (a, b) on public.t from x") == "public.t"
    assert revoked_on("drop view if exists revoke") is None


def test_each_file_comes_after_the_files_it_mentions() -> None:
    files = [
        _file("create view s.c as select * from s.b, S.A", "c"),
        _file("create view s.b as select s.a(1) -- s.c, later", "b"),
        _file("create function s.a(x int) returns int as 's.b'", "a"),
        _file("create view s.a2 as select 1; -- nothing of s.a", "a2"),
    ]

    assert [file.path for file in in_dependency_order(files)] == ["a", "b", "c", "a2"]


def test_files_that_mention_each_other_keep_a_deterministic_order() -> None:
    files = [
        _file("create function s.a() returns int as $$ select s.b() $$", "a"),
        _file("create function s.b() returns int as $$ select s.a() $$", "b"),
        _file("create function s.self() returns int as $$ select s.self() $$", "self"),
    ]

    assert {tuple(file.path for file in in_dependency_order(files)) for _ in range(5)} == {("b", "a", "self")}
    assert in_dependency_order([]) == []


def test_the_result_does_not_depend_on_the_given_order() -> None:
    chain = [_file(f"create view s.v{i} as select * from s.v{i + 1}", f"{i:03d}") for i in range(200)]

    for seed in range(3):
        shuffled = random.Random(seed).sample(chain, len(chain))
        assert [file.path for file in in_dependency_order(shuffled)] == [
            file.path for file in reversed(chain)
        ]


def test_all_of_our_own_objects_can_be_dropped() -> None:
    root = Path(__file__).parents[2] / "sql" / "objects"
    for path in root.rglob("*.sql"):
        created = [line for line in path.read_text().splitlines() if line.startswith("create ")]
        drops = [drop for drop in drop_statements(_file(path.read_text())) if drop.startswith("drop ")]
        assert len(drops) == len(set(created)), path


WORDS = """
create or replace function procedure view materialized recursive trigger constraint policy grant revoke on to
from with grant option granted by default in out returns table language as execute all tables schema begin end
-- /* */ ' '' " "" $$ $a$ E' \\ ( ) [ ] , ; . = := a private.f ü atomic
"""
LINES = ["\n", "\r\n", "\n-- chatctl:drop"]
HOSTILE = st.lists(st.sampled_from([*WORDS.split(), *LINES]), max_size=60).map(" ".join)


@given(HOSTILE | st.text(max_size=200))
@settings(max_examples=300, deadline=None)
def test_any_text_can_be_read(text: str) -> None:
    file = _file(text)

    assert len(drop_statements(file)) <= len(defined_by(file)) <= len(text)
    assert in_dependency_order([file]) == [file]


@pytest.mark.parametrize(
    "text",
    [
        "create function f(" + "a int default ((" * 10_000,
        "create function f(" + "a default " * 10_000 + ")",
        "create function " + "a." * 50_000,
        'create function "' + 'a""' * 20_000,
        "create trigger t " + "on " * 30_000,
        "create policy " + '"a" ' * 20_000,
        "grant a" + " on b" * 2_000,
        "grant a on b" + " to c" * 20_000,
        "-- chatctl:drop " + ";" * 50_000 + "x",
        "'" * 50_001,
        "$a$ " * 9_999,
        "e'\\" * 20_000,
        "/*" * 50_000,
        "create view a as select 1;\n" * 10_000,
    ],
    ids=lambda text: text[:24],
)
def test_hostile_text_takes_linear_time(text: str) -> None:
    start = time.process_time()
    drop_statements(_file(text))

    assert time.process_time() - start < 2  # milliseconds; catastrophic backtracking would take hours
