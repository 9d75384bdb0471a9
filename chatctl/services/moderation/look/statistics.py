"""``chatctl stats``: how much each organization has, and how much is sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from chatctl.db.connection import Connection
from chatctl.services.moderation.look import reading
from chatctl.services.moderation.look.reading import Page

DAYS = 14  # today included
_SENDERS = 5


@dataclass(frozen=True)
class OrganizationStatistics:
    """How much an organization has. ``messages`` are those that are neither deleted nor purged, ``reported``
    how many were reported, deleted ones included.

    ``per_day``: sent on each of the last days, oldest first, ``recent_messages`` in all; deleted ones count,
    purged ones do not. ``top_senders`` sent the most of them.
    """

    id: UUID
    slug: str
    name: str
    people: int
    conversations: int
    messages: int
    deleted: int
    purged: int
    reported: int
    open_reports: int
    stored_files: int
    stored_bytes: int
    per_day: Sequence[int]
    top_senders: Sequence[dict[str, Any]]
    recent_messages: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "recent_messages", sum(self.per_day))


def last_days() -> list[date]:
    """The last days in UTC, oldest first, today included."""
    today = datetime.now(UTC).date()
    return [today - timedelta(days=ago) for ago in reversed(range(DAYS))]


def listed(
    conn: Connection,
    days: Sequence[date],
    *,
    organization_id: UUID | None,
    cursor: str | None,
    limit: int,
) -> Page[OrganizationStatistics]:
    """One page of the organizations, by slug, or a single one; ``days`` are consecutive."""
    parameters = {
        "organization_id": organization_id,
        "first_day": days[0],
        "days": len(days),
        "senders": _SENDERS,
    }
    return reading.page(
        conn, OrganizationStatistics, "statistics", parameters, key=("slug",), cursor=cursor, limit=limit
    )
