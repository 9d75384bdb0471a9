"""Elements of GitHub Markdown; untrusted text does not become markup, a mention or a link."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from chatctl.formats.escaping import line, shortened, visible

_LONGEST = 500  # characters of one text
_SPECIAL = re.compile(r"([\\`*\[\]|~$#]|(?<!\w)_|_(?!\w)|:(?=//)|(?<=www)\.)", re.I)
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "@": "&#64;"})


def inline(value: str) -> str:
    """``value`` as text on one line."""
    return _SPECIAL.sub(r"\\\1", shortened(line(value), _LONGEST)).translate(_ENTITIES)


def html(value: str) -> str:
    """``value`` as text on one line inside HTML."""
    # GitHub interprets Markdown inside HTML as well, but not backslash escapes.
    escaped = line(value).translate(_ENTITIES)
    return re.sub(r"[*_`~\[\]|\\]|:(?=//)|(?<=www)\.", lambda match: f"&#{ord(match.group())};", escaped)


def fenced(code: str, language: str) -> str:
    """``code`` as a fenced block."""
    shown = visible(code)
    longest = max((len(run) for run in re.findall(r"`+", shown)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{shown}\n{fence}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table with a header row."""
    lines = [[inline(each) for each in row] for row in (head, *rows)]
    lines.insert(1, ["---"] * len(head))
    return "\n".join(f"| {' | '.join(row)} |" for row in lines)


def page(parts: Iterable[str], *, most: int, more: str) -> str:
    """``parts`` as paragraphs, in at most ``most`` bytes.

    Parts that do not fit are left out at the end; ``more`` is added to say so.
    """
    paragraphs: list[str] = []
    bytes_left = most - 200
    for part in parts:
        bytes_left -= len(part.encode()) + 2
        if bytes_left < 0:
            paragraphs.append(more)
            break
        paragraphs.append(part)
    return "\n\n".join(paragraphs) + "\n"
