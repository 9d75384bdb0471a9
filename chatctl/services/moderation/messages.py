"""``chatctl message``: delete, restore, redact and purge messages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from uuid import UUID

from chatctl.db.connection import Connection
from chatctl.db.files import query
from chatctl.services.moderation import transaction
from chatctl.services.moderation.operators import OperatorAct
from chatctl.services.moderation.results import ActionResult, action_result


class MessageVerb(StrEnum):
    """What can be done to messages."""

    delete = "delete"
    restore = "restore"
    redact = "redact"
    purge = "purge"

    @property
    def can_be_undone(self) -> bool:
        return self in (MessageVerb.delete, MessageVerb.restore)


def organizations_of(conn: Connection, ids: Sequence[UUID]) -> list[str]:
    """The slugs of the organizations that the messages belong to."""
    with transaction.migrated():
        rows = conn.execute(query("moderation/organizations_of_messages"), {"ids": list(ids)})
        return [row[0] for row in rows]


def moderate(
    conn: Connection,
    verb: MessageVerb,
    ids: Sequence[UUID],
    act: OperatorAct,
    *,
    dry_run: bool = False,
    on_wait: Callable[[str], None],
) -> ActionResult:
    """Do ``verb`` to the messages, all in one transaction, with one row in the log.

    With ``dry_run`` it is rolled back. Messages that do not exist or are held fail on their own.
    Raises Invalid for a reason that is missing or names a sender.
    """
    parameters = {"ids": list(ids), "versions": None, "job_id": None, **act.parameters}
    rows = transaction.run(conn, f"{verb}_messages", parameters, dry_run=dry_run, on_wait=on_wait)
    return action_result(f"message.{verb}", rows, dry_run=dry_run, can_be_undone=verb.can_be_undone)
