"""The mutation operators for conditions: what they change in a text, and what they leave unchanged."""

from __future__ import annotations

import pytest

from chatctl.services.audit.mutation.edits import difference, distinct_edits
from chatctl.services.audit.mutation.expressions import body_edits, edits
from chatctl.services.audit.mutation.nesting import tree
from chatctl.sqltext.tokens import tokens


def mutants_of(text: str, operator: str) -> list[str]:
    """The mutants of ``text`` by ``operator``, each on one line."""
    return [
        " ".join(edit.applied(text).split())
        for edit, _ in distinct_edits(edits(text), text)
        if edit.operator == operator
    ]


def body(text: str, operator: str, *, answers: bool = True) -> list[str]:
    distinct = distinct_edits(body_edits(text, procedural=True, answers=answers), text)
    return [" ".join(edit.applied(text).split()) for edit, _ in distinct if edit.operator == operator]


def test_each_and_operand_is_dropped_at_every_depth() -> None:
    assert mutants_of(
        "((a = 1) AND (EXISTS ( SELECT FROM t p WHERE ((p.x = y) AND p.z))))", "conjunct-dropped"
    ) == [
        "((EXISTS ( SELECT FROM t p WHERE ((p.x = y) AND p.z))))",
        "((a = 1))",
        "((a = 1) AND (EXISTS ( SELECT FROM t p WHERE (p.z))))",
        "((a = 1) AND (EXISTS ( SELECT FROM t p WHERE ((p.x = y)))))",
    ]


def test_each_or_operand_is_dropped_with_its_and_operands() -> None:
    assert mutants_of("a OR b AND c", "disjunct-dropped") == ["b AND c", "a"]
    assert mutants_of("a OR b AND c", "conjunct-dropped") == ["a OR c", "a OR b"]


def test_the_and_of_between_joins_no_operands() -> None:
    assert mutants_of("a between 1 and 9 and b", "conjunct-dropped") == ["b", "a between 1 and 9"]
    assert mutants_of("a between 1 and 9", "conjunct-dropped") == []
    assert mutants_of("a not between 1 and 9", "constant-shifted") == [
        "a not between 2 and 9",
        "a not between 1 and 10",
    ]
    assert mutants_of("a not between 1 and 9 or b", "not-removed") == ["a between 1 and 9 or b"]


def test_two_operands_are_joined_with_the_other_operator() -> None:
    assert mutants_of("a AND b AND c", "and-to-or") == ["(a or b ) AND c"]
    assert mutants_of("a OR b", "or-to-and") == ["a and b"]


@pytest.mark.parametrize(
    ("condition", "flipped"),
    [
        ("a = 1", "a <> 1"),
        ("a <> 'it''s = \"x\"'", "a = 'it''s = \"x\"'"),
        ("a < now()", "a >= now()"),
        ("a ~ '^x'", "a !~ '^x'"),
        ("(a, b) = (1, 2)", "(a, b) <> (1, 2)"),
        ("a ->> 'b' = '='", "a ->> 'b' <> '='"),
        ("a=-1", "a<>-1"),
        ("x[1] = any (array[1, 2])", "x[1] <> any (array[1, 2])"),
        ("(a)::text = (f(b))[1]", "(a)::text <> (f(b))[1]"),
        ("a /* = */ = -- =\n 2", "a /* = */ <> -- = 2"),
        ("e'\\'=' = a", "e'\\'=' <> a"),
        ("$x$ = $x$ = a", "$x$ = $x$ <> a"),
        ('"=" = 3', '"=" <> 3'),
    ],
)
def test_comparisons_are_flipped(condition: str, flipped: str) -> None:
    assert mutants_of(f"{condition} and true", "comparison-flipped") == [f"{flipped} and true"]


@pytest.mark.parametrize(
    "condition",
    ["a @> b", "a ->> 'x'", "a -> 'x' || b", "a.x = b.y", "a => 1", "f(a, b)", "a is distinct from b", "'='"],
)
def test_other_operators_and_join_conditions_are_not_flipped(condition: str) -> None:
    assert mutants_of(f"{condition} and true", "comparison-flipped") == []


def test_is_distinct_from_is_a_comparison_and_not_the_start_of_a_clause() -> None:
    assert mutants_of("a is distinct from b and c is not null", "conjunct-dropped") == [
        "c is not null",
        "a is distinct from b",
    ]
    assert mutants_of("a is distinct from b and c is not null", "test-flipped") == [
        "a is not distinct from b and c is not null",
        "a is distinct from b and c is null",
    ]


def test_a_negation_is_removed_before_an_operand() -> None:
    assert mutants_of("NOT (a OR b) AND c", "not-removed") == ["(a OR b) AND c"]
    assert mutants_of("not a and b not in (1) and c is not null", "not-removed") == [
        "a and b not in (1) and c is not null",
        "not a and b in (1) and c is not null",
    ]


def test_exists_becomes_true_if_dropping_it_means_something_else() -> None:
    assert mutants_of("not exists (select from t where x) and b", "exists-to-true") == ["not true and b"]
    assert mutants_of("exists (select from t where x) or b", "exists-to-true") == ["true or b"]
    assert mutants_of("exists (select from t where x) and b", "exists-to-true") == []
    assert mutants_of("(EXISTS ( SELECT FROM t WHERE x))", "exists-to-true") == []


