"""Text of users in rows that a terminal does not wrap again: nothing of it begins a row of the screen."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from rich.cells import get_character_cell_size
from rich.console import Console
from rich.text import Text

from chatctl.formats.escaping import visible

_EMOJI_STYLE = "\ufe0f"  # makes some characters wide


def wrapped(text: str, width: int) -> list[str]:
    """``text`` in rows of at most ``width`` cells, broken between words if possible; controls are escaped."""
    rows = Text(visible(text)).wrap(_console(), width, overflow="fold")
    return [part for row in rows for part in _chopped(row.plain, width)]


def fits(text: str, width: int) -> bool:
    """Whether no terminal needs more than ``width`` cells for ``text``."""
    return sum(map(_most_cells, text)) <= width


def _chopped(row: str, width: int) -> Iterator[str]:
    """Chop a row that Rich measures as too narrow: wide blanks at its end, or characters after joiners."""
    if fits(row, width):
        yield row
        return
    part, cells = "", 0
    for character in row.rstrip():
        more = _most_cells(character)
        if part and cells + more > width:
            yield part
            part, cells = "", 0
        part, cells = part + character, cells + more
    yield part


def _most_cells(character: str) -> int:
    """The cells of a character by itself: not every terminal joins emoji, and none joins letters."""
    return 1 if character == _EMOJI_STYLE else get_character_cell_size(character)


@cache
def _console() -> Console:
    return Console(color_system=None)
