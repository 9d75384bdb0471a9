"""Jobs: acts on many messages in committed batches, which continue after an interruption."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from chatctl.db.connection import Connection
from chatctl.db.files import query
from chatctl.errors import Conflict, Invalid, NotFound
from chatctl.formats.counting import counted
from chatctl.services.moderation import transaction
from chatctl.services.moderation import undo as undoing
from chatctl.services.moderation.operators import OperatorAct
from chatctl.services.moderation.results import ActionResult, ItemOutcome

BATCH = 500  # messages that are changed, and logged, in one transaction


@dataclass(frozen=True)
class ModerationJob:
    """A job, and what has become of its items; ``finished_at`` is None while any is pending."""

    id: UUID
    verb: str
    actor: str
    reason: str
    ticket: str | None
    plan_hash: str | None
    created_at: datetime
    finished_at: datetime | None
    total: int
    done: int
    noop: int
    skipped: int
    failed: int
    pending: int

    @property
    def inverse(self) -> str | None:
        """The verb that undoes it, if there is one."""
        return {"delete": "restore", "restore": "delete"}.get(self.verb)


@dataclass(frozen=True)
class JobProgress:
    """How many items of a job have been dealt with."""

    what: str
    done: int
    of: int


def newest(conn: Connection, *, count: int) -> list[ModerationJob]:
    """The newest jobs."""
    return _jobs(conn, None, count)


def by_id(conn: Connection, job_id: UUID) -> ModerationJob:
    """One job. Raises NotFound."""
    found = _jobs(conn, job_id, 1)
    if not found:
        raise NotFound(f"there is no job {job_id}", hint="`chatctl job list` shows them")
    return found[0]


def _jobs(conn: Connection, job_id: UUID | None, count: int) -> list[ModerationJob]:
    with transaction.migrated(), conn.cursor(row_factory=class_row(ModerationJob)) as cursor:
        return cursor.execute(query("moderation/jobs"), {"job_id": job_id, "count": count}).fetchall()


def create(
    conn: Connection,
    verb: str,
    ids: Sequence[UUID],
    versions: Sequence[str | None],
    act: OperatorAct,
    *,
    plan_hash: str | None = None,
    on_wait: Callable[[str], None],
) -> UUID:
    """Create a job; its id, or that of the job that applies the plan already.

    Raises Invalid for a reason that is missing or names a sender, Conflict if that job is not the same.
    """
    parameters = {
        "verb": verb, "ids": list(ids), "versions": list(versions), "plan_hash": plan_hash, **act.parameters
    }  # fmt: skip
    rows = transaction.run(conn, "create_job", parameters, dry_run=False, on_wait=on_wait)
    return UUID(str(rows[0][0]))


def run(
    conn: Connection,
    job_id: UUID,
    *,
    actor: str,
    on_wait: Callable[[str], None],
    on_step: Callable[[JobProgress], None],
) -> ActionResult:
    """Do the batches that are left, and return what became of all items, those of earlier runs included.

    ``actor`` is who does them, in the log; the reason and the ticket are the job's. ``on_wait`` also gets the
    id of the job, before the first batch. Raises Conflict if the job was canceled.
    """
    job = by_id(conn, job_id)
    pending = job.pending
    if not pending and any(item.problem == "CANCELED" for item in _items(conn, job_id)):
        raise Conflict(f"job {job_id} was canceled", hint="for what is left, make a new plan with --plan")
    if pending:
        on_wait(f"job {job_id}; if it is interrupted: chatctl job resume {job_id}")
    while pending:
        try:
            parameters = {"job_id": job_id, "count": BATCH, "actor": actor}
            rows = transaction.run(conn, "run_job", parameters, dry_run=False, on_wait=on_wait)
        except Conflict as error:
            hint = f"earlier batches are done; continue with `chatctl job resume {job_id}`"
            raise Conflict(error.message, hint=hint) from error
        pending = rows[0][0]
        on_step(JobProgress(f"message {job.verb}", job.total - pending, job.total))
    items = _items(conn, job_id)
    undo = (
        f"chatctl job undo {job_id}" if job.inverse and any(item.status == "done" for item in items) else None
    )
    return ActionResult(
        action=f"message.{job.verb}", action_id=None, dry_run=False, undo=undo, items=items, job_id=job_id
    )


def repeated(conn: Connection, job: ModerationJob) -> ActionResult:
    """The result of doing a finished job again: nothing is left to do.

    Raises Conflict if what it did was undone, even in part.
    """
    with conn.cursor() as cursor:
        row = cursor.execute(query("moderation/job_reversals"), {"job_id": job.id}).fetchone()
    if row and row[0]:
        changed = f"{counted(row[0], 'message')} changed back since"
        raise Conflict(
            f"this plan was applied already (job {job.id}), and {changed}",
            hint="make a new plan with --plan",
        )
    items = [replace(item, status="noop") if item.status == "done" else item for item in _items(conn, job.id)]
    return ActionResult(
        action=f"message.{job.verb}", action_id=None, dry_run=False, undo=None, items=items, job_id=job.id
    )


def cancel(
    conn: Connection, job_id: UUID, act: OperatorAct, *, on_wait: Callable[[str], None]
) -> ActionResult:
    """End a job without what is pending. Raises NotFound, and Invalid for a bad reason."""
    parameters = {"job_id": job_id, **act.parameters}
    ((action_id, canceled),) = transaction.run(conn, "cancel_job", parameters, dry_run=False, on_wait=on_wait)
    if canceled:
        on_wait(f"{counted(canceled, 'pending message')} canceled")
    return ActionResult(
        action="job.cancel",
        action_id=action_id,
        dry_run=False,
        undo=None,
        items=[ItemOutcome(str(job_id), "done" if canceled else "noop")],
        job_id=job_id,
    )


def undo(
    conn: Connection,
    job: ModerationJob,
    act: OperatorAct,
    *,
    on_wait: Callable[[str], None],
    on_step: Callable[[JobProgress], None],
) -> ActionResult:
    """Undo the actions of a job, each in a transaction of its own; first cancel what is pending.

    Raises Invalid for a verb that cannot be undone, and for a reason that is missing or names a sender.
    """
    if job.inverse is None:
        raise Invalid(f"a job of message {job.verb} cannot be undone")
    cancel(conn, job.id, act, on_wait=on_wait)
    actions = [row[0] for row in conn.execute(query("moderation/job_actions"), {"job_id": job.id})]
    items: list[ItemOutcome] = []
    for action in actions:
        try:
            undone = undoing.undo(conn, action, act, dry_run=False, on_wait=on_wait)
        except Conflict as error:
            raise Conflict(error.message, hint="continue with the same command") from error
        items += undone.items
        on_step(JobProgress(f"undo of message {job.verb}", len(items), job.done))
    return ActionResult(
        action=f"message.{job.inverse}", action_id=None, dry_run=False, undo=None, items=items, job_id=job.id
    )


def pending(conn: Connection, job_id: UUID) -> list[UUID]:
    """The messages that a job has not dealt with yet."""
    return [UUID(item.id) for item in _items(conn, job_id) if item.status == "pending"]


def _items(conn: Connection, job_id: UUID) -> list[ItemOutcome]:
    with conn.cursor(row_factory=class_row(ItemOutcome)) as cursor:
        return cursor.execute(query("moderation/job_items"), {"job_id": job_id}).fetchall()
