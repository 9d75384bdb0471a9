"""Privileges of a role of a server, revoked for a while."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from chatctl.db.connection import connect
from chatctl.local.postgres.server import Server


@contextmanager
def no_replica(server: Server) -> Iterator[None]:
    """``postgres`` may not set session_replication_role: then triggers are disabled by their owner."""
    with connect(server.admin_url) as admin:
        admin.execute("revoke set on parameter session_replication_role from postgres")
        try:
            yield
        finally:
            admin.execute("grant set on parameter session_replication_role to postgres")
