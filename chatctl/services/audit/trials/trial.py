"""Trying the probes, each as its identity, inside the caller's transaction.

Impersonation: PostgREST logs in as ``authenticator``, takes the role of the token and sets the claims, both
until the transaction ends. The role and the claims are taken in the same way here. The login is not: the
fixture is never committed, so that nothing of it survives, and is therefore visible to one session only, the
operator's, who has to make it. ``set role authenticator`` is not for postgres to say, and
``set session authorization`` a superuser's. What differs is ``session_user`` alone: row-level security,
privileges and ``current_user`` follow the role in force. The runner asserts that role before every statement,
and the inventory that it is subject to row-level security, and that ``authenticator`` may become the same
roles, no others, and has no rights of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from functools import cached_property

from psycopg import sql

from chatctl.db.connection import Connection
from chatctl.db.files import query
from chatctl.services.audit.access.clauses import written
from chatctl.services.audit.access.expectations import Access
from chatctl.services.audit.probes import Probe
from chatctl.services.audit.stage.workspace import path
from chatctl.services.audit.trials.batch import Batch, Patience, Trying, function_name, in_silence
from chatctl.sqltext.quoting import filled, literal


class Trial:
    """The functions that try statements, made once for each of them, and the batches of probes loaded."""

    def __init__(self, conn: Connection, access: Access, trying: Trying = in_silence) -> None:
        self._conn = conn
        self._claims = access.api.claims
        self._path, self._conditions = access.api.search_path, path(access)
        self._positions = {identity.name: position for position, identity in enumerate(access.identities)}
        self._statements: dict[tuple[str, bool], int] = {}
        self._batches = 0
        self._patience, self._trying = Patience(), trying
        found = conn.execute(query("audit/deferred").encode()).fetchone()
        self._defers = bool(found and found[0])

    @cached_property
    def _unclaimed(self) -> set[str]:
        """The identities whose claims were never set."""
        without = "select identity from chatctl_audit.identities where claims is null"
        return {name for (name,) in self._conn.execute(without)}

    def branch(self) -> Trial:
        """One that goes on from here, for a savepoint: what it makes is gone with it."""
        made = copy(self)
        made._statements = dict(self._statements)
        return made

    def load(self, probes: Sequence[Probe]) -> Batch:
        """Make ready to try ``probes``."""
        new = [
            each
            for each in dict.fromkeys((probe.statement, probe.fetches) for probe in probes)
            if each not in self._statements
        ]
        self._statements |= {each: len(self._statements) + place for place, each in enumerate(new)}
        if new:
            # They are called at once, which finds what is wrong with them.
            self._conn.execute("set local check_function_bodies = off")
            self._conn.execute(sql.SQL(";").join(self._function(each) for each in new))
            self._conn.execute("set local check_function_bodies = on")
        self._batches += 1
        numbers = [self._statements[probe.statement, probe.fetches] for probe in probes]
        self._write(probes, numbers)
        claimed = [probe.identity.name not in self._unclaimed for probe in probes]
        return Batch(
            conn=self._conn,
            number=self._batches,
            probes=probes,
            numbers=numbers,
            claimed=claimed,
            patience=self._patience,
            trying=self._trying,
        )

    def _write(self, probes: Sequence[Probe], numbers: Sequence[int]) -> None:
        rows = "copy chatctl_audit.probes (batch, n, statement, identity, args, holds, counts) from stdin"
        with self._conn.cursor() as cursor, cursor.copy(rows) as copy:
            for n, (probe, number) in enumerate(zip(probes, numbers, strict=True)):
                position = self._positions[probe.identity.name]
                # What is refused writes nothing; where it is not, that is the finding.
                counts = probe.changes is not None and probe.allowed
                copy.write_row((self._batches, n, number, position, list(probe.args), probe.holds, counts))
        self._conn.execute("analyze chatctl_audit.probes")

    def _function(self, statement: tuple[str, bool]) -> sql.Composable:
        text, fetches = statement
        if text.startswith("call "):  # in PL/pgSQL it wants variables for what it brings
            text = f"execute {literal(filled(text, '($1)[{}]'.format))} using probe.args"
        else:
            text = filled(text, "probe.args[{}]".format) + (" into brought" if fetches else "")
        return written(query("audit/runner")).format(
            function=function_name(self._statements[statement]),
            number=sql.Literal(self._statements[statement]),
            claims=sql.Literal(self._claims),
            path=sql.Literal(self._path),
            conditions=sql.Literal(self._conditions),
            statement=written(text),
            deferred=written("set constraints all immediate" if self._defers else "null"),
        )
