"""``chatctl hold``: protect messages from being redacted, purged or erased."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from psycopg.rows import class_row

from chatctl.db.connection import Connection
from chatctl.db.files import query
from chatctl.errors import NotFound
from chatctl.services.moderation import transaction
from chatctl.services.moderation.operators import OperatorAct
from chatctl.services.moderation.results import ActionResult, ItemOutcome


class HoldSubject(StrEnum):
    """What a hold can be on."""

    organization = "organization"
    conversation = "conversation"
    user = "user"


@dataclass(frozen=True)
class Hold:
    """An active hold; ``subject_id`` is the id of the organization, conversation or user."""

    name: str
    subject: str
    subject_id: UUID
    reason: str
    created_at: datetime


def active(conn: Connection) -> list[Hold]:
    """The active holds, oldest first."""
    with transaction.migrated(), conn.cursor(row_factory=class_row(Hold)) as cursor:
        return cursor.execute(query("moderation/holds")).fetchall()


def named(conn: Connection, name: str) -> Hold:
    """The active hold of that name. Raises NotFound."""
    for hold in active(conn):
        if hold.name == name:
            return hold
    raise NotFound(f"there is no active hold {name}", hint="`chatctl hold list` shows them")


def create(
    conn: Connection,
    name: str,
    subject: HoldSubject,
    subject_id: UUID,
    act: OperatorAct,
    *,
    dry_run: bool,
    on_wait: Callable[[str], None],
) -> ActionResult:
    """Create a hold. Raises Conflict if there is one of that name."""
    ids = {f"{each}_id": subject_id if each is subject else None for each in HoldSubject}
    return _run(conn, "create", name, {**ids, **act.parameters}, dry_run=dry_run, on_wait=on_wait)


def release(
    conn: Connection, name: str, act: OperatorAct, *, dry_run: bool, on_wait: Callable[[str], None]
) -> ActionResult:
    """Release a hold. Raises NotFound if there is none of that name."""
    return _run(conn, "release", name, act.parameters, dry_run=dry_run, on_wait=on_wait)


def _run(
    conn: Connection,
    verb: str,
    name: str,
    parameters: dict[str, object],
    *,
    dry_run: bool,
    on_wait: Callable[[str], None],
) -> ActionResult:
    rows = transaction.run(
        conn, f"{verb}_hold", {"name": name, **parameters}, dry_run=dry_run, on_wait=on_wait
    )
    action_id = None if dry_run else rows[0][0]
    return ActionResult(
        action=f"hold.{verb}",
        action_id=action_id,
        dry_run=dry_run,
        undo=f"chatctl undo {action_id}" if action_id and verb == "create" else None,
        items=[ItemOutcome(name, "done")],
    )
