"""Refusing transaction poolers, which assign a session only for one transaction, so that locks are lost."""

from __future__ import annotations

from chatctl.db.connection import Connection, backend_pid, connection, parts_of, url_of
from chatctl.errors import Invalid

_TRANSACTION_POOLER_PORT = "6543"


def refuse_transaction_pooler(url: str) -> None:
    """Raise Invalid if ``url`` is that of Supabase's transaction pooler.

    Each transaction may run in another session, and a session-level lock would remain in the first one.
    """
    parts = parts_of(url)
    if _TRANSACTION_POOLER_PORT in str(parts.get("port")).split(","):
        raise _pooler_error(f"port {_TRANSACTION_POOLER_PORT} of {parts.get('host')}", str(parts.get("host")))


def refuse_shared_session(conn: Connection) -> None:
    """Raise Invalid if a pooler assigns our session to other clients while it is idle."""
    pid = backend_pid(conn)
    if pid == conn.info.backend_pid:
        return
    # There is a pooler. In transaction mode, a second connection gets the session of the first.
    with connection(url_of(conn)) as other, other.transaction():
        if backend_pid(other) == pid:
            raise _pooler_error(f"the server at {conn.info.host}:{conn.info.port}", conn.info.host)


def _pooler_error(what: str, host: str) -> Invalid:
    return Invalid(
        f"{what} is a transaction pooler, which does not support session-level locks",
        hint=f"use the session port of the same host: postgresql://…@{host}:5432/…",
    )
