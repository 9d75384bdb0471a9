"""Rows of users' text: none is wider than the terminal, whatever it thinks of joiners and wide blanks."""

from __future__ import annotations

import unicodedata

import pytest

from chatctl.cli.wrapping import wrapped

_TEXTS = {
    "words": "many words " * 30,
    "one word": "x" * 500,
    "wide": "漢字" * 100,
    "blanks": "x" + " " * 300 + "forged",
    "wide blanks": "x" + "\u3000" * 300 + "forged " + "\u3000" * 300,
    "joined letters": "\u200d".join("forged " * 40),
    "non-joiners": "\u200c".join("forged " * 40),
    "joined emoji": "👩\u200d👩\u200d👧 " * 40,
    "emoji style": "❤\ufe0f" * 100,
    "controls": "\x1b[2J\r\t" * 50,
    "lines": "a\n\n" * 5 + "\n" + "漢" * 50,
}


def cells(text: str) -> int:
    """How wide ``text`` is where nothing is joined."""
    return sum(
        0
        if unicodedata.category(each) in ("Mn", "Cf") and each != "\ufe0f"
        else 1 + (unicodedata.east_asian_width(each) in "WF")
        for each in text
    )


@pytest.mark.parametrize("text", _TEXTS.values(), ids=_TEXTS)
@pytest.mark.parametrize("width", [2, 19, 20, 56])
def test_no_row_is_wider_and_nothing_is_lost(text: str, width: int) -> None:
    rows = wrapped(text, width)
    assert max(map(cells, rows)) <= width
    shown = text.encode("unicode_escape").decode() if "\x1b" in text else text
    assert "".join("".join(rows).split()) == "".join(shown.split())


def test_rows_break_between_words_and_keep_empty_lines() -> None:
    assert wrapped("two words\n\nmore", 6) == ["two ", "words", "", "more"]
