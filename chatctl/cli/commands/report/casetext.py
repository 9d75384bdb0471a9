"""A report as text: the message in its context, and the people."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from chatctl.formats.escaping import line
from chatctl.services.moderation.reportcases import NearbyMessage, PersonRecord, ReportCase
from chatctl.services.moderation.reports import Report


def case_text(case: ReportCase) -> str:
    """``case`` in lines. Nothing that a user wrote begins a line."""
    return "\n".join(
        [
            *_report(case.report),
            "",
            *(text for message in case.messages for text in _message(message, case.report)),
            "",
            *_person("sender", case.sender),
            *_person("reporter", case.reporter),
        ]
    )


def _report(report: Report) -> Iterator[str]:
    yield f"report {report.id}: {report.kind}, {_state(report)}"
    yield f"  filed         {_time(report.created_at)}"
    yield f"  organization  {line(report.organization)}"
    yield f"  conversation  {line(report.conversation)}  {report.conversation_id}"
    yield f"  message       {report.message_id}  {report.message_state}"
    if report.comment:
        yield "  comment"
        yield from _quoted(report.comment)


def _state(report: Report) -> str:
    if report.verdict:
        return f"{report.verdict} by {line(report.resolved_by or '')}"
    return f"claimed by {line(report.claimed_by)}" if report.claimed_by else report.status


def _message(message: NearbyMessage, report: Report) -> Iterator[str]:
    mark = ">" if message.id == report.message_id else " "
    state = "" if message.state == "live" else f"  [{message.state}]"
    yield f"{mark} {_time(message.created_at)}  {line(message.sender or 'nobody')}{state}"
    if message.content:
        yield from _quoted(message.content)
    for attachment in message.attachments:
        yield f"  | [file] {line(str(attachment.get('name')))}"


def _quoted(text: str) -> Iterator[str]:
    yield from (f"  | {line(each)}" for each in text.split("\n"))


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
