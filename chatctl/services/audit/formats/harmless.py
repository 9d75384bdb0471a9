"""Names and values come from databases that anybody may write to: made visible before they are shown."""

from __future__ import annotations

import unicodedata

# Joiners build emoji.
_JOINERS = {"\u200c", "\u200d"}
_NO_CHARACTERS = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def visible(text: str, *, keep_lines: bool = True) -> str:
    r"""``text`` with control, bidi and other unseen characters as escapes such as ``\u202e``.

    What is left is allowed in XML 1.0 and moves no text around.
    """
    return "".join(each if _shown(each) or (keep_lines and each == "\n") else _escaped(each) for each in text)


def line(text: str) -> str:
    """``text`` visible and on one line."""
    return visible(text, keep_lines=False)


def shortened(text: str, most: int) -> str:
    """``text`` with at most ``most`` characters."""
    return text if len(text) <= most else text[: most - 1] + "…"


def _shown(character: str) -> bool:
    return character in _JOINERS or unicodedata.category(character) not in _NO_CHARACTERS


def _escaped(character: str) -> str:
    known = {"\n": r"\n", "\t": r"\t", "\r": r"\r"}
    code = ord(character)
    return known.get(character) or (f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}")  # noqa: PLR2004
