"""``chatctl report``: list the reports of users, claim, release and resolve them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from chatctl.db.connection import Connection
from chatctl.db.files import query
from chatctl.errors import NotFound
from chatctl.services.moderation import transaction
from chatctl.services.moderation.look import reading
from chatctl.services.moderation.look.reading import Page
from chatctl.services.moderation.operators import OperatorAct
from chatctl.services.moderation.results import ActionResult, ItemOutcome


class ReportStatus(StrEnum):
    """Where a report is: in the queue, with an operator, or decided."""

    open = "open"
    claimed = "claimed"
    resolved = "resolved"


class Verdict(StrEnum):
    """What an operator decides about a report."""

    upheld = "upheld"
    dismissed = "dismissed"
    duplicate = "duplicate"


class ReportAct(StrEnum):
    """What can be done to the message, or to its sender, together with an upheld verdict."""

    delete = "delete"
    redact = "redact"
    suspend = "suspend"

    @property
    def can_be_undone(self) -> bool:
        return self is not ReportAct.redact


@dataclass(frozen=True)
class Report:
    """A report, with the names of its organization and conversation.

    ``seq`` is the message's place in the conversation; ``message_state`` is live, deleted, redacted or
    purged.
    """

    id: UUID
    created_at: datetime
    status: str
    kind: str
    comment: str | None
    organization_id: UUID
    organization: str
    conversation_id: UUID
    conversation: str
    message_id: UUID
    seq: int | None
    message_state: str
    sender_id: UUID | None
    reporter_id: UUID | None
    claimed_by: str | None
    claimed_at: datetime | None
    verdict: str | None
    resolved_by: str | None
    resolved_at: datetime | None


@dataclass(frozen=True)
class ListedReport:
    """A report in a list: no text of users but their names. ``reports`` counts those of the same message."""

    id: UUID
    created_at: datetime
    status: str
    kind: str
    organization: str
    sender: str | None
    reporter: str | None
    message_id: UUID
    message_state: str
    reports: int
    claimed_by: str | None
    verdict: str | None
    resolved_by: str | None


@dataclass(frozen=True)
class ReportFilter:
    """Which reports; None means any."""

    statuses: Sequence[ReportStatus]
    organization_id: UUID | None = None
    sender_id: UUID | None = None


def listed(
    conn: Connection, wanted: ReportFilter, *, newest_first: bool, cursor: str | None, limit: int
) -> Page[ListedReport]:
    """One page of the reports, oldest first."""
    parameters = {**vars(wanted), "statuses": list(map(str, wanted.statuses)), "newest_first": newest_first}
    return reading.page(
        conn, ListedReport, "reports", parameters, key=("created_at", "id"), cursor=cursor, limit=limit
    )


def one(conn: Connection, report_id: UUID) -> Report:
    """A report. Raises NotFound."""
    with transaction.migrated():
        for report in reading.rows(conn, Report, "report", {"id": report_id}):
            return report
    raise NotFound(f"there is no report {report_id}", hint="`chatctl report list` shows them")


def messages_of(conn: Connection, ids: Sequence[UUID]) -> list[UUID]:
    """The ids of the messages that the reports are about."""
    with transaction.migrated():
        rows = conn.execute(query("moderation/messages_of_reports"), {"ids": list(ids)})
        return [row[0] for row in rows]


def next_to_review(
    conn: Connection, actor: str, *, organization_id: UUID | None, seen: Sequence[UUID]
) -> UUID | None:
    """The oldest report, other than those ``seen``, that is open or that ``actor`` has claimed."""
    parameters = {"actor": actor, "organization_id": organization_id, "seen": list(seen)}
    with transaction.migrated():
        row = conn.execute(query("moderation/next_report"), parameters).fetchone()
    return row[0] if row else None


def claim(
    conn: Connection,
    ids: Sequence[UUID],
    act: OperatorAct,
    *,
    dry_run: bool = False,
    on_wait: Callable[[str], None],
) -> ActionResult:
    """Hold open reports, so that no other operator can claim or resolve them."""
    return _run(conn, "claim", ids, act, {}, dry_run=dry_run, on_wait=on_wait)


def release(
    conn: Connection,
    ids: Sequence[UUID],
    act: OperatorAct,
    *,
    holder: str | None = None,
    dry_run: bool = False,
    on_wait: Callable[[str], None],
) -> ActionResult:
    """Open reports again that ``holder`` has claimed; by default the actor."""
    return _run(conn, "release", ids, act, {"holder": holder}, dry_run=dry_run, on_wait=on_wait)


def resolve(
    conn: Connection,
    ids: Sequence[UUID],
    verdict: Verdict,
    act: OperatorAct,
    *,
    do: ReportAct | None = None,
    dry_run: bool = False,
    on_wait: Callable[[str], None],
) -> ActionResult:
    """Close reports with a verdict, and ``do`` something about their messages in the same transaction."""
    more = {"verdict": verdict, "do": do}
    can_be_undone = do is None or do.can_be_undone
    return _run(
        conn, "resolve", ids, act, more, dry_run=dry_run, on_wait=on_wait, can_be_undone=can_be_undone
    )


def _run(
    conn: Connection,
    verb: str,
    ids: Sequence[UUID],
    act: OperatorAct,
    more: dict[str, Any],
    *,
    dry_run: bool,
    on_wait: Callable[[str], None],
    can_be_undone: bool = True,
) -> ActionResult:
    parameters = {"ids": list(ids), **more, **act.parameters}
    rows = transaction.run(conn, f"{verb}_reports", parameters, dry_run=dry_run, on_wait=on_wait)
    action_id = next((row[0] for row in rows if row[0] is not None), None) if not dry_run else None
    return ActionResult(
        action=f"report.{verb}",
        action_id=action_id,
        dry_run=dry_run,
        undo=f"chatctl undo {action_id}" if action_id and can_be_undone else None,
        items=[ItemOutcome(str(report_id), status, problem) for _, report_id, status, problem in rows],
    )
