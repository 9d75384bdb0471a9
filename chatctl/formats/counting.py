"""Numbers of things in messages."""

from __future__ import annotations


def counted(number: int, word: str) -> str:
    """``number`` and ``word``, for example ``1 file`` or ``1,204 probes``."""
    return f"{number:,} {word if number == 1 else f'{word}s'}"
