"""Hostile text is made harmless for terminals and spreadsheets, and other text is not changed."""

from __future__ import annotations

import html
import unicodedata
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatctl.formats.escaping import csv_cell, line, visible

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
    "private use": "\ue000",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_becomes_visible(text: str) -> None:
    shown = visible(text)

    assert all(unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Zl", "Zp") for c in shown)
    assert "\\" in shown


@pytest.mark.parametrize(
    "text", ["hello", "Grüße", "مرحبا", "👩‍👩‍👧 family", "[/red] [docs]", "日本語", "\U0001fae8"]
)
def test_harmless_text_is_unchanged(text: str) -> None:
    assert visible(text) == line(text) == text


@pytest.mark.parametrize(
    ("character", "escape"), [("\x1b", r"\x1b"), ("\u202e", r"\u202e"), ("\U000e0041", r"\U000e0041")]
)
def test_escapes_are_those_of_python_strings(character: str, escape: str) -> None:
    assert visible(character) == escape


@given(st.text(st.characters()))
def test_escaped_text_is_valid_in_xml(text: str) -> None:
    ElementTree.fromstring(f"<x>{html.escape(visible(text))}</x>")  # noqa: S314 - it is ours


@given(st.text())
def test_a_cell_is_one_line_without_control_characters(text: str) -> None:
    assert not any(unicodedata.category(c) in ("Cc", "Zl", "Zp", "Cs") for c in line(text))


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", "=cmd|'/c calc'!A1"])
def test_a_formula_does_not_start_a_csv_cell(text: str) -> None:
    assert csv_cell(text)[0] not in "=+-@\t\r"
