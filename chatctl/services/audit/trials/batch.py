"""Running a batch of probes within time limits.

A rule may sleep or loop. All probes of one statement run in one call. If it takes longer than
``CALL_SECONDS``, its results are discarded and each probe runs by itself, so that verdicts do not depend on
the speed of the machine. A probe that takes longer than ``PROBE_SECONDS`` is canceled, as Supabase's API
cancels a request. Slow probes have a budget for each statement and for the whole audit; when it is used up,
probes of slow objects are skipped. Slow probes therefore take two minutes at most, and all others run.
"""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from psycopg import sql
from psycopg.errors import QueryCanceled

from chatctl.db.connection import Connection
from chatctl.db.sqlstate import reason
from chatctl.services.audit.probes.probe import Probe
from chatctl.services.audit.trials.outcome import SKIPPED, TOO_LONG, ProbeOutcome, no_result

CALL_SECONDS = 4.0
PROBE_SECONDS = 8.0  # the statement_timeout of authenticator on Supabase
STATEMENT_BUDGET = 16.0  # seconds
AUDIT_BUDGET = 60.0  # seconds
CALL_SECONDS_OVER_BUDGET = 1.0

OnProgress = Callable[[str], None]


def no_progress(what: str) -> None:
    """Report nothing."""


@dataclass
class SlowProbeBudget:
    """How many seconds slow probes have taken, and the objects that they are about."""

    spent: float = 0.0
    slow: set[str] = field(default_factory=set)

    @property
    def exhausted(self) -> bool:
        return self.spent >= AUDIT_BUDGET

    @property
    def call_seconds(self) -> float:
        return CALL_SECONDS_OVER_BUDGET if self.exhausted else CALL_SECONDS

    def allows(self, name: str) -> bool:
        """Whether probes of the object ``name`` still run."""
        return not (self.exhausted and name in self.slow)


@dataclass(frozen=True, kw_only=True)
class ProbeBatch:
    """Probes that are loaded into the database, and can run any number of times.

    For each probe, ``numbers`` has the number of its statement, ``claimed`` whether its identity has claims.
    """

    conn: Connection
    number: int
    probes: Sequence[Probe]
    numbers: Sequence[int]
    claimed: Sequence[bool]
    budget: SlowProbeBudget
    on_progress: OnProgress = no_progress

    def run(self) -> list[ProbeOutcome]:
        """The outcomes of all probes, in their order. Each is rolled back at once."""
        outcomes: dict[int, ProbeOutcome] = {}
        pending = deque(self._groups())
        while pending:
            try:
                with _limited(self.conn, self.budget.call_seconds):
                    while pending:
                        outcomes.update(self._run_call(*pending[0]))
                        pending.popleft()
            except QueryCanceled:
                outcomes.update(self._run_singly(*pending.popleft()))
        return [outcomes[n] for n in range(len(self.probes))]

    def run_statement(self, statement: int) -> Iterator[tuple[Probe, ProbeOutcome]]:
        """Run the probes of one statement without a time limit."""
        for claimed in (False, True):
            for n, outcome, _ in self._execute(statement, claimed):
                yield self.probes[n], outcome

    def _groups(self) -> Iterator[tuple[int, bool, list[int]]]:
        groups: dict[tuple[bool, int], list[int]] = defaultdict(list)
        for n, key in enumerate(zip(self.claimed, self.numbers, strict=True)):
            groups[key].append(n)
        # Once set, a setting is never unset again, only empty: probes without claims run first.
        for (claimed, statement), indexes in sorted(groups.items(), key=lambda item: item[0][0]):
            yield statement, claimed, indexes

    def _run_call(
        self, statement: int, claimed: bool, indexes: Sequence[int]
    ) -> Iterator[tuple[int, ProbeOutcome]]:
        first = self.probes[indexes[0]]
        self.on_progress(f"{first.object}: {first.full_action}")
        if not self.budget.allows(first.object):
            yield from ((n, _skipped()) for n in indexes)
            return
        yield from ((n, outcome) for n, outcome, _ in self._execute(statement, claimed))

    def _run_singly(
        self, statement: int, claimed: bool, indexes: Sequence[int]
    ) -> Iterator[tuple[int, ProbeOutcome]]:
        name = self.probes[indexes[0]].object
        self.budget.slow.add(name)
        self.budget.spent += self.budget.call_seconds
        deadline = self.budget.spent + STATEMENT_BUDGET
        for n in indexes:
            probe = self.probes[n]
            self.on_progress(
                f"{name}: {probe.full_action} as {probe.identity.name}, by itself because it is slow"
            )
            if not self.budget.allows(name) or self.budget.spent >= deadline:
                yield n, _skipped()
                continue
            outcome, seconds = self._run_single(statement, claimed, n)
            self.budget.spent += seconds
            yield n, outcome

    def _run_single(self, statement: int, claimed: bool, n: int) -> tuple[ProbeOutcome, float]:
        started = time.monotonic()
        try:
            with _limited(self.conn, PROBE_SECONDS):
                ((_, outcome, seconds),) = self._execute(statement, claimed, n)
                return outcome, seconds
        except QueryCanceled as error:
            if time.monotonic() - started < PROBE_SECONDS:  # something else canceled it
                return no_result(TOO_LONG, f"was canceled: {reason(error)}"), 0.0
            return no_result(TOO_LONG, f"took longer than {PROBE_SECONDS:g} s"), PROBE_SECONDS

    def _execute(
        self, statement: int, claimed: bool, only: int | None = None
    ) -> Iterator[tuple[int, ProbeOutcome, float]]:
        """Run the probes of one statement, or ``only`` one; the seconds are those of the whole call."""
        call = sql.SQL(
            "select *, extract(epoch from clock_timestamp() - statement_timestamp())::float8 "
            "from {}({}, {}, {})"
        ).format(function_name(statement), sql.Literal(self.number), sql.Literal(claimed), sql.Literal(only))
        for n, state, message, returned, changed, holds, writes, seconds in self.conn.execute(call):
            yield (
                n,
                ProbeOutcome(
                    state=state,
                    message=message,
                    returned=tuple(returned or ()),
                    changed=changed or 0,
                    holds=holds,
                    writes=frozenset(writes or ()),
                ),
                seconds,
            )


def function_name(number: int) -> sql.Identifier:
    """The database function that runs the statement of this number."""
    return sql.Identifier("chatctl_audit", f"try_{number}")


def _skipped() -> ProbeOutcome:
    return no_result(SKIPPED, "was not tried, because similar probes took too long")


@contextmanager
def _limited(conn: Connection, seconds: float) -> Iterator[None]:
    """Limit the time of each statement inside, then roll back, the limit included."""
    with conn.transaction(force_rollback=True):
        conn.execute("select set_config('statement_timeout', %s, true)", (f"{seconds * 1000:.0f}ms",))
        yield
