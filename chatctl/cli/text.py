"""What users wrote is hostile: made harmless here before it reaches a terminal or a spreadsheet."""

from __future__ import annotations

import unicodedata

# Format characters (Cf) reorder or hide text, and Cc starts terminal commands; joiners build emoji.
_HARMLESS = {"\u200c", "\u200d"}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def printable(text: str, *, keep_lines: bool = True) -> str:
    r"""``text`` with control, ANSI and bidi characters shown as escapes, for example ``\x1b``."""
    return "".join(c if _safe(c, keep_lines) else _escaped(c) for c in text)


def cell(text: str) -> str:
    """``text`` for one cell of a table or a tab-separated line: printable and on one line."""
    return printable(text, keep_lines=False)


def csv_cell(text: str) -> str:
    """``text`` for a CSV cell: no control characters, and no formula when a spreadsheet opens it."""
    harmless = printable(text)
    return f"'{harmless}" if harmless.startswith(_FORMULA) else harmless


def _safe(character: str, keep_lines: bool) -> bool:
    if character == "\n":
        return keep_lines
    category = unicodedata.category(character)
    return character in _HARMLESS or category not in ("Cc", "Cf", "Cs", "Zl", "Zp")


def _escaped(character: str) -> str:
    known = {"\n": r"\n", "\t": r"\t", "\r": r"\r"}
    code = ord(character)
    if character in known:
        return known[character]
    if code < 0x100:  # noqa: PLR2004
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"  # noqa: PLR2004
