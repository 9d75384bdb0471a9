"""What is reported of two catalogues that differ, and in which words."""

from __future__ import annotations

import pytest

from chatctl.services.drift.catalogue import SchemaObject
from chatctl.services.drift.compare import SchemaDifference, compare, replay_version

SCHEMA = SchemaObject("schema", "public", (), "schema")
TABLE = SchemaObject("table", "public.t", ("schema public",), "row-level security: on")
COLUMN = SchemaObject("column", "public.t.a", ("table public.t",), "text")
CHECK = SchemaObject("constraint", "c on public.t", ("table public.t", "column public.t.a"), "CHECK (a <> b)")
POLICY = SchemaObject("policy", "p on public.t", ("table public.t",), "using (a = 'x')")
ALL = [SCHEMA, TABLE, COLUMN, CHECK, POLICY]


def changed(thing: SchemaObject, definition: str) -> SchemaObject:
    return SchemaObject(thing.kind, thing.name, thing.parents, definition)


def found(want: list[SchemaObject], have: list[SchemaObject]) -> list[tuple[str, str]]:
    return [(each.state, each.kind) for each in compare(want, have)]


def test_the_same_things_in_another_order_do_not_differ() -> None:
    assert compare(ALL, ALL[::-1]) == []


def test_what_belongs_to_a_missing_or_extra_thing_is_not_reported_besides() -> None:
    assert found(ALL, [SCHEMA]) == [("missing", "table")]
    assert found([SCHEMA], ALL) == [("extra", "table")]
    assert found(ALL, []) == [("missing", "schema")]


def test_a_constraint_goes_with_any_of_its_columns_and_a_policy_does_not() -> None:
    assert found(ALL, [SCHEMA, TABLE, POLICY]) == [("missing", "column")]
    assert found(ALL, [SCHEMA, TABLE]) == [("missing", "column"), ("missing", "policy")]


def test_what_changed_is_reported_whatever_else_is_missing() -> None:
    """A renamed column: the policy that reads it is another one now, and says so."""
    other = SchemaObject("column", "public.t.b", COLUMN.parents, "text")
    have = [SCHEMA, TABLE, other, changed(POLICY, "using (b = 'x')")]

    assert found(ALL, have) == [("missing", "column"), ("extra", "column"), ("changed", "policy")]


def test_differences_come_by_kind_and_name() -> None:
    have = [changed(POLICY, "to anon"), changed(TABLE, "off"), SCHEMA, COLUMN, changed(CHECK, "CHECK (true)")]

    assert [each.kind for each in compare(ALL, have)] == ["table", "constraint", "policy"]


def test_the_diff_goes_from_sql_to_the_database() -> None:
    (difference,) = compare([changed(TABLE, "a\nb\nc")], [changed(TABLE, "a\nB\nc")])

    assert difference.diff.splitlines() == [
        "--- sql/", "+++ database", "@@ -1,3 +1,3 @@", " a", "-b", "+B", " c",
    ]  # fmt: skip


def test_the_diff_of_a_missing_or_extra_thing_is_all_of_it() -> None:
    assert SchemaDifference("type", "x", "missing", "a\nb", None).diff.splitlines()[3:] == ["-a", "-b"]
    assert SchemaDifference("type", "x", "extra", None, "a\nb").diff.splitlines()[3:] == ["+a", "+b"]


def test_a_diff_is_never_empty() -> None:
    """Characters at which Python, but not PostgreSQL, ends a line."""
    assert "+a\x0cb" in SchemaDifference("type", "x", "changed", "a\nb", "a\x0cb").diff


@pytest.mark.parametrize(("server", "replayed"), [(14, 16), (15, 16), (16, 16), (17, 18), (18, 18), (19, 18)])
def test_the_replay_takes_the_nearest_version(server: int, replayed: int) -> None:
    assert replay_version(server) == replayed
