"""``chatctl user erase``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from chatctl.db.connection import Connection
from chatctl.db.files import query
from chatctl.errors import NotFound
from chatctl.services.moderation import transaction
from chatctl.services.moderation.operators import OperatorAct


class MessagesOfErased(StrEnum):
    """What becomes of the messages of an erased user."""

    keep = "keep"
    anonymize = "anonymize"
    delete = "delete"


@dataclass(frozen=True)
class ErasedRows:
    """How many rows of a table tell of a user, and what becomes of them."""

    table: str
    rows: int
    becomes: str


@dataclass(frozen=True)
class ErasureResult:
    """What was found of a user and erased. ``action_id`` is its row in the log; None for a dry run."""

    action: str
    action_id: int | None
    dry_run: bool
    messages: str
    inventory: Sequence[ErasedRows]


def name_to_confirm(conn: Connection, user_id: UUID) -> str:
    """The user's email, or id if there is none. Raises NotFound."""
    with transaction.migrated():
        row = conn.execute(query("moderation/user_to_confirm"), {"user_id": user_id}).fetchone()
    if row is None:
        raise NotFound(f"there is no user {user_id}")
    return str(row[0])


def erase(
    conn: Connection,
    user_id: UUID,
    messages: MessagesOfErased,
    act: OperatorAct,
    *,
    dry_run: bool,
    on_wait: Callable[[str], None],
) -> ErasureResult:
    """Erase a user in one transaction, with an inventory per table.

    Raises Conflict if something of them is held.
    """
    parameters = {"user_id": user_id, "messages": messages.value, **act.parameters}
    rows = transaction.run(conn, "erase_user", parameters, dry_run=dry_run, on_wait=on_wait)
    return ErasureResult(
        action="user.erase",
        action_id=None if dry_run else rows[0][0],
        dry_run=dry_run,
        messages=messages.value,
        inventory=[ErasedRows(*row[1:]) for row in rows],
    )
