"""``chatctl user show``."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from chatctl.cli.options import options
from chatctl.cli.output import document_table, show_document
from chatctl.cli.session import session
from chatctl.cli.text import ago, count, labelled
from chatctl.services.moderation import names
from chatctl.services.moderation.look import users
from chatctl.services.moderation.look.users import ActiveMute, ReportHistory, UserDetails, UserProfile

EPILOG = """\b
Examples:
  chatctl user show ann@example.com
  chatctl user show 'Ann A' -o json | jq .rate_limit

The last activity is the last message sent, or the last conversation marked as read.

Exit codes: 2 if the name is ambiguous, 3 if there is no such user.
"""


def show(
    ctx: typer.Context,
    user: Annotated[str, typer.Argument(help="A user, by id, email, or the beginning of the name.")],
) -> None:
    """Show one user: organizations, activity, restrictions, limit."""
    shared = options(ctx)
    with session(shared, watched=True) as at:
        shown = users.details(at.conn, names.user(at.conn, user).id)
    show_document(_document(shown), shared, text=_text(shown))


def _document(shown: UserDetails) -> dict[str, object]:
    profile = shown.profile
    return {
        "id": profile.id,
        "name": profile.name,
        "email": profile.email,
        "created_at": profile.created_at,
        "last_sent_at": profile.last_sent_at,
        "last_read_at": profile.last_read_at,
        "messages": profile.messages,
        "deleted": profile.deleted,
        "suspension": None if profile.suspended_at is None else {
            "active": profile.suspended,
            "reason": profile.suspension_reason,
            "since": profile.suspended_at,
            "until": profile.suspended_until,
        },
        "mutes": shown.mutes,
        "reports": {
            "filed": shown.reports.reported,
            "filed_upheld": shown.reports.reported_upheld,
            "against": shown.reports.reports_against,
            "against_open": shown.reports.against_open,
            "against_upheld": shown.reports.against_upheld,
        },
        "rate_limit": {
            "used": profile.messages_used,
            "allowed": profile.messages_allowed,
            "per_seconds": int(profile.messages_per.total_seconds()),
            "opens_at": profile.window_opens_at,
        },
        "holds": profile.holds,
        "organizations": shown.organizations,
        "conversation_count": shown.conversations.total,
        "recent_conversations": shown.conversations.rows,
    }  # fmt: skip


def _text(shown: UserDetails) -> str:
    profile, recent = shown.profile, shown.conversations
    activity = max(
        (at for at in (profile.last_sent_at, profile.last_read_at) if at is not None), default=None
    )
    parts = [
        labelled({
            "user": f"{profile.name or '(no name)'} <{profile.email or 'no email'}>",
            "id": profile.id,
            "created": ago(profile.created_at),
            "last activity": ago(activity) or "none",
            "messages": f"{profile.messages:,} sent, {profile.deleted:,} of them deleted",
            "rate limit": _rate_limit(profile),
            "suspended": _suspension(profile),
            "muted": "; ".join(map(_mute, shown.mutes)) or None,
            "reports": _reports(shown.reports),
            "holds": ", ".join(profile.holds) or None,
        }),
        "",
        count(len(shown.organizations), "organization"),
    ]  # fmt: skip
    if shown.organizations:
        parts.append(document_table(shown.organizations, ("slug", "role", "joined_at")))
    parts += ["", count(recent.total, "conversation")]
    if recent.rows:
        columns = ("id", "kind", "title", "messages", "last_activity_at")
        parts.append(document_table(recent.rows, columns, droppable=("kind", "messages")))
    if recent.cursor is not None:
        parts.append(f"… `chatctl conversation list --member {profile.id}` lists all {recent.total:,}")
    return "\n".join(parts)


def _rate_limit(profile: UserProfile) -> str:
    used = (
        f"{profile.messages_used} of {profile.messages_allowed} messages used "
        f"in the last {profile.messages_per.total_seconds():.0f} s"
    )
    if profile.window_opens_at is None:
        return used
    return f"{used}; the next one is accepted at {profile.window_opens_at:%H:%M:%S} UTC"


def _reports(history: ReportHistory) -> str:
    against = f"{history.against_open:,} open, {history.against_upheld:,} upheld"
    return (
        f"{history.reports_against:,} against ({against}), "
        f"{history.reported:,} filed ({history.reported_upheld:,} upheld)"
    )


def _suspension(profile: UserProfile) -> str | None:
    if profile.suspended_at is None:
        return None
    until = _until(profile.suspended_until)
    over = "" if profile.suspended else " (over)"
    return f"since {profile.suspended_at:%Y-%m-%d %H:%M} UTC, {until}{over}: {profile.suspension_reason}"


def _mute(mute: ActiveMute) -> str:
    where = mute.organization or mute.conversation or mute.conversation_id
    return f"{f'in {where}' if where else 'everywhere'}, {_until(mute.until)}: {mute.reason}"


def _until(moment: datetime | None) -> str:
    return f"until {moment:%Y-%m-%d %H:%M} UTC" if moment else "until lifted"
