"""``chatctl org``: organizations, as operators see them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from chatctl.db.connection import Connection
from chatctl.services.moderation.look import reading
from chatctl.services.moderation.look.reading import Page


@dataclass(frozen=True)
class OrganizationSummary:
    """An organization in a list; ``messages`` that are not deleted."""

    id: UUID
    slug: str
    name: str
    created_at: datetime
    people: int
    conversations: int
    messages: int
    last_activity_at: datetime | None


@dataclass(frozen=True)
class OrganizationDetails:
    """One organization; ``holds`` are the names of those on all of it."""

    id: UUID
    slug: str
    name: str
    created_at: datetime
    people: int
    owners: int
    admins: int
    suspended: int
    conversations: int
    groups: int
    without_creator: int
    messages: int
    last_activity_at: datetime | None
    holds: list[str]


def listed(conn: Connection, *, cursor: str | None, limit: int) -> Page[OrganizationSummary]:
    """One page of the organizations, by slug."""
    return reading.page(
        conn, OrganizationSummary, "organizations", {}, key=("slug",), cursor=cursor, limit=limit
    )


def details(conn: Connection, organization_id: UUID) -> OrganizationDetails:
    """One organization, which must exist."""
    with reading.snapshot(conn):
        return reading.rows(conn, OrganizationDetails, "organization", {"id": organization_id})[0]
