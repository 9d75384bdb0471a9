"""The part of a message around a hit."""

from __future__ import annotations

import re
from collections.abc import Sequence

AROUND = 60  # characters on each side


def excerpt(content: str, parts: Sequence[str]) -> str:
    """``content`` on one line, cut to ``AROUND`` characters on each side of the first of ``parts`` in it.

    The parts are found in upper or lower case; without any, it is the beginning. Cuts are between words if
    there is a space nearby, and marked with an ellipsis.
    """
    start, end = _first(content, [part for part in parts if part])
    left, right = max(0, start - AROUND), min(len(content), end + AROUND)
    if left and (space := content.find(" ", left, start)) >= 0:
        left = space + 1
    if right < len(content) and (space := content.rfind(" ", end, right)) >= 0:
        right = space
    text = " ".join(content[left:right].split())
    return f"{'…' if left else ''}{text}{'…' if right < len(content) else ''}"


def _first(content: str, parts: Sequence[str]) -> tuple[int, int]:
    found = [re.search(re.escape(part), content, re.IGNORECASE) for part in parts]
    first = min((match for match in found if match), key=re.Match.start, default=None)
    return (first.start(), min(first.end(), first.start() + AROUND)) if first else (0, 0)
