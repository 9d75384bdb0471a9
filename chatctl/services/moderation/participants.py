"""``chatctl participant add`` and ``remove``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from uuid import UUID

from chatctl.db.connection import Connection
from chatctl.services.moderation import transaction
from chatctl.services.moderation.operators import OperatorAct
from chatctl.services.moderation.results import ActionResult, action_result


class ParticipantVerb(StrEnum):
    """What can be done to the participants of a group."""

    add = "add"
    remove = "remove"


def change(
    conn: Connection,
    verb: ParticipantVerb,
    conversation_id: UUID,
    user_ids: Sequence[UUID],
    act: OperatorAct,
    *,
    dry_run: bool,
    on_wait: Callable[[str], None],
) -> ActionResult:
    """Add people to a group, or remove them, in one transaction with one row in the log.

    Who is not a member of the organization fails alone. Raises Conflict for a direct conversation, Invalid
    for more than 50 participants.
    """
    parameters = {"conversation_id": conversation_id, "user_ids": list(user_ids), **act.parameters}
    rows = transaction.run(conn, f"{verb}_participants", parameters, dry_run=dry_run, on_wait=on_wait)
    return action_result(f"participant.{verb}", rows, dry_run=dry_run)
