"""Tokens are the same as those of PostgreSQL, and any text can be split into tokens."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatctl.sqltext.reader import Reader, separated
from chatctl.sqltext.tokens import Token, tokens, tokens_and_bodies

KINDS = {
    "select SELECT Über $1": ("word", ["select", "select", "Über", "$1"]),
    '"a" "B ""c""" U&"d"': ("name", ['"a"', '"B ""c"""', 'U&"d"']),
    r"'a' 'it''s' E'\'' $$b$$ $x$ $$ $x$ b'1' U&'d'": (
        "string",
        ["'a'", "'it''s'", r"E'\''", "$$b$$", "$x$ $$ $x$", "b'1'", "U&'d'"],
    ),
    "1 1.5 .5 1e3 0x1F 1_000": ("number", ["1", "1.5", ".5", "1e3", "0x1F", "1_000"]),
    "( ) [ ] , ; . : :: := => ..": ("mark", ["(", ")", "[", "]", ",", ";", ".", ":", "::", ":=", "=>", ".."]),
    "+ - * / % ^ < > = <= >= <> != ->> @> || !~* ?": (
        "operator",
        ["+", "-", "*", "/", "%", "^", "<", ">", "=", "<=", ">=", "<>", "!=", "->>", "@>", "||", "!~*", "?"],
    ),
    r"\ { }": ("other", ["\\", "{", "}"]),
    "-- a\n/* b /* c */ */": ("comment", []),
}
# The text, the part that is read, and the rest.
UNREADABLE = [
    ("select 'a", ["select"], "'a"),
    ("select ü, 'it''s", ["select", "ü", ","], "'it''s"),
    ('x "a', ["x"], '"a'),
    ("select $a$ b", ["select"], "$a$ b"),
    ("select 1 /* a /* b */", ["select", "1"], "/* a /* b */"),
    ("select 12ab, c", ["select"], "12ab, c"),
    (r"select E'\u00', b", ["select"], r"E'\u00', b"),
    ('a "" b', ["a"], '"" b'),
]


@pytest.mark.parametrize(("text", "expected"), KINDS.items())
def test_a_token_has_a_kind(text: str, expected: tuple[str, list[str]]) -> None:
    kind, texts = expected

    assert [(token.kind, token.text) for token in tokens(text)] == [(kind, each) for each in texts]


def test_positions_count_characters() -> None:
    text = "select 'ä€😀' as \"ü\", 名 -- ß\n, 1"

    assert [text[token.start : token.end] for token in tokens(text)] == (
        ["select", "'ä€😀'", "as", '"ü"', ",", "名", ",", "1"]
    )


def test_only_ascii_letters_are_folded() -> None:
    assert [token.text for token in tokens('ABC "ABC" ÄÖ')] == ["abc", '"ABC"', "ÄÖ"]


@pytest.mark.parametrize(("text", "read", "rest"), UNREADABLE)
def test_text_that_the_scanner_refuses_is_one_token(text: str, read: list[str], rest: str) -> None:
    *accepted, last = tokens(text)

    assert [token.text for token in accepted] == read
    assert last == Token("other", rest, len(text) - len(rest), len(text))


def test_a_string_has_content_and_a_name_is_unquoted() -> None:
    texts = ["'it''s'", "$$a$$", "$x$ $$ $x$", "''", r"E'\''"]

    assert [tokens(text)[0].content for text in texts] == ["it's", "a", " $$ ", "", r"\'"]
    assert [token.plain for token in tokens('Ab "Ab" "a""b"')] == ["ab", "Ab", 'a"b']


def test_bodies_are_read_with_the_sql_they_execute() -> None:
    text = "create function f() as $f$ begin execute 'select g(''h()'')'; end $f$ language sql"

    texts = " ".join(token.text for token in tokens_and_bodies(text))

    assert texts == "create function f ( ) as begin execute select g ( h ( ) ) ; end language sql"


@given(
    st.text(max_size=200) | st.lists(st.sampled_from([*"'\"$;\\eE-/*1a. \n", "$$", "\\u", "ü"])).map("".join)
)
@settings(max_examples=300, deadline=None)
def test_the_tokens_of_any_text_are_in_order(text: str) -> None:
    text = text.replace("\0", "")
    all_tokens = tokens(text)

    assert [text[token.start : token.end] for token in all_tokens if token.kind != "word"] == [
        token.text for token in all_tokens if token.kind != "word"
    ]
    assert all(0 <= token.start < token.end <= len(text) for token in all_tokens)
    assert all(left.end <= right.start for left, right in pairwise(all_tokens))


def test_a_reader_consumes_all_of_the_next_tokens_or_none() -> None:
    reader = Reader(tokens("create or replace view S . \"V\" as select 'create'"))

    assert reader.take("create")
    assert not reader.take("or", "view")
    assert reader.take("or", "replace")
    assert reader.take_one_of("table", "view") == "view"
    name = reader.name()
    assert name is not None
    assert (name.sql, name.parts) == ('s."V"', ("s", "V"))
    assert reader.take_until("select")
    assert not reader.take_until("create"), "that is a string"
    assert reader.name() is None
    assert [token.kind for token in reader.rest] == ["string"]


def test_a_list_ends_at_its_closing_parenthesis() -> None:
    items = separated(tokens("a numeric(10, 2), b int[1, 2], 'c, d)') e, f"))

    assert [[token.text for token in item] for item in items] == [
        ["a", "numeric", "(", "10", ",", "2", ")"],
        ["b", "int", "[", "1", ",", "2", "]"],
        ["'c, d)'"],
    ]
