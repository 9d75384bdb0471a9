"""``chatctl conversation repair``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from chatctl.db.connection import Connection
from chatctl.services.moderation import transaction
from chatctl.services.moderation.operators import OperatorAct


@dataclass(frozen=True)
class RepairedValue:
    """A value that was wrong; ``user_id`` is whose read state it is."""

    what: str
    user_id: UUID | None
    was: str | None
    becomes: str | None


@dataclass(frozen=True)
class RepairResult:
    """What a repair changed. ``action_id`` is its row in the log; None if nothing was wrong."""

    action: str
    action_id: int | None
    dry_run: bool
    changes: Sequence[RepairedValue]


def repair(
    conn: Connection,
    conversation_id: UUID,
    act: OperatorAct,
    *,
    dry_run: bool,
    on_wait: Callable[[str], None],
) -> RepairResult:
    """Set the creator, the counters and the read states to what follows from participants and messages."""
    parameters = {"conversation_id": conversation_id, **act.parameters}
    rows = transaction.run(conn, "repair_conversation", parameters, dry_run=dry_run, on_wait=on_wait)
    return RepairResult(
        action="conversation.repair",
        action_id=rows[0][0] if rows and not dry_run else None,
        dry_run=dry_run,
        changes=[RepairedValue(*row[1:]) for row in rows],
    )
