"""``chatctl undo``: the inverse of an action."""

from __future__ import annotations

from collections.abc import Callable

from chatctl.db.connection import Connection
from chatctl.services.moderation import transaction
from chatctl.services.moderation.operators import OperatorAct
from chatctl.services.moderation.results import ActionResult, action_result


def undo(
    conn: Connection, action_id: int, act: OperatorAct, *, dry_run: bool, on_wait: Callable[[str], None]
) -> ActionResult:
    """Undo an action by its inverse, which has a row of its own in the log.

    Raises NotFound for an action that is not in the log, Invalid for one that has no inverse.
    """
    parameters = {"action_id": action_id, **act.parameters}
    rows = transaction.run(conn, "undo", parameters, dry_run=dry_run, on_wait=on_wait)
    action = rows[0][0] if rows else "undo"
    return action_result(
        action, [row[1:] for row in rows], dry_run=dry_run, can_be_undone=action != "hold.release"
    )
