"""The session in which files run: each finds it as if it had just connected, whatever the one before did."""

from __future__ import annotations

from dataclasses import dataclass

from chatctl.db.connection import Connection
from chatctl.db.files import query, sql_statement
from chatctl.services.migrations import lock
from chatctl.services.migrations.files import SqlFile


@dataclass
class FileSession:
    """The open transaction of ``conn``, in which files run one after another.

    A lock that is not had within ``lock_timeout`` seconds is given up. ``defers``: there is a constraint that
    may be checked later than its statement.
    """

    conn: Connection
    lock_timeout: float
    defers: bool = False

    @classmethod
    def begun(cls, conn: Connection, lock_timeout: float) -> FileSession:
        """A session for the transaction that has just begun, also after a try that was rolled back.

        Raises Conflict when the lock of the migration was lost, and somebody else has it.
        """
        session = cls(conn, lock_timeout)
        with conn.pipeline():
            session.renew()
            cursor = conn.execute(query("migrate/begin"), {"lock": lock.MIGRATION.key})
        kept, session.defers = cursor.fetchone() or (False, False)
        if not kept:
            raise lock.lost(conn)
        return session

    def renew(self, after: SqlFile | None = None) -> None:
        """Undo what ``after`` did to the session, and check what it deferred; to be sent in a pipeline."""
        self.defers = self.defers or (after is not None and after.defers)
        _reset_settings(self.conn)
        limits = {"lock_timeout": f"{round(self.lock_timeout * 1000)}ms"}
        self.conn.execute(sql_statement("migrate/limits"), limits)
        if self.defers:
            self.conn.execute(sql_statement("migrate/check_deferred"))
        _discard(self.conn)


def reset(conn: Connection) -> None:
    """Undo what a file did to the session outside of a transaction."""
    with conn.pipeline():
        _reset_settings(conn)
        _discard(conn)


def _reset_settings(conn: Connection) -> None:
    # Bytes, here and below: the file may have set an encoding that Python does not know.
    conn.execute(b"reset session authorization")
    conn.execute(b"reset role")
    conn.execute(b"reset all")


def _discard(conn: Connection) -> None:
    conn.execute(sql_statement("migrate/discard").encode())
