"""Text for people: labelled lines, times and counts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from chatctl.formats.escaping import line


def labelled(values: Mapping[str, Any]) -> str:
    """One line for each value that is not None, its label in front; control characters are escaped."""
    width = max(map(len, values), default=0)
    return "\n".join(
        f"{label:{width}}  {line(str(value))}" for label, value in values.items() if value is not None
    )


def ago(moment: datetime | None) -> str | None:
    """``moment`` in UTC to the minute, and how long ago; None for None."""
    import humanize  # noqa: PLC0415 - only text needs it

    if moment is None:
        return None
    distance = humanize.naturaltime(moment, when=datetime.now(UTC))
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC ({distance})"


def count(number: int, thing: str) -> str:
    """``number`` of a thing, whose plural ends in s."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def size(number: int) -> str:
    """``number`` of bytes in a unit that fits, for example ``1.2 MB``."""
    import humanize  # noqa: PLC0415 - only text needs it

    return humanize.naturalsize(number)
