"""The reported differences of two catalogues, and their text."""

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


def differences(want: list[SchemaObject], have: list[SchemaObject]) -> list[tuple[str, str]]:
    return [(each.state, each.kind) for each in compare(want, have)]


def test_another_order_is_not_a_difference() -> None:
    assert compare(ALL, ALL[::-1]) == []


def test_parts_of_a_missing_or_extra_object_are_not_reported_separately() -> None:
    assert differences(ALL, [SCHEMA]) == [("missing", "table")]
    assert differences([SCHEMA], ALL) == [("extra", "table")]
    assert differences(ALL, []) == [("missing", "schema")]


def test_a_missing_column_hides_its_constraint_and_not_its_policy() -> None:
    assert differences(ALL, [SCHEMA, TABLE, POLICY]) == [("missing", "column")]
    assert differences(ALL, [SCHEMA, TABLE]) == [("missing", "column"), ("missing", "policy")]


def test_changes_are_reported_even_if_other_objects_are_missing() -> None:
    """After renaming a column, the definition of the policy that reads it has changed, too."""
    other = SchemaObject("column", "public.t.b", COLUMN.parents, "text")
    have = [SCHEMA, TABLE, other, changed(POLICY, "using (b = 'x')")]

    assert differences(ALL, have) == [("missing", "column"), ("extra", "column"), ("changed", "policy")]


def test_differences_are_sorted_by_kind_and_name() -> None:
    have = [changed(POLICY, "to anon"), changed(TABLE, "off"), SCHEMA, COLUMN, changed(CHECK, "CHECK (true)")]

    assert [each.kind for each in compare(ALL, have)] == ["table", "constraint", "policy"]


def test_the_diff_goes_from_sql_to_the_database() -> None:
    (difference,) = compare([changed(TABLE, "a\nb\nc")], [changed(TABLE, "a\nB\nc")])

    assert difference.diff.splitlines() == [
        "--- sql/", "+++ database", "@@ -1,3 +1,3 @@", " a", "-b", "+B", " c",
    ]  # fmt: skip


def test_the_diff_of_a_missing_or_extra_object_is_its_whole_definition() -> None:
    assert SchemaDifference("type", "x", "missing", "a\nb", None).diff.splitlines()[3:] == ["-a", "-b"]
    assert SchemaDifference("type", "x", "extra", None, "a\nb").diff.splitlines()[3:] == ["+a", "+b"]


def test_a_diff_is_never_empty() -> None:
    """Also for characters that end a line in Python but not in PostgreSQL."""
    assert "+a\x0cb" in SchemaDifference("type", "x", "changed", "a\nb", "a\x0cb").diff


@pytest.mark.parametrize(("server", "replayed"), [(14, 16), (15, 16), (16, 16), (17, 18), (18, 18), (19, 18)])
def test_the_replay_uses_the_nearest_version(server: int, replayed: int) -> None:
    assert replay_version(server) == replayed
