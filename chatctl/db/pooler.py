"""Transaction poolers, which assign a session for one transaction only: its locks would not last."""

from __future__ import annotations

from chatctl.db.connection import Connection, backend_pid, connection, parts_of, url_of
from chatctl.errors import Invalid

_TRANSACTION_POOLER_PORT = "6543"


def refuse_transaction_pooler(url: str) -> None:
    """Raise Invalid when ``url`` is that of Supabase's transaction pooler.

    It hands every transaction to another session, and the lock of this one would stay behind.
    """
    parts = parts_of(url)
    if _TRANSACTION_POOLER_PORT in str(parts.get("port")).split(","):
        raise _is_pooler(f"port {_TRANSACTION_POOLER_PORT} of {parts.get('host')}", str(parts.get("host")))


def refuse_shared_session(conn: Connection) -> None:
    """Raise Invalid when a pooler between us and the server gives our session to others while it is idle."""
    pid = backend_pid(conn)
    if pid == conn.info.backend_pid:
        return
    # A pooler is in between. If it pools by transaction, a second connection gets the session of the first.
    with connection(url_of(conn)) as other, other.transaction():
        if backend_pid(other) == pid:
            raise _is_pooler(f"what answers at {conn.info.host}:{conn.info.port}", conn.info.host)


def _is_pooler(what: str, host: str) -> Invalid:
    return Invalid(
        f"{what} is a transaction pooler, which keeps no session and therefore no lock",
        hint=f"use the session port of the same host: postgresql://…@{host}:5432/…",
    )
