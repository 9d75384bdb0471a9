"""Hostile text is harmless on a terminal and in a spreadsheet, and honest text stays as it is."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatctl.cli.text import cell, csv_cell, printable

HOSTILE = {
    "clear screen": "\x1b[2J\x1b[H",
    "OSC 52 clipboard": "\x1b]52;c;ZXZpbA==\x07",
    "C1 control": "\x9b31m",
    "bidi override": "\u202egnp.exe",
    "bidi isolate": "\u2066x\u2069",
    "zero width": "a\u200bb\ufeff",
    "line separator": "a\u2028b",
    "null": "a\x00b",
    "carriage return": "good\rbad",
    "surrogate": "\ud83d",
    "tag characters": "\U000e0041",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_becomes_visible(text: str) -> None:
    shown = printable(text)

    assert all(unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Zl", "Zp") for c in shown)
    assert "\\" in shown


@pytest.mark.parametrize("text", ["hello", "Grüße", "مرحبا", "👩‍👩‍👧 family", "[/red] [docs]", "日本語"])
def test_honest_text_stays(text: str) -> None:
    assert printable(text) == cell(text) == text


@given(st.text())
def test_a_cell_is_one_line_without_control_characters(text: str) -> None:
    assert not any(unicodedata.category(c) in ("Cc", "Zl", "Zp", "Cs") for c in cell(text))


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", "=cmd|'/c calc'!A1"])
def test_a_formula_does_not_start_a_csv_cell(text: str) -> None:
    assert csv_cell(text)[0] not in "=+-@\t\r"
