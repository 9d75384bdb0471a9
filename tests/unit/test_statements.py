"""Scripts are split where PostgreSQL ends a statement."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatctl.data import data_directory
from chatctl.sqltext.statements import bare, canonical, consists_of, joined, split, statements

ATOMIC = "begin atomic select case when true then 1 end; select 2; end"
CASES = {
    "two": ("select 1; select 2;", ["select 1", "select 2"]),
    "no semicolon at the end": ("select 1;\nselect 2", ["select 1", "select 2"]),
    "empty pieces": (";; ;\n;select 1;;", ["select 1"]),
    "text": ("select ';', 'it''s; ok'; select 2", ["select ';', 'it''s; ok'", "select 2"]),
    "identifier": ('select 1 as "a;b"; select 2', ['select 1 as "a;b"', "select 2"]),
    "escapes": (r"select E'\';'; select 2", [r"select E'\';'", "select 2"]),
    "dollar": ("do $$ begin; end $$; select 2", ["do $$ begin; end $$", "select 2"]),
    "tagged dollar": ("select $a$ $$;$$ ;$a$; select 2", ["select $a$ $$;$$ ;$a$", "select 2"]),
    "a parameter is no dollar quote": ("select $1; select $2", ["select $1", "select $2"]),
    "line comment": ("select 1 -- a;b\n; select 2", ["select 1 -- a;b", "select 2"]),
    "nested comment": ("select 1 /* ; /* ; */ ; */; select 2", ["select 1 /* ; /* ; */ ; */", "select 2"]),
    "rule": (
        "create rule r as on insert to t do (a; b); select 2",
        ["create rule r as on insert to t do (a; b)", "select 2"],
    ),
    "atomic body": (
        f"create function f() returns int {ATOMIC}; select 3",
        [f"create function f() returns int {ATOMIC}", "select 3"],
    ),
    "an atomic body that names an end": (
        "create function f() begin atomic select t.end as end, 1 as case from t; end; select 3",
        ["create function f() begin atomic select t.end as end, 1 as case from t; end", "select 3"],
    ),
    "a tag that is not ASCII": ("do $ä$ begin; end $ä$; select 2", ["do $ä$ begin; end $ä$", "select 2"]),
    "an escaped text in parts": ("select E'a'\n  '\\';b'; select 2", ["select E'a'\n  '\\';b'", "select 2"]),
    "a transaction's end": ("begin; select 1; end; select 2", ["begin", "select 1", "end", "select 2"]),
    "byte-order mark and CRLF": ("\ufeffselect 1;\r\nselect\r\n2", ["select 1", "select\r\n2"]),
    "lone carriage returns": ("select 1 -- a;\r, 2;\rselect\r3\r", ["select 1 -- a;\r, 2", "select\r3"]),
    "odd blanks around": ("select 1;\u00a0\u2028select 2\ufeff;\u3000;", ["select 1", "select 2"]),
    "odd blanks within": ("select '\u2028;\u2028', \u00a0a;", ["select '\u2028;\u2028', \u00a0a"]),
    "a body that is atomic after a comment": (
        "create or replace procedure p() begin /* /* a; */ */ -- b;\n ATOMIC select 1; END; select 2",
        ["create or replace procedure p() begin /* /* a; */ */ -- b;\n ATOMIC select 1; END", "select 2"],
    ),
    "a comment before the end of a body": (
        "create function f() begin atomic select 1; /* b; */ -- c;\n end; select 2",
        ["create function f() begin atomic select 1; /* b; */ -- c;\n end", "select 2"],
    ),
    "an empty body": (
        "create function f() begin atomic end; select 2",
        ["create function f() begin atomic end", "select 2"],
    ),
    "a column called begin": (
        "select begin atomic from t; select 2",
        ["select begin atomic from t", "select 2"],
    ),
    "a name that begins like a body": (
        "create function f() begin atomically; select 2; end",
        ["create function f() begin atomically", "select 2", "end"],
    ),
    "words in quotes": (
        "create function f() returns text return 'begin' || \"begin atomic\"; select 2",
        ["create function f() returns text return 'begin' || \"begin atomic\"", "select 2"],
    ),
    "dashes after an escaped text": (
        f"select E'a' {'-' * 60}\n, 1; select 2",
        [f"select E'a' {'-' * 60}\n, 1", "select 2"],
    ),
    "comments between the parts of an escaped text": (
        "select E'a' -- ;'\n -- \\'\n '\\';b'''; select 2",
        ["select E'a' -- ;'\n -- \\'\n '\\';b'''", "select 2"],
    ),
    "a doubled quotation mark in an escaped text": (
        r"select E'a''\';'; select 2",
        [r"select E'a''\';'", "select 2"],
    ),
    "many doubled quotation marks": (
        f"select '{3000 * chr(39)};;'; select 2",
        [f"select '{3000 * chr(39)};;'", "select 2"],
    ),
    "an escaped text that is never closed": (r"select E'a\';' ';", [r"select E'a\';' ';"]),
    "a text that is never closed": ("select 1; select 'a; b", ["select 1", "select 'a; b"]),
    "a dollar quote that is never closed": ("select $a$ ; $b$ ; $b$; $a", ["select $a$ ; $b$ ; $b$; $a"]),
    "a comment that is never closed": ("select 1 /* ; /* ; */ ;", ["select 1 /* ; /* ; */ ;"]),
}


@pytest.mark.parametrize(("script", "statements"), CASES.values(), ids=CASES)
def test_a_script_is_split(script: str, statements: list[str]) -> None:
    assert split(script) == statements


def test_our_own_files_are_split_into_their_statements() -> None:
    for path in (data_directory("sql") / "migrations").glob("*.sql"):
        for statement in split(path.read_text()):
            words = [line for line in statement.splitlines() if line and not line.startswith("--")]
            assert words[0].split()[0] in {"create", "alter", "revoke", "grant", "insert", "update", "do"}


def test_a_file_recorded_as_one_element_is_the_same_file() -> None:
    script = "create table a (b int);\n-- c\ncreate table d (e int);\n"

    assert canonical([script]) == canonical(split(script))
    assert canonical(["create  table a\n(b int)"]) == canonical(["create table a (b int)"])
    assert canonical(["create table a (b int)"]) != canonical(["create table a (b bigint)"])


def test_a_statement_knows_its_line() -> None:
    script = "-- what for\n\nselect 1;\n\n-- a\n/* b\n */ select\n  2, oops;\n"

    first, second = statements(script)

    assert (first.line, first.first_line) == (1, 3)
    assert (second.line, second.first_line) == (5, 7)
    assert second.line_of(second.text.index("oops") + 1) == 8


def test_bare_keeps_quoted_text() -> None:
    statement = "select  'a  -- b', /* c /* d */ */ $x$ e  /* f */ $x$ -- g\n, \"h  i\" \n from t"

    assert bare(statement) == "select 'a  -- b', $x$ e  /* f */ $x$ , \"h  i\" from t"


def test_lines_are_counted_with_any_line_ending() -> None:
    for end in ("\n", "\r\n", "\r"):
        script = end.join(["-- what for", "", "select 1;", "-- a", "/* b", "*/ select", "  2, oops;"])

        first, second = statements(script)

        assert (first.line, first.first_line) == (1, 3)
        assert (second.line, second.first_line) == (4, 6)
        assert second.line_of(second.text.index("oops") + 1) == 7


def test_line_endings_are_not_an_edit() -> None:
    script = "create table a (\n b int -- c\n);\nselect E'd'\n'e', $$\nf\n$$, '\n\n';\n"

    for end in ("\r\n", "\r"):
        assert canonical([script.replace("\n", end)]) == canonical([script])
        assert canonical(split(script.replace("\n", end))) == canonical([script])
    assert canonical([script.replace("\n\n", "\n")]) != canonical([script])


TEXTS = st.lists(
    st.sampled_from(
        ["select 1", "select 2 -- a", "-- b", "select ';'", "/* ; */ select 3", "x -- c;\nfrom y"]
    ),
    max_size=3,
)
GAPS = st.lists(st.sampled_from([";", "; ", " ;\n", "\n;\n;", "\n", " ", ""]), min_size=4, max_size=4)


@given(TEXTS, TEXTS, GAPS)
def test_a_script_split_into_statements_is_equivalent(
    texts: list[str], different: list[str], gaps: list[str]
) -> None:
    script = "".join(part for pair in zip(gaps, [*different, ""], strict=False) for part in pair)

    if consists_of(script, texts):
        assert canonical([script]) == canonical(texts)
    assert consists_of(joined(texts), texts)


def test_a_comment_is_not_an_edit() -> None:
    assert canonical(["-- why\ncreate table a (b int)"]) == canonical(["create table a (b int) /* other */"])
    assert canonical(["select 1; -- the end"]) == canonical(["select 1"])
    assert canonical(["select 1 -- why", "select 2"]) == canonical(["select 1 -- why\n; select 2"])
