"""``chatctl report show`` and ``review``: a report in its conversation, and the people's history."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from chatctl.db.connection import Connection
from chatctl.db.files import query
from chatctl.services.moderation import log, reports, transaction
from chatctl.services.moderation.log import LogEntry, LogFilter
from chatctl.services.moderation.operators import OperatorAct
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
class ReportHistory:
    """What is known of a user: their reports, those about their messages, and their suspension."""

    id: UUID
    name: str | None
    email: str | None
    since: datetime
    suspension_reason: str | None
    suspended_at: datetime | None
    suspended_until: datetime | None
    reported: int
    reported_upheld: int
    reported_dismissed: int
    reports_against: int
    against_open: int
    against_upheld: int
    against_dismissed: int


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


def log_reading(
    conn: Connection,
    command: str,
    targets: Sequence[str],
    arguments: Mapping[str, Any],
    act: OperatorAct,
    *,
    on_wait: Callable[[str], None],
) -> None:
    """Commit to the log that an operator is about to read what users wrote."""
    parameters = {
        "command": command,
        "targets": list(targets),
        "arguments": Jsonb(dict(arguments)),
        **act.parameters,
    }
    transaction.run(conn, "log_read", parameters, dry_run=False, on_wait=on_wait)


def read(conn: Connection, report_id: UUID, *, around: int) -> ReportCase:
    """The report, ``around`` messages before and after it, and the people. Raises NotFound.

    Log it before, see ``log_reading``.
    """
    with transaction.migrated(), conn.transaction():
        conn.execute("set transaction isolation level repeatable read, read only")
        report = reports.one(conn, report_id)
        parameters = {"conversation_id": report.conversation_id, "seq": report.seq, "around": around}
        with conn.cursor(row_factory=class_row(NearbyMessage)) as cursor:
            messages = cursor.execute(query("moderation/report_context"), parameters).fetchall()
        return ReportCase(
            report, messages, _person(conn, report.sender_id), _person(conn, report.reporter_id)
        )


def _person(conn: Connection, user_id: UUID | None) -> PersonRecord | None:
    with conn.cursor(row_factory=class_row(ReportHistory)) as cursor:
        history = cursor.execute(query("moderation/report_history"), {"user_id": user_id}).fetchone()
    if history is None:
        return None
    return PersonRecord(history, log.entries(conn, LogFilter(user_id=history.id), count=_ACTS_SHOWN))
