"""``chatctl user suspend``, ``user mute`` and ``conversation lock``, and their inverses."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from chatctl.db.connection import Connection
from chatctl.services.moderation import transaction
from chatctl.services.moderation.operators import OperatorAct
from chatctl.services.moderation.results import ActionResult, action_result


def suspend(
    conn: Connection,
    user_id: UUID,
    act: OperatorAct,
    *,
    until: datetime | None,
    visible_reason: str | None,
    dry_run: bool,
    on_wait: Callable[[str], None],
) -> ActionResult:
    """End a user's access until then; None means until it is lifted. Sessions are revoked for good."""
    parameters = {"user_id": user_id, "until": until, "visible_reason": visible_reason, **act.parameters}
    rows = transaction.run(conn, "suspend_user", parameters, dry_run=dry_run, on_wait=on_wait)
    return action_result("user.suspend", rows, dry_run=dry_run)


def unsuspend(
    conn: Connection, user_id: UUID, act: OperatorAct, *, dry_run: bool, on_wait: Callable[[str], None]
) -> ActionResult:
    """Lift a user's suspension."""
    parameters = {"user_id": user_id, **act.parameters}
    rows = transaction.run(conn, "unsuspend_user", parameters, dry_run=dry_run, on_wait=on_wait)
    return action_result("user.unsuspend", rows, dry_run=dry_run)


def mute(
    conn: Connection,
    user_id: UUID,
    act: OperatorAct,
    *,
    organization_id: UUID | None,
    conversation_id: UUID | None,
    until: datetime | None,
    visible_reason: str | None,
    dry_run: bool,
    on_wait: Callable[[str], None],
) -> ActionResult:
    """Let a user read but not write, in an organization, a conversation, or (both None) everywhere."""
    parameters = {
        "user_id": user_id,
        "organization_id": organization_id,
        "conversation_id": conversation_id,
        "until": until,
        "visible_reason": visible_reason,
        **act.parameters,
    }
    rows = transaction.run(conn, "mute_user", parameters, dry_run=dry_run, on_wait=on_wait)
    return action_result("user.mute", rows, dry_run=dry_run)


def unmute(
    conn: Connection,
    user_id: UUID,
    act: OperatorAct,
    *,
    organization_id: UUID | None,
    conversation_id: UUID | None,
    dry_run: bool,
    on_wait: Callable[[str], None],
) -> ActionResult:
    """Lift the mute of a user in that place; mutes elsewhere stay."""
    parameters = {
        "user_id": user_id,
        "organization_id": organization_id,
        "conversation_id": conversation_id,
        **act.parameters,
    }
    rows = transaction.run(conn, "unmute_user", parameters, dry_run=dry_run, on_wait=on_wait)
    return action_result("user.unmute", rows, dry_run=dry_run)


def lock(
    conn: Connection,
    conversation_id: UUID,
    act: OperatorAct,
    *,
    visible_reason: str,
    dry_run: bool,
    on_wait: Callable[[str], None],
) -> ActionResult:
    """Let nobody write in a conversation; its participants see ``visible_reason``."""
    parameters = {"conversation_id": conversation_id, "visible_reason": visible_reason, **act.parameters}
    rows = transaction.run(conn, "lock_conversation", parameters, dry_run=dry_run, on_wait=on_wait)
    return action_result("conversation.lock", rows, dry_run=dry_run)


def unlock(
    conn: Connection,
    conversation_id: UUID,
    act: OperatorAct,
    *,
    dry_run: bool,
    on_wait: Callable[[str], None],
) -> ActionResult:
    """Let participants write again."""
    parameters = {"conversation_id": conversation_id, **act.parameters}
    rows = transaction.run(conn, "unlock_conversation", parameters, dry_run=dry_run, on_wait=on_wait)
    return action_result("conversation.unlock", rows, dry_run=dry_run)
