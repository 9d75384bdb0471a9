"""``chatctl user list`` and ``chatctl user show``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from chatctl.db.connection import Connection
from chatctl.services.moderation.look import conversations, reading
from chatctl.services.moderation.look.conversations import ConversationFilter, ConversationSummary
from chatctl.services.moderation.look.reading import Page

_CONVERSATIONS = 20  # of one user, before `conversation list` has to be asked


@dataclass(frozen=True)
class UserSummary:
    """A user in a list, with the slugs of the organizations; ``suspended``: now."""

    id: UUID
    name: str | None
    email: str | None
    organizations: list[str]
    suspended: bool
    suspended_until: datetime | None
    created_at: datetime


@dataclass(frozen=True)
class Membership:
    """An organization of a user."""

    id: UUID
    slug: str
    name: str
    role: str
    joined_at: datetime


@dataclass(frozen=True)
class UserProfile:
    """A user. ``suspended``: now; an expired suspension is still known.

    Of ``messages_allowed`` messages per ``messages_per``, ``messages_used`` are used; ``window_opens_at`` is
    when the next one is accepted, None if that is now. ``holds`` are the names of those on the user.
    """

    id: UUID
    name: str | None
    email: str | None
    created_at: datetime
    messages: int
    deleted: int
    last_sent_at: datetime | None
    last_read_at: datetime | None
    suspended: bool
    suspension_reason: str | None
    suspended_at: datetime | None
    suspended_until: datetime | None
    messages_used: int
    messages_allowed: int
    messages_per: timedelta
    window_opens_at: datetime | None
    holds: list[str]


@dataclass(frozen=True)
class ActiveMute:
    """Where a user may not write now: in an organization, in a conversation, or, with neither, anywhere."""

    organization: str | None
    conversation_id: UUID | None
    conversation: str | None
    reason: str
    since: datetime
    until: datetime | None


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
class UserDetails:
    """A user, reports for and against, mutes, organizations, and the most recently active conversations."""

    profile: UserProfile
    reports: ReportHistory
    mutes: list[ActiveMute]
    organizations: list[Membership]
    conversations: Page[ConversationSummary]


def listed(
    conn: Connection, *, organization_id: UUID | None, suspended: bool, cursor: str | None, limit: int
) -> Page[UserSummary]:
    """One page of the users, newest first; only members of an organization, or only suspended ones."""
    parameters = {"organization_id": organization_id, "suspended": suspended}
    return reading.page(
        conn, UserSummary, "users", parameters, key=("created_at", "id"), cursor=cursor, limit=limit
    )


def details(conn: Connection, user_id: UUID) -> UserDetails:
    """One user, who must exist."""
    with reading.snapshot(conn):
        profile = reading.rows(conn, UserProfile, "user", {"id": user_id})[0]
        reports = reading.rows(conn, ReportHistory, "report_history", {"user_id": user_id})[0]
        mutes = reading.rows(conn, ActiveMute, "mutes", {"user_id": user_id})
        organizations = reading.rows(conn, Membership, "memberships", {"user_id": user_id})
    recent = conversations.listed(
        conn, ConversationFilter(member_id=user_id), cursor=None, limit=_CONVERSATIONS
    )
    return UserDetails(profile, reports, mutes, organizations, recent)
