"""A conversation as text: day lines, times, senders, wrapped text, reactions, files, and what was removed.

What people wrote stays in its column: it cannot look like a line of another message.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from itertools import groupby
from shutil import get_terminal_size

from rich.cells import cell_len, set_cell_size

from chatctl.cli.text import size
from chatctl.cli.wrapping import wrapped
from chatctl.formats.escaping import line, shortened
from chatctl.services.moderation.look.transcript import TranscriptMessage

_TIME = "      "  # as wide as 09:12 and a space
_NAME = 18  # at most
_MARKS = {"sent": " ", "deleted": "-", "redacted": "x", "purged": "x"}
_NARROWEST = 20  # of the text


class TranscriptWriter:
    """Turns messages into text, batch after batch; remembers the day of the last one."""

    def __init__(self, *, ids: bool) -> None:
        self._ids = ids
        self._day: date | None = None
        self._name_width = 0
        self._columns = get_terminal_size().columns

    def text(self, messages: Sequence[TranscriptMessage]) -> str:
        """The lines of these messages, which follow those of the call before."""
        names = [cell_len(sender(each)) for each in messages if each.state != "purged"]
        self._name_width = max(self._name_width, min(_NAME, max(names, default=0)))
        return "\n".join(self._lines(messages))

    def _lines(self, messages: Sequence[TranscriptMessage]) -> Iterator[str]:
        for purged, group in groupby(messages, key=lambda each: each.state == "purged"):
            run = list(group)
            for message in run[:1] if purged else run:
                yield from self._day_line(message)
                if not purged:
                    yield from self._message(message)
            if purged:
                yield self._row(run[0], "", _purged(run))

    def _day_line(self, message: TranscriptMessage) -> Iterator[str]:
        day = message.created_at.astimezone(UTC).date()
        if day != self._day:
            if self._day is not None:
                yield ""
            self._day = day
            yield f"── {day:%A}, {day.day} {day:%B %Y} " + "─" * 8

    def _message(self, message: TranscriptMessage) -> Iterator[str]:
        lines = [*_state(message), *self._wrapped(message.content)]
        first, *rest = lines or [""]
        yield self._row(message, sender(message), first)
        for text in rest:
            yield self._continued("", text)
        for file in message.attachments or ():
            yield from self._labelled("file", f"{file['name']} ({file['type']}, {size(file['size'])})")
        if message.reactions:
            counts = Counter(each["emoji"] for each in message.reactions)
            yield from self._labelled("reactions", "  ".join(f"{emoji} {n}" for emoji, n in counts.items()))
        if self._ids:
            yield self._continued("id", str(message.id))

    def _labelled(self, label: str, text: str) -> Iterator[str]:
        for number, part in enumerate(self._wrapped(line(text))):
            yield self._continued("" if number else label, part)

    def _row(self, message: TranscriptMessage, name: str, text: str) -> str:
        at = message.created_at.astimezone(UTC)
        cells = f"{at:%H:%M} {_MARKS[message.state]}{self._name(name)}  {text}"
        return cells.rstrip()

    def _continued(self, label: str, text: str) -> str:
        return f"{_TIME} {self._name(f'  {label}' if label else '')}  {text}".rstrip()

    def _name(self, name: str) -> str:
        if cell_len(name) > self._name_width:
            name = set_cell_size(name, self._name_width - 1).rstrip() + "…"
        return set_cell_size(name, self._name_width)

    def _wrapped(self, content: str | None) -> list[str]:
        if content is None:
            return []
        width = max(_NARROWEST, self._columns - len(_TIME) - 1 - self._name_width - 2)
        return wrapped(content, width)


def sender(message: TranscriptMessage) -> str:
    """Who sent it, on one line."""
    name = message.sender_name or message.sender_email or (message.sender_id and str(message.sender_id))
    return line(shortened(name, 255)) if name else "(erased user)"


def _state(message: TranscriptMessage) -> Iterator[str]:
    if message.state == "sent" or message.deleted_at is None:
        return
    by = "by its sender" if message.deleted_by is not None else "not by its sender"
    words = f"deleted {_moment(message.deleted_at)}, {by}"
    if message.redacted_at is not None:
        words += f"; redacted {_moment(message.redacted_at)}"
    elif message.state == "redacted":
        words += "; nothing of it is kept"
    yield f"({words})"


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M}"


def _purged(run: Sequence[TranscriptMessage]) -> str:
    first, last = run[0].seq, run[-1].seq
    which = f"message {first}" if first == last else f"messages {first} to {last}"
    return f"({which} of the conversation purged)"
