"""``chatctl log``: the log of what operators did and read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import class_row, dict_row

from chatctl.db.connection import Connection
from chatctl.db.files import query
from chatctl.errors import NotFound
from chatctl.services.moderation import transaction
from chatctl.services.moderation.chain import ChainBreak, ChainHead, ChainLink, breaks, is_intact

_BATCH = 1_000  # rows fetched at a time


@dataclass(frozen=True)
class LogEntry:
    """A row of the moderation log."""

    id: int
    at: datetime
    actor: str
    database_role: str | None
    action: str
    target_type: str
    target_id: str
    user_id: UUID | None
    reason: str
    ticket: str | None
    client: str | None
    organization_id: UUID | None
    job_id: UUID | None
    details: Mapping[str, Any]
    targets: list[str]
    previous_hash: str
    hash: str


@dataclass(frozen=True)
class LogFilter:
    """Which rows of the log; None means any."""

    actor: str | None = None
    action: str | None = None
    target: str | None = None
    ticket: str | None = None
    user_id: UUID | None = None
    organization_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None


def entries(conn: Connection, wanted: LogFilter, *, before: int | None = None, count: int) -> list[LogEntry]:
    """At most ``count`` rows, newest first, older than row ``before``."""
    parameters = {**vars(wanted), "before": before, "count": count}
    with transaction.migrated(), conn.cursor(row_factory=class_row(LogEntry)) as cursor:
        return cursor.execute(query("moderation/log"), parameters).fetchall()


def entry(conn: Connection, entry_id: int) -> LogEntry:
    """One row. Raises NotFound."""
    with transaction.migrated(), conn.cursor(row_factory=class_row(LogEntry)) as cursor:
        row = cursor.execute(query("moderation/log_entry"), {"id": entry_id}).fetchone()
    if row is None:
        raise NotFound(f"there is no action {entry_id} in the log")
    return row


def every_entry(conn: Connection) -> Iterator[dict[str, Any]]:
    """All rows as of now, oldest first, in constant memory."""
    with transaction.migrated(), conn.transaction(), conn.cursor("log", row_factory=dict_row) as cursor:
        cursor.itersize = _BATCH
        yield from cursor.execute(query("moderation/log_export"))


def verify(conn: Connection) -> tuple[int, list[ChainBreak]]:
    """The number of rows, and where the chain is broken: rows changed, missing, inserted or swapped."""
    with transaction.migrated(), conn.transaction():
        conn.execute("set transaction isolation level repeatable read, read only")
        with conn.cursor(row_factory=class_row(ChainHead)) as cursor:
            head = cursor.execute(query("moderation/log_head")).fetchone() or ChainHead(0, "")
        if is_intact(_links(conn), head):
            return head.id, []
        links = list(_links(conn))
        return len(links), breaks(links, head)


def _links(conn: Connection) -> Iterator[ChainLink]:
    with conn.cursor("chain", row_factory=class_row(ChainLink)) as cursor:
        cursor.itersize = _BATCH
        yield from cursor.execute(query("moderation/log_chain"))
