"""Small bar charts of block characters."""

from __future__ import annotations

from collections.abc import Sequence

_HEIGHTS = "▁▂▃▄▅▆▇█"
_EIGHTHS = ("", "▏", "▎", "▍", "▌", "▋", "▊", "▉")
_LONGEST = 40  # characters


def spark(values: Sequence[int]) -> str:
    """One character for each value, as high as the value is compared with the largest; 0 is a dot."""
    most = max(values, default=0)
    return "".join(_HEIGHTS[-(-value * len(_HEIGHTS) // most) - 1] if value else "·" for value in values)


def rows(values: Sequence[int]) -> list[str]:
    """A horizontal bar for each value, followed by the value."""
    most = max(values, default=0)
    width = max((len(f"{value:,}") for value in values), default=0)
    return [f"{value:>{width},}  {_bar(value, most)}".rstrip() for value in values]


def _bar(value: int, most: int) -> str:
    if not value:
        return ""
    full, eighths = divmod(max(1, value * _LONGEST * 8 // most), 8)
    return "█" * full + _EIGHTHS[eighths]
