"""Suggestions for an unknown word."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches
from itertools import islice

_MOST_LISTED = 15


def suggestion(word: str, known: Collection[str]) -> str:
    """``did you mean …?`` if a known word is similar to ``word``, else the list of known words."""
    close = get_close_matches(word, known, n=1)
    if close:
        return f"did you mean {close[0]}?"
    listed = list(islice(known, _MOST_LISTED))
    more = f" and {len(known) - _MOST_LISTED} more" if len(known) > _MOST_LISTED else ""
    return f"known: {', '.join(listed) or 'none'}{more}"
