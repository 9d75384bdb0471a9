"""Probes that are ready to be tried, and how long that may take.

A rule may sleep or loop. All probes of one statement are tried in one call. Where that takes longer than
``TOGETHER`` seconds nothing of it is believed, and each is tried alone, so that a slow machine changes no
verdict. One that takes longer than ``ALONE`` seconds is given up, as Supabase's API gives up a request. Its
statement and the whole audit have some patience with such probes; when that is gone, what is slow is not
begun any more. So the slow ones cost two minutes at most, and everything else is tried.
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
from chatctl.services.audit.trials.outcome import NOT_BEGUN, TOO_LONG, Outcome, given_up

# In seconds, as all of these.
TOGETHER = 4.0
ALONE = 8.0  # the statement_timeout of authenticator on Supabase
FOR_A_STATEMENT = 16.0
FOR_ALL = 60.0
AFTER_THAT = 1.0  # instead of TOGETHER

Trying = Callable[[str], None]


def in_silence(what: str) -> None:
    """Tell nobody what is tried."""


@dataclass
class Patience:
    """What is left of it: ``spent`` are the seconds of slow probes, ``slow`` the objects they were on."""

    spent: float = 0.0
    slow: set[str] = field(default_factory=set)

    @property
    def gone(self) -> bool:
        return self.spent >= FOR_ALL

    @property
    def together(self) -> float:
        return AFTER_THAT if self.gone else TOGETHER

    def begins(self, name: str) -> bool:
        """Whether anything is tried on the object called ``name``."""
        return not (self.gone and name in self.slow)


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Probes that can be tried as often as one likes.

    ``numbers`` are those of their statements, ``claimed`` whether their identities have claims.
    """

    conn: Connection
    number: int
    probes: Sequence[Probe]
    numbers: Sequence[int]
    claimed: Sequence[bool]
    patience: Patience
    trying: Trying = in_silence

    def run(self) -> list[Outcome]:
        """The outcomes of all probes, in their order. Each is undone as soon as it was seen."""
        outcomes: dict[int, Outcome] = {}
        waiting = deque(self._groups())
        while waiting:
            try:
                with _limited(self.conn, self.patience.together):
                    while waiting:
                        outcomes.update(self._together(*waiting[0]))
                        waiting.popleft()
            except QueryCanceled:
                outcomes.update(self._one_by_one(*waiting.popleft()))
        return [outcomes[n] for n in range(len(self.probes))]

    def of(self, statement: int) -> Iterator[tuple[Probe, Outcome]]:
        """The probes of one statement, tried now, without a limit of time."""
        for claimed in (False, True):
            for n, outcome, _ in self._of(statement, claimed):
                yield self.probes[n], outcome

    def _groups(self) -> Iterator[tuple[int, bool, list[int]]]:
        groups: dict[tuple[bool, int], list[int]] = defaultdict(list)
        for n, key in enumerate(zip(self.claimed, self.numbers, strict=True)):
            groups[key].append(n)
        # A setting that was made once is never unset again, only empty: those without claims go first.
        for (claimed, statement), places in sorted(groups.items(), key=lambda item: item[0][0]):
            yield statement, claimed, places

    def _together(
        self, statement: int, claimed: bool, places: Sequence[int]
    ) -> Iterator[tuple[int, Outcome]]:
        first = self.probes[places[0]]
        self.trying(f"{first.object}: {first.tried}")
        if not self.patience.begins(first.object):
            yield from ((n, _not_begun()) for n in places)
            return
        yield from ((n, outcome) for n, outcome, _ in self._of(statement, claimed))

    def _one_by_one(
        self, statement: int, claimed: bool, places: Sequence[int]
    ) -> Iterator[tuple[int, Outcome]]:
        name = self.probes[places[0]].object
        self.patience.slow.add(name)
        self.patience.spent += self.patience.together
        most = self.patience.spent + FOR_A_STATEMENT
        for n in places:
            probe = self.probes[n]
            self.trying(f"{name}: {probe.tried} as {probe.identity.name}, alone since it is slow")
            if not self.patience.begins(name) or self.patience.spent >= most:
                yield n, _not_begun()
                continue
            outcome, seconds = self._alone(statement, claimed, n)
            self.patience.spent += seconds
            yield n, outcome

    def _alone(self, statement: int, claimed: bool, n: int) -> tuple[Outcome, float]:
        begun = time.monotonic()
        try:
            with _limited(self.conn, ALONE):
                ((_, outcome, seconds),) = self._of(statement, claimed, n)
                return outcome, seconds
        except QueryCanceled as error:
            if time.monotonic() - begun < ALONE:  # something else has ended it
                return given_up(TOO_LONG, f"was cancelled: {reason(error)}"), 0.0
            return given_up(TOO_LONG, f"took longer than {ALONE:g} s"), ALONE

    def _of(
        self, statement: int, claimed: bool, only: int | None = None
    ) -> Iterator[tuple[int, Outcome, float]]:
        """The probes of one statement, or ``only`` one, with the seconds that all of them took."""
        asked = sql.SQL(
            "select *, extract(epoch from clock_timestamp() - statement_timestamp())::float8 "
            "from {}({}, {}, {})"
        ).format(function_name(statement), sql.Literal(self.number), sql.Literal(claimed), sql.Literal(only))
        for n, state, message, brought, changed, holds, wrote, seconds in self.conn.execute(asked):
            wrote_to = frozenset(wrote or ())
            yield (
                n,
                Outcome(
                    state=state,
                    message=message,
                    brought=tuple(brought or ()),
                    changed=changed or 0,
                    holds=holds,
                    wrote=wrote_to,
                ),
                seconds,
            )


def function_name(number: int) -> sql.Identifier:
    """The function that tries the statement of this number."""
    return sql.Identifier("chatctl_audit", f"try_{number}")


def _not_begun() -> Outcome:
    return given_up(NOT_BEGUN, "was not tried, since others of its kind took too long")


@contextmanager
def _limited(conn: Connection, seconds: float) -> Iterator[None]:
    """A limit for each statement inside; what they did is undone, and so is the limit."""
    with conn.transaction(force_rollback=True):
        conn.execute("select set_config('statement_timeout', %s, true)", (f"{seconds * 1000:.0f}ms",))
        yield
