"""Escaping of untrusted text from users, databases and files before it is shown."""

from __future__ import annotations

import unicodedata

# Controls start terminal commands, format characters (Cf) reorder or hide text, lone surrogates cannot be
# written, private characters mean nothing here. Unassigned ones stay: they may be newer than our Unicode.
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
_JOINERS = {"\u200c", "\u200d"}  # they build emoji
_NONCHARACTERS = 0xFFFE  # the last two of each plane, which XML does not allow
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def visible(text: str, *, keep_lines: bool = True) -> str:
    r"""``text`` with control, ANSI, bidi and other invisible characters as escapes, for example ``\x1b``.

    The result cannot move or reorder other text, and is allowed in XML 1.0.
    """
    if text.isprintable():  # most texts, and many times faster than looking at each character
        return text
    return "".join(each if _shown(each) or (keep_lines and each == "\n") else _escaped(each) for each in text)


def line(text: str) -> str:
    """``text`` with control characters escaped, on one line."""
    return visible(text, keep_lines=False)


def csv_cell(text: str) -> str:
    """``text`` for a CSV cell: control characters escaped, and not a formula in a spreadsheet."""
    harmless = visible(text)
    return f"'{harmless}" if harmless.startswith(_FORMULA) else harmless


def shortened(text: str, most: int) -> str:
    """``text`` with at most ``most`` characters."""
    return text if len(text) <= most else text[: most - 1] + "…"


def _shown(character: str) -> bool:
    if character in _JOINERS:
        return True
    noncharacter = ord(character) & _NONCHARACTERS == _NONCHARACTERS
    return not noncharacter and unicodedata.category(character) not in _HIDDEN


def _escaped(character: str) -> str:
    # As Python writes it in a string.
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")
