"""The session in which files run; it is reset after each file, as if the next one had just connected."""

from __future__ import annotations

from dataclasses import dataclass

from chatctl.db.connection import Connection
from chatctl.db.files import query, sql_statement
from chatctl.services.migrations import lock
from chatctl.services.migrations.files import SqlFile


@dataclass
class FileSession:
    """The open transaction of ``conn``, in which files run one after another.

    ``lock_timeout`` is in seconds. ``defers`` is true if deferrable constraints may exist.
    """

    conn: Connection
    lock_timeout: float
    defers: bool = False

    @classmethod
    def begun(cls, conn: Connection, lock_timeout: float) -> FileSession:
        """A session for a transaction that has just started, including a retry.

        Raises Conflict if the migration lock was released, and another migration has acquired it.
        """
        session = cls(conn, lock_timeout)
        with conn.pipeline():
            session.renew()
            cursor = conn.execute(query("migrate/begin"), {"lock": lock.MIGRATION.key})
        has_lock, session.defers = cursor.fetchone() or (False, False)
        if not has_lock:
            raise lock.lost_error(conn)
        return session

    def renew(self, after: SqlFile | None = None) -> None:
        """Reset the session and check deferred constraints after a file; called inside a pipeline."""
        self.defers = self.defers or (after is not None and after.defers)
        _reset_settings(self.conn)
        limits = {"lock_timeout": f"{round(self.lock_timeout * 1000)}ms"}
        self.conn.execute(sql_statement("migrate/limits"), limits)
        if self.defers:
            self.conn.execute(sql_statement("migrate/check_deferred"))
        _discard(self.conn)


def reset(conn: Connection) -> None:
    """Reset the session outside a transaction."""
    with conn.pipeline():
        _reset_settings(conn)
        _discard(conn)


def _reset_settings(conn: Connection) -> None:
    # Bytes, here and below: the file may have set a client encoding that Python does not support.
    conn.execute(b"reset session authorization")
    conn.execute(b"reset role")
    conn.execute(b"reset all")


def _discard(conn: Connection) -> None:
    conn.execute(sql_statement("migrate/discard").encode())
