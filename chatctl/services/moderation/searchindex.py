"""``chatctl message index``: the optional indexes of messages by their words and by time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from psycopg.rows import class_row

from chatctl.db.connection import Connection
from chatctl.db.files import query, sql_statement
from chatctl.db.locks import AdvisoryLock
from chatctl.db.optionalindexes import OPTIONAL_INDEXES, present
from chatctl.db.patience import retry_lock_timeouts
from chatctl.db.pooler import refuse_shared_session
from chatctl.services.moderation import transaction

_BUILDING = AdvisoryLock(3_046_215_518_729_405_117, "build of the search index")
_DEADLINE = 600.0  # seconds, after which a deadlock with other index builds is not retried any more


@dataclass(frozen=True)
class SearchIndexStatus:
    """``state`` is absent, unfinished (being built, or interrupted) or ready."""

    state: str
    bytes: int


def status(conn: Connection) -> SearchIndexStatus:
    """Whether the indexes exist and can be used, and their size."""
    with transaction.migrated(), conn.cursor(row_factory=class_row(SearchIndexStatus)) as cursor:
        row = cursor.execute(query("moderation/search_index")).fetchone()
    return row or SearchIndexStatus("absent", 0)


def create(conn: Connection, *, on_wait: Callable[[str], None]) -> bool:
    """Build the indexes that do not exist, while messages are sent; returns whether there were any.

    What an interrupted build has left is dropped first.
    """
    status(conn)
    with _building(conn, on_wait):
        existing = present(conn)
        missing = {name: file for name, file in OPTIONAL_INDEXES.items() if not existing.get(name)}
        for name, file in missing.items():
            if name in existing:
                _run(conn, file.replace("create_", "drop_"), on_wait)
            _run(conn, file, on_wait)
        if missing:
            # The planner then knows how frequent words are.
            conn.execute("analyze public.messages")
    return bool(missing)


def drop(conn: Connection, *, on_wait: Callable[[str], None]) -> bool:
    """Drop the indexes; returns whether there were any."""
    status(conn)
    with _building(conn, on_wait):
        existing = present(conn)
        for name in existing:
            _run(conn, OPTIONAL_INDEXES[name].replace("create_", "drop_"), on_wait)
    return bool(existing)


@contextmanager
def _building(conn: Connection, on_wait: Callable[[str], None]) -> Iterator[None]:
    refuse_shared_session(conn)
    _BUILDING.acquire(conn, on_wait=on_wait)
    conn.execute(sql_statement("moderation/no_time_outs"))
    try:
        yield
    finally:
        _BUILDING.release(conn)


def _run(conn: Connection, file: str, on_wait: Callable[[str], None]) -> None:
    retry_lock_timeouts(
        conn,
        lambda _: conn.execute(sql_statement(file)),
        deadline=_DEADLINE,
        lock_timeout=None,
        on_wait=on_wait,
        hint="run it again when that session has finished",
    )
