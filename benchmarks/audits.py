"""audit-rls: the time of the whole process, probes per second while they run, and mutants of the rules."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator

from benchmarks.case import Case
from chatctl.db.connection import connection
from chatctl.local.postgres import throwaway
from chatctl.local.postgres.server import Server
from chatctl.services.audit.access import default_file, load
from chatctl.services.audit.inventory import privileges
from chatctl.services.audit.probes import AuditContext, generate
from chatctl.services.audit.stage import fixture
from chatctl.services.audit.stage.transaction import rolled_back
from chatctl.services.audit.trials.trial import Trial
from chatctl.services.migrations import migrate

AUDIT = (sys.executable, "-m", "chatctl", "audit-rls", "-q", "--db-url")


def cases(_: Server) -> Iterator[Case]:
    """audit-rls on a server with an empty backend."""
    with throwaway.server() as server:
        with connection(server.url) as conn:
            migrate(conn)
        whole = min(_seconds(*AUDIT, server.url) for _ in range(3))
        yield Case("audit-rls, whole process / 5 s", whole, 5, "s", whole / 5, "<=", 1)
        rate = max(_rate(server.url) for _ in range(3))
        yield Case(
            "probes per second while they are tried / 8,000", rate, 8000, "per s", rate / 8000, ">=", 1
        )
        mutants = _seconds(*AUDIT, server.url, "--mutate")
        yield Case("audit-rls --mutate, whole process / 90 s", mutants, 90, "s", mutants / 90, "<=", 1)


def _seconds(*command: str) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def _rate(url: str) -> float:
    access = load(default_file())
    with connection(url) as conn, rolled_back(conn):
        context = AuditContext(conn, access, fixture.make(conn, access), privileges.held(conn, access))
        batch = Trial(conn, access).load(generate(context))
        start = time.perf_counter()
        batch.run()
        return len(batch.probes) / (time.perf_counter() - start)
