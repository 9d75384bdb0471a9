"""Running probes, each as its identity, inside the caller's transaction.

Impersonation: PostgREST logs in as ``authenticator``, sets the role of the token and the claims, both until
the transaction ends. The role and the claims are set in the same way here, but not the login: the fixture is
never committed, so only the session of the operator who creates it sees it. postgres may not
``set role authenticator``, and ``set session authorization`` needs a superuser. The only difference is
``session_user``: row-level security, privileges and ``current_user`` follow the current role. The runner
checks that role before every statement. The inventory checks that the role is subject to row-level security,
and that ``authenticator`` may become the same roles, no others, and has no privileges of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from functools import cached_property

from psycopg import sql

from chatctl.db.connection import Connection
from chatctl.db.files import query, sql_statement
from chatctl.services.audit.access.clauses import raw_sql
from chatctl.services.audit.access.expectations import Access
from chatctl.services.audit.probes import Probe
from chatctl.services.audit.stage.workspace import search_path
from chatctl.services.audit.trials.batch import (
    OnProgress,
    ProbeBatch,
    SlowProbeBudget,
    function_name,
    no_progress,
)
from chatctl.sqltext.quoting import fill_placeholders, literal


class Trial:
    """Creates one database function for each statement to try, and loads batches of probes for them."""

    def __init__(self, conn: Connection, access: Access, on_progress: OnProgress = no_progress) -> None:
        self._conn = conn
        self._claims = access.api.claims
        self._path, self._conditions = access.api.search_path, search_path(access)
        self._positions = {identity.name: position for position, identity in enumerate(access.identities)}
        self._statements: dict[tuple[str, bool], int] = {}
        self._batches = 0
        self._budget, self._on_progress = SlowProbeBudget(), on_progress
        row = conn.execute(query("audit/deferred").encode()).fetchone()
        self._defers = bool(row and row[0])

    @cached_property
    def _unclaimed(self) -> set[str]:
        """The identities without claims."""
        statement = "select identity from chatctl_audit.identities where claims is null"
        return {name for (name,) in self._conn.execute(statement)}

    def branch(self) -> Trial:
        """A copy to use inside a savepoint, whose functions are rolled back with it."""
        branch = copy(self)
        branch._statements = dict(self._statements)
        return branch

    def load(self, probes: Sequence[Probe]) -> ProbeBatch:
        """Load ``probes`` into the database, ready to run."""
        new = [
            each
            for each in dict.fromkeys((probe.statement, probe.fetches) for probe in probes)
            if each not in self._statements
        ]
        self._statements |= {each: len(self._statements) + offset for offset, each in enumerate(new)}
        if new:
            # Errors in their bodies show when they are called.
            self._conn.execute("set local check_function_bodies = off")
            self._conn.execute(sql.SQL(";").join(self._function(each) for each in new))
            self._conn.execute("set local check_function_bodies = on")
        self._batches += 1
        numbers = [self._statements[probe.statement, probe.fetches] for probe in probes]
        self._write(probes, numbers)
        claimed = [probe.identity.name not in self._unclaimed for probe in probes]
        return ProbeBatch(
            conn=self._conn,
            number=self._batches,
            probes=probes,
            numbers=numbers,
            claimed=claimed,
            budget=self._budget,
            on_progress=self._on_progress,
        )

    def _write(self, probes: Sequence[Probe], numbers: Sequence[int]) -> None:
        rows = "copy chatctl_audit.probes (batch, n, statement, identity, args, holds, counts) from stdin"
        with self._conn.cursor() as cursor, cursor.copy(rows) as copy:
            for n, (probe, number) in enumerate(zip(probes, numbers, strict=True)):
                position = self._positions[probe.identity.name]
                # A refused statement writes nothing; if it is not refused, that is already a finding.
                counts = probe.changes is not None and probe.allowed
                copy.write_row((self._batches, n, number, position, list(probe.args), probe.holds, counts))
        self._conn.execute("analyze chatctl_audit.probes")

    def _function(self, statement: tuple[str, bool]) -> sql.Composable:
        text, fetches = statement
        if text.startswith("call "):  # in PL/pgSQL, CALL needs variables for OUT arguments
            text = f"execute {literal(fill_placeholders(text, '($1)[{}]'.format))} using probe.args"
        else:
            text = fill_placeholders(text, "probe.args[{}]".format) + (" into brought" if fetches else "")
        return raw_sql(sql_statement("audit/runner")).format(
            function=function_name(self._statements[statement]),
            number=sql.Literal(self._statements[statement]),
            claims=sql.Literal(self._claims),
            path=sql.Literal(self._path),
            conditions=sql.Literal(self._conditions),
            statement=raw_sql(text),
            deferred=raw_sql("set constraints all immediate" if self._defers else "null"),
        )
