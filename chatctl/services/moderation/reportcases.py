"""``chatctl report show`` and ``review``: a report in its conversation, and the people's history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from chatctl.db.connection import Connection
from chatctl.services.moderation import log, reports
from chatctl.services.moderation.log import LogEntry, LogFilter
from chatctl.services.moderation.look import reading
from chatctl.services.moderation.look.users import ReportHistory
from chatctl.services.moderation.reports import Report

_ACTS_SHOWN = 5  # of the log, about each person


@dataclass(frozen=True)
class NearbyMessage:
    """A message near the reported one; ``state`` is live, deleted, redacted or purged."""

    id: UUID
    seq: int
    created_at: datetime
    sender_id: UUID | None
    sender: str | None
    state: str
    content: str | None
    attachments: Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class PersonRecord:
    """A user's history, and what operators have done to them lately."""

    history: ReportHistory
    acts: Sequence[LogEntry]


@dataclass(frozen=True)
class ReportCase:
    """All that an operator needs to decide about a report. An erased person is None."""

    report: Report
    messages: Sequence[NearbyMessage]
    sender: PersonRecord | None
    reporter: PersonRecord | None


def read(conn: Connection, report_id: UUID, *, around: int) -> ReportCase:
    """The report, ``around`` messages before and after it, and the people. Raises NotFound.

    Commit ``reading.log_read`` before.
    """
    with reading.snapshot(conn):
        report = reports.one(conn, report_id)
        parameters = {"conversation_id": report.conversation_id, "seq": report.seq, "around": around}
        messages = reading.rows(conn, NearbyMessage, "report_context", parameters)
        return ReportCase(
            report, messages, _person(conn, report.sender_id), _person(conn, report.reporter_id)
        )


def _person(conn: Connection, user_id: UUID | None) -> PersonRecord | None:
    for history in reading.rows(conn, ReportHistory, "report_history", {"user_id": user_id}):
        return PersonRecord(history, log.entries(conn, LogFilter(user_id=history.id), count=_ACTS_SHOWN))
    return None
