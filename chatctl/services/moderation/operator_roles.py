"""``chatctl operator``: the database roles that operators log in with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from psycopg.rows import class_row

from chatctl.db.connection import Connection
from chatctl.db.files import query
from chatctl.services.moderation import transaction
from chatctl.services.moderation.operators import OperatorAct
from chatctl.services.moderation.results import ActionResult, ItemOutcome


class OperatorVerb(StrEnum):
    """What can be done to a role."""

    grant = "grant"
    revoke = "revoke"


@dataclass(frozen=True)
class OperatorRole:
    """A role with privileges in schema ``moderation``.

    ``missing`` are privileges that an operator needs, ``surplus`` what the role has beyond these.
    """

    name: str
    can_log_in: bool
    missing: list[str]
    surplus: list[str]


def roles(conn: Connection) -> list[OperatorRole]:
    """The roles of operators, by name."""
    with transaction.migrated(), conn.cursor(row_factory=class_row(OperatorRole)) as cursor:
        return cursor.execute(query("moderation/operators")).fetchall()


def change(
    conn: Connection,
    verb: OperatorVerb,
    role: str,
    act: OperatorAct,
    *,
    dry_run: bool,
    on_wait: Callable[[str], None],
) -> ActionResult:
    """Give ``role`` exactly what an operator needs in schema ``moderation``, or take it all.

    Raises NotFound if there is no such role, NotAllowed for one that the API or Supabase uses.
    """
    parameters = {"role": role, **act.parameters}
    rows = transaction.run(conn, f"{verb}_operator", parameters, dry_run=dry_run, on_wait=on_wait)
    action_id = rows[0][0]
    return ActionResult(
        action=f"operator.{verb}",
        action_id=None if dry_run else action_id,
        dry_run=dry_run,
        undo=None,
        items=[ItemOutcome(role, "noop" if action_id is None else "done")],
    )
