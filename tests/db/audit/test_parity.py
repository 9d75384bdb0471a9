"""The audit impersonates in the session of the operator, a request signs in: both give the same results.

The two sessions differ in ``session_user``, which only ``private.is_trusted()`` of our functions reads. It
checks the current role first, and a request always has one. So no difference is accepted, except for
generated values: ids of new rows, and the time. The moments of access.yaml are not tested here.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest
from psycopg import adapt, generators, pq, waiting

from chatctl.db.connection import Connection
from chatctl.db.files import query, sql_statement
from chatctl.services.audit.access import default_file, load
from chatctl.services.audit.access.expectations import Access
from chatctl.services.audit.inventory import privileges
from chatctl.services.audit.probes import AuditContext, Probe, generate
from chatctl.services.audit.stage import fixture, workspace
from chatctl.services.audit.trials.trial import Trial
from tests.support.world import Database

pytestmark = pytest.mark.slow

TEXT = 25  # the oid of text, which is the type of every value of a probe
AT_ONCE = 100  # probes sent to the server together
BEGIN = b"begin"
ROLLBACK = b"rollback"
# Generated values (ids of new rows, the time) differ between sessions.
MADE_UP = re.compile(
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?\+\d\d"
)
# Its last column is the number of seconds to wait, and the second session runs a moment later.
COUNTS_DOWN = "public.check_message_rate_limit()"
SECONDS = re.compile(r",[1-9]\d*\)$")


@dataclass(frozen=True)
class ProbeOutcome:
    """The outcome of a probe: SQLSTATE, the returned rows, or the number of changed rows."""

    state: str
    returned: tuple[str | None, ...]
    changed: int


class Requests:
    """One session of ``authenticator`` with a transaction for every request; sends many requests at once."""

    def __init__(self, conn: Connection, access: Access, claims: Mapping[str, str | None]) -> None:
        self._pq = conn.pgconn
        self._values = adapt.Transformer(conn)
        self._claims = claims
        take = "set_config('search_path', $1, true), set_config('role', $2, true)"
        setting = access.api.claims.replace("'", "''")
        self._path = access.api.search_path.encode()
        self._logins = {
            False: f"select {take}".encode(),
            True: f"select {take}, set_config('{setting}', $3, true) is null".encode(),
        }
        deferred = conn.execute(query("audit/deferred").encode()).fetchone()
        self._ends = [b"set constraints all immediate"] if deferred and deferred[0] else []
        self._prepared: dict[tuple[str, str], bytes | None] = {}

    @contextmanager
    def pipelined(self) -> Iterator[None]:
        self._pq.enter_pipeline_mode()
        try:
            yield
        finally:
            self._pq.exit_pipeline_mode()

    def outcomes(self, probes: Sequence[Probe]) -> list[ProbeOutcome]:
        """The outcomes of ``probes``, in their order; everything is rolled back."""
        outcomes_by_number: dict[int, ProbeOutcome] = {}
        groups: dict[tuple[bool, str, str], list[int]] = defaultdict(list)
        for n, probe in enumerate(probes):
            claimed = self._claims[probe.identity.name] is not None
            groups[claimed, probe.statement, probe.identity.role].append(n)
        with self.pipelined():
            # A setting that was used never becomes null again, only empty: probes without claims go first.
            for (_, statement, role), places in sorted(groups.items(), key=lambda group: group[0][0]):
                name = self._prepare(statement, probes[places[0]], role)
                for start in range(0, len(places), AT_ONCE):
                    group = places[start : start + AT_ONCE]
                    for n in group:
                        self._send(probes[n], name)
                    # Flush: libpq reads no answers while it has unsent data, and a server that cannot send
                    # its answers reads no requests. With a megabyte of claims in each, both would wait.
                    waiting.wait(generators.send(self._pq), self._pq.socket)
                    outcomes_by_number.update((n, self._receive(probes[n])) for n in group)
        return [outcomes_by_number[n] for n in range(len(probes))]

    def _prepare(self, statement: str, probe: Probe, role: str) -> bytes | None:
        """Prepare the statement as ``role``; None if that already fails, as every execution will."""
        key = statement, role
        if key not in self._prepared:
            name = f"probe_{len(self._prepared)}".encode()
            self._login(probe)
            self._pq.send_prepare(name, statement.encode(), [TEXT] * len(probe.args))
            self._rollback()
            parsed = [each.status for each in self._results()]
            self._prepared[key] = None if pq.ExecStatus.FATAL_ERROR in parsed else name
        return self._prepared[key]

    def _send(self, probe: Probe, name: bytes | None) -> None:
        values = [None if value is None else value.encode() for value in probe.args]
        self._login(probe)
        if name is None:
            self._pq.send_query_params(probe.statement.encode(), values, [TEXT] * len(values))
        else:
            self._pq.send_query_prepared(name, values)
        for end in self._ends:
            self._pq.send_query_params(end, None)
        self._rollback()

    def _login(self, probe: Probe) -> None:
        claims = self._claims[probe.identity.name]
        claims_argument = [] if claims is None else [claims.encode()]
        self._pq.send_query_params(BEGIN, None)
        login = [self._path, probe.identity.role.encode(), *claims_argument]
        self._pq.send_query_params(self._logins[claims is not None], login, [TEXT] * len(login))

    def _rollback(self) -> None:
        # After an error the server skips to the first sync; the statements after it always run.
        self._pq.pipeline_sync()
        self._pq.send_query_params(ROLLBACK, None)
        self._pq.pipeline_sync()

    def _receive(self, probe: Probe) -> ProbeOutcome:
        begin_result, login_result, result, *end_results = self._results()
        assert (begin_result.status, login_result.status) == (
            pq.ExecStatus.COMMAND_OK,
            pq.ExecStatus.TUPLES_OK,
        )
        failed = next(
            (each for each in (result, *end_results) if each.status == pq.ExecStatus.FATAL_ERROR), None
        )
        if failed:
            return ProbeOutcome((failed.error_field(pq.DiagnosticField.SQLSTATE) or b"").decode(), (), 0)
        if not probe.fetches:
            return ProbeOutcome("00000", (), result.command_tuples or 0)
        self._values.set_pgresult(result)
        row = self._values.load_row(0, tuple) if result.ntuples else None
        return ProbeOutcome("00000", tuple((row and row[0]) or ()), 0)

    def _results(self) -> list[Any]:
        """The results up to the second sync, without that of the rollback."""
        results, marks = [], 0
        while marks < 2:
            result = self._pq.get_result()
            if result is None:
                continue
            if result.status == pq.ExecStatus.PIPELINE_SYNC:
                marks += 1
            elif marks == 0:
                results.append(result)
            else:
                assert result.status == pq.ExecStatus.COMMAND_OK
        return results


def test_a_real_sign_in_gives_the_same_result_for_every_probe(database: Database) -> None:
    tried, different = compared(database)
    assert tried > 20_000
    assert different == {}


def test_a_rule_that_reads_the_login_itself_would_be_detected(database: Database) -> None:
    with database.connect() as conn:
        conn.execute(
            "create policy operators on organizations for select to authenticated "
            "using (session_user = 'postgres')"
        )
    _, different = compared(database, only=("public.organizations",))
    assert "public.organizations: select" in different


def compared(database: Database, *, only: Collection[str] = ()) -> tuple[int, dict[str, list[str]]]:
    """The number of probes tried in both ways, and the different outcomes by object and action."""
    access = load(default_file())
    with database.connect() as operator, database.connect("authenticator") as signed_in:
        with operator.transaction():
            operator.execute(sql_statement("audit/limits").encode())
            contents = fixture.make(operator, access)
            claims: dict[str, str | None] = dict(
                operator.execute("select identity, claims from chatctl_audit.identities").fetchall()
            )
        with operator.transaction(force_rollback=True):
            operator.execute(sql_statement("audit/limits").encode())
            operator.execute("select set_config('search_path', %s, true)", (workspace.search_path(access),))
            names = set(workspace.names_by_id(operator))
            granted = privileges.held(operator, access)
            probes = generate(AuditContext(operator, access, contents, granted), only)
            outcomes = Trial(operator, access).load(probes).run()
        assert signed_in.execute(
            "select session_user::text, current_setting(%s, true)", (access.api.claims,)
        ).fetchone() == ("authenticator", None)
        signed_in_outcomes = Requests(signed_in, access, claims).outcomes(probes)
    different: dict[str, list[str]] = defaultdict(list)
    for probe, outcome, signed_in_outcome in zip(probes, outcomes, signed_in_outcomes, strict=True):
        operator_outcome = ProbeOutcome(
            outcome.state, outcome.returned, 0 if probe.fetches else outcome.changed
        )
        if without_generated_values(probe, operator_outcome, names) != without_generated_values(
            probe, signed_in_outcome, names
        ):
            both = f"operator {operator_outcome}, authenticator {signed_in_outcome}"
            about = f"{probe.identity.name}, {probe.subject}: {both}"
            different[f"{probe.object}: {probe.action}"].append(about)
    return len(probes), dict(different)


def without_generated_values(probe: Probe, outcome: ProbeOutcome, names: Collection[str]) -> ProbeOutcome:
    """``outcome`` without generated values."""

    def masked(match: re.Match[str]) -> str:
        return match.group() if match.group() in names else "new"

    returned = [each and MADE_UP.sub(masked, each) for each in outcome.returned]
    if probe.object == COUNTS_DOWN:
        returned = [each and SECONDS.sub(",some)", each) for each in returned]
    return replace(outcome, returned=tuple(returned))
