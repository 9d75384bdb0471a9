"""The part of a message around a hit."""

from __future__ import annotations

import pytest

from chatctl.services.moderation.excerpts import AROUND, excerpt

LONG = f"{'word ' * 40}needle {'other ' * 40}"


@pytest.mark.parametrize(
    ("content", "parts", "expected"),
    [
        ("short text", ["text"], "short text"),
        ("", ["text"], ""),
        ("two\n\tlines", [], "two lines"),
        ("A Text", ["text", "missing"], "A Text"),
        ("x" * 500, [], "x" * AROUND + "…"),
        ("字" * 100 + "会议" + "字" * 100, ["会议"], f"…{'字' * AROUND}会议{'字' * AROUND}…"),
    ],
)
def test_an_excerpt_is_the_content_around_the_first_hit(
    content: str, parts: list[str], expected: str
) -> None:
    assert excerpt(content, parts) == expected


def test_a_long_content_is_cut_between_words() -> None:
    shown = excerpt(LONG, ["NEEDLE"])
    assert shown.startswith("…word ")
    assert " needle other " in shown
    assert shown.endswith("other…")
    assert len(shown) <= 2 * AROUND + len("needle") + 2


def test_parts_are_no_patterns() -> None:
    assert excerpt(f"{'a ' * 50}1.5(", ["5("]).endswith("1.5(")
