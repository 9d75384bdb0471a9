"""Moments on the command line: how long ago, a day, or an ISO 8601 time."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import typer

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
HELP = "30m, 7d, 2026-11-30 or 2026-11-30T12:00Z"


def past(text: str) -> datetime:
    """The moment that ``text`` names: a duration is so long ago. Without a time zone it is UTC."""
    return _moment(text, -1)


def future(text: str) -> datetime:
    """The moment that ``text`` names: a duration is from now on. Without a time zone it is UTC."""
    return _moment(text, +1)


def _moment(text: str, direction: int) -> datetime:
    match = re.fullmatch(r"(\d{1,6})([smhdw])", text.strip())
    try:
        if match:
            return datetime.now(UTC) + direction * timedelta(**{_UNITS[match[2]]: int(match[1])})
        moment = datetime.fromisoformat(text.strip())
    except (ValueError, OverflowError):
        raise typer.BadParameter(f"{text!r} is not a time such as {HELP}") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
