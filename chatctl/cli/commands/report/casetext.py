"""A report as text: the message in its context, and the people."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from shutil import get_terminal_size

from chatctl.cli.text import count
from chatctl.cli.wrapping import fits, wrapped
from chatctl.formats.escaping import line, visible
from chatctl.services.moderation.reportcases import NearbyMessage, PersonRecord, ReportCase
from chatctl.services.moderation.reports import Report

_QUOTE = "  | "
_NARROWEST = 2  # of the text: a wide character


@dataclass(frozen=True)
class _Page:
    """Where the text goes: a terminal of so many columns, or None for a pipe, where each line is one row."""

    columns: int | None
    most_rows: int | None  # of each text of a user

    def rows(self, text: str) -> list[str]:
        """A line of the program, with names in it; what does not fit is quoted below."""
        if self.columns is None or fits(text, self.columns):
            return [text]
        first, *rest = wrapped(text, self._quoted_width)
        return [first, *(_QUOTE + row for row in rest)]

    def quoted(self, text: str) -> Iterator[str]:
        """What a user wrote, folded to ``most_rows``."""
        rows = self._lines(text)
        shown = rows[: self.most_rows]
        yield from (_QUOTE + row for row in shown)
        if len(shown) < len(rows) and (more := _characters_after(shown, visible(text))):
            yield f"{_QUOTE}… {count(more, 'more character')}; report show prints all"

    @property
    def _quoted_width(self) -> int:
        return max(_NARROWEST, (self.columns or 0) - len(_QUOTE))

    def _lines(self, text: str) -> list[str]:
        if self.columns is None:
            return [line(each) for each in text.split("\n")]
        return wrapped(text, self._quoted_width)


def case_text(case: ReportCase, *, most_rows: int | None = None) -> str:
    """``case`` in lines, each text of a user in at most ``most_rows``. Nothing that a user wrote begins a row
    of the screen.
    """
    page = _Page(get_terminal_size().columns if sys.stdout.isatty() else None, most_rows)
    lines = [
        *_report(case.report, page),
        "",
        *(text for message in case.messages for text in _message(message, case.report, page)),
        "",
        *_person("sender", case.sender),
        *_person("reporter", case.reporter),
    ]
    return "\n".join(row for text in lines for row in page.rows(text))


def _characters_after(rows: Sequence[str], text: str) -> int:
    """How many characters of ``text`` follow those in ``rows``, which may lack blanks at their ends."""
    for row in rows:
        text = text.lstrip()[len(row.strip()) :]
    return len(text.strip())


def _report(report: Report, page: _Page) -> Iterator[str]:
    yield f"report {report.id}: {report.kind}, {_state(report)}"
    yield f"  filed         {_time(report.created_at)}"
    yield f"  organization  {line(report.organization)}"
    yield f"  conversation  {line(report.conversation)}  {report.conversation_id}"
    yield f"  message       {report.message_id}  {report.message_state}"
    if report.comment:
        yield "  comment"
        yield from page.quoted(report.comment)


def _state(report: Report) -> str:
    if report.verdict:
        return f"{report.verdict} by {line(report.resolved_by or '')}"
    return f"claimed by {line(report.claimed_by)}" if report.claimed_by else report.status


def _message(message: NearbyMessage, report: Report, page: _Page) -> Iterator[str]:
    mark = ">" if message.id == report.message_id else " "
    state = "" if message.state == "live" else f"  [{message.state}]"
    yield f"{mark} {_time(message.created_at)}  {line(message.sender or 'nobody')}{state}"
    if message.content:
        yield from page.quoted(message.content)
    for attachment in message.attachments:
        yield from page.quoted(line(f"[file] {attachment.get('name')}"))


def _person(role: str, person: PersonRecord | None) -> Iterator[str]:
    if person is None:
        yield f"{role}: erased"
        return
    known = person.history
    yield f"{role}: {line(known.name or '')} <{line(known.email or '')}>  {known.id}"
    yield f"  since {_time(known.since)}"
    yield (
        f"  reported by others: {known.reports_against:,} ({known.against_open:,} undecided, "
        f"{known.against_upheld:,} upheld, {known.against_dismissed:,} dismissed)"
    )
    yield (
        f"  reports of their own: {known.reported:,} ({known.reported_upheld:,} upheld, "
        f"{known.reported_dismissed:,} dismissed)"
    )
    if known.suspension_reason is not None:
        until = f"until {_time(known.suspended_until)}" if known.suspended_until else "until it is lifted"
        yield f"  suspended {until}: {line(known.suspension_reason)}"
    for act in person.acts:
        yield f"  action {act.id}  {_time(act.at)}  {act.action} by {line(act.actor)}: {line(act.reason)}"


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M")
