"""``chatctl message``: delete, restore, redact and purge messages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any
from uuid import UUID

from chatctl.db.connection import Connection
from chatctl.db.files import query
from chatctl.services.moderation import jobs, transaction
from chatctl.services.moderation.jobs import JobProgress
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
    versions: Sequence[str] | None = None,
    dry_run: bool = False,
    on_wait: Callable[[str], None],
    on_step: Callable[[JobProgress], None] = lambda step: None,
) -> ActionResult:
    """Do ``verb`` to the messages; more than a batch of them as a job, else in one transaction.

    With ``versions``, messages that changed since fail. With ``dry_run`` each batch is rolled back. Messages
    that do not exist or are held fail on their own. Raises Invalid for a reason that is missing or names a
    sender.
    """
    chosen = [None] * len(ids) if versions is None else list(versions)
    if len(ids) > jobs.BATCH and not dry_run:
        job_id = jobs.create(conn, verb, ids, chosen, act, on_wait=on_wait)
        return jobs.run(conn, job_id, actor=act.actor, on_wait=on_wait, on_step=on_step)
    rows: list[tuple[Any, ...]] = []
    for first in range(0, len(ids), jobs.BATCH):
        batch = slice(first, first + jobs.BATCH)
        parameters = {"ids": list(ids[batch]), "versions": chosen[batch], "job_id": None, **act.parameters}
        rows += transaction.run(conn, f"{verb}_messages", parameters, dry_run=dry_run, on_wait=on_wait)
        on_step(JobProgress(f"message {verb}", min(batch.stop, len(ids)), len(ids)))
    return action_result(f"message.{verb}", rows, dry_run=dry_run, can_be_undone=verb.can_be_undone)