def test_the_only_condition_of_a_clause_becomes_true() -> None:
    text = "SELECT 1 FROM (a JOIN b ON ((a.x = b.x))) WHERE (a.y = 1)"
    assert mutants_of(text, "on-true") == ["SELECT 1 FROM (a JOIN b ON ((true))) WHERE (a.y = 1)"]
    assert mutants_of(text, "where-true") == ["SELECT 1 FROM (a JOIN b ON ((a.x = b.x))) WHERE (true)"]


def test_a_list_loses_its_first_and_its_last_literal() -> None:
    assert mutants_of("a in ('x', 'it''s, b', 'z')", "literal-removed") == [
        "a in ('it''s, b', 'z')",
        "a in ('x', 'it''s, b')",
    ]
    assert mutants_of("a = ANY (ARRAY['x'::text, 'y'::text])", "literal-removed") == [
        "a = ANY (ARRAY['y'::text])",
        "a = ANY (ARRAY['x'::text])",
    ]
    assert mutants_of("a in (b, c)", "literal-removed") == []


def test_indexes_constants_and_anchors_are_shifted() -> None:
    assert mutants_of("(f(name))[1] = '1'", "index-shifted") == ["(f(name))[2] = '1'"]
    assert mutants_of("x[2]", "index-shifted") == ["x[1]", "x[3]"]
    assert mutants_of("x[2:3]", "index-shifted") == []
    assert mutants_of("cardinality(f(x)) = 3", "constant-shifted") == ["cardinality(f(x)) = 4"]
    assert mutants_of("a ~ '^b$'", "pattern-opened") == ["a ~ '^b'", "a ~ 'b$'"]


def test_a_column_may_be_named_like_the_start_of_a_statement() -> None:
    assert mutants_of("begin AND t.loop AND update = 1 AND exception", "conjunct-dropped") == [
        "t.loop AND update = 1 AND exception",
        "begin AND update = 1 AND exception",
        "begin AND t.loop AND exception",
        "begin AND t.loop AND update = 1",
    ]


def test_case_is_not_an_operand_of_its_surroundings() -> None:
    text = "case when a and b then c else d end and e"
    assert mutants_of(text, "conjunct-dropped") == [
        "e",
        "case when b then c else d end and e",
        "case when a then c else d end and e",
        "case when a and b then c else d end",
    ]


def test_a_body_loses_conditions_of_queries_and_keeps_assignments() -> None:
    text = (
        "begin update t set a = 1, b = 2 where c = 3 and d; return query select x = 1 from t where y = z; end"
    )
    assert body(text, "conjunct-dropped") == [
        text.replace("c = 3 and d", "d"),
        text.replace("c = 3 and d", "c = 3"),
    ]
    assert body(text, "where-true") == [text.replace("y = z", "true")]
    assert body(text, "comparison-flipped") == []


def test_the_whole_of_an_sql_body_counts() -> None:
    text = "select coalesce(bool_and(a and b), true) and c from t"
    distinct = distinct_edits(body_edits(text, procedural=False, answers=True), text)
    assert [edit.applied(text) for edit, _ in distinct if edit.operator == "conjunct-dropped"] == [
        "select c from t",
        "select coalesce(bool_and(b), true) and c from t",
        "select coalesce(bool_and(a), true) and c from t",
        "select coalesce(bool_and(a and b), true) from t",
    ]


def test_on_conflict_is_not_a_join() -> None:
    text = "begin insert into t select a from u where b = 1 on conflict (id) do nothing; end"
    assert body(text, "on-true") == []
    assert body(text, "where-true") == [text.replace("b = 1", "true")]


def test_only_the_deciding_conditions_of_a_function_without_a_result_are_mutated() -> None:
    text = (
        "begin select a into b from t where c = d;"
        " if exists (select from u where e = f) and g then x(); end if; end"
    )
    assert body(text, "where-true", answers=False) == [text.replace("e = f", "true")]
    assert body(text, "conjunct-dropped", answers=False) == [
        text.replace("exists (select from u where e = f) and g", "g"),
        text.replace(" and g", ""),
    ]


def test_equal_changes_of_one_text_are_numbered() -> None:
    text = "(a = 1 and b) or (a = 1 and c)"
    changes = [
        change for edit, change in distinct_edits(edits(text), text) if edit.operator == "comparison-flipped"
    ]
    assert changes == ["a = 1 -> a <> 1", "a = 1 -> a <> 1 (no. 2)"]


def test_a_long_change_is_shown_around_its_difference() -> None:
    was, now = f"{'x' * 200} = {'y' * 200}", f"{'x' * 200} <> {'y' * 200}"
    assert difference(was, now) == f"… {'x' * 44} = {'y' * 44} … -> … {'x' * 44} <> {'y' * 44} …"


def test_tokens_match_those_of_postgresql() -> None:
    text = "e'\\'' U&\"d\" $a$ ' $a$ /* /* ' */ */ 1..2 a::b @> -1 !~~* x$1 $1 -- '"
    assert [token.text for token in tokens(text)] == [
        "e'\\''", 'U&"d"', "$a$ ' $a$", "1", "..", "2", "a", "::", "b", "@>", "-", "1", "!~~*", "x$1", "$1"
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["", "(", ")", "'", "a and", "and", "case when", "((a]", "$$", "/*", '"'])
def test_text_that_is_not_sql_has_no_mutants_and_causes_no_error(text: str) -> None:
    assert list(edits(text)) == []
    assert tree(text).end == len(text)
