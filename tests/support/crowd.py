"""A crowd: many clients of a few people do everything they may do, concurrently.

    python -m tests.support.crowd --seconds 60 --conversations 20 --people 25 --clients 50 --pg 18

prints how much was done and refused, the waiting times, and the broken rules of tests/support/invariants.py
afterwards.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import cycle
from uuid import UUID

import psycopg
from psycopg import sql

from chatctl.db.connection import connect
from chatctl.local.postgres import throwaway
from chatctl.services.migrations import migrate
from tests.support import invariants
from tests.support.crowd_actions import ACTIONS, OPERATORS, USUAL, Client, Importer, Operator
from tests.support.world import Database, World

# SQLSTATEs with which actions may be refused because of concurrent actions; others are unexpected.
RACES = {"42501", "PT403", "PT404", "PT429", "23505"}
EXPECTED_REFUSALS = {
    "start a group": {"PT400"},  # too few people are left
    "add several": {"PT400"},  # more than 50
    "add to two": {"PT400"},  # one conversation at a time
    # One person at a time. The second row is locked before that is checked, but with a short timeout.
    "remove several": {"PT400", "55P03"},
}
ERASED = {"23503", "PT400"}  # the person was deleted a moment ago

DEADLOCK = "40P01"
# Timeouts of a statement, a transaction or a lock: perhaps because of a deadlock, for which PostgreSQL
# only checks after deadlock_timeout.
TIMEOUTS = {"57014", "25P04", "55P03"}
CLOSED = "connection"  # in place of an SQLSTATE
# Errors with which chat_hooks.before_request ends a request: overload, counted separately. PostgreSQL may
# close the connection just when its client sends the next statement, and then never reads 25P04.
CUT_OFF = {"57014", "25P04", CLOSED}


@dataclass(frozen=True)
class Plan:
    """Who does what for how long; ``erased`` people are deleted from Auth while the others continue."""

    people: int = 25
    clients: int = 50
    conversations: int = 1
    seconds: float = 3.0
    erased: int = 0
    actions: Mapping[str, float] | None = None  # weights by name; None: USUAL
    operators: bool = True
    timeout: int = 8  # seconds that a request may take
    hook: bool = False  # each request starts with chat_hooks.before_request, as with PostgREST
    seed: int = 1


@dataclass
class Outcome:
    """The result: how often each action was done, refused, or cut off by the hook, by SQLSTATE.

    In seconds, ``slowest`` is the longest request seen by a client, ``waited`` the longest wait for a lock.
    """

    done: Counter[str] = field(default_factory=Counter)
    refused: Counter[tuple[str, str]] = field(default_factory=Counter)
    cut_off: Counter[tuple[str, str]] = field(default_factory=Counter)
    unexpected: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    slowest: tuple[float, str] = (0.0, "")
    waited: float = 0.0
    breaches: dict[str, list[tuple[object, ...]]] = field(default_factory=dict)

    @property
    def deadlocks_and_timeouts(self) -> int:
        """How many requests ended with a deadlock or a timeout; expected are none."""
        states = {DEADLOCK, *TIMEOUTS}
        return sum(
            times
            for (name, state), times in self.refused.items()
            if state in states - EXPECTED_REFUSALS.get(name, set())
        )

    def __str__(self) -> str:
        counts = (
            f"{self.done.total()} done, {self.refused.total()} refused, {self.cut_off.total()} cut off, "
            f"{self.deadlocks_and_timeouts} deadlocks and time-outs",
            f"slowest {self.slowest[0]:.2f} s ({self.slowest[1]}), longest wait {self.waited:.2f} s",
            "done: " + ", ".join(f"{name} {times}" for name, times in self.done.most_common()),
            *(
                f"{title}: " + ", ".join(f"{' '.join(what)} {times}" for what, times in counter.most_common())
                for title, counter in (("refused", self.refused), ("cut off", self.cut_off))
            ),
        )
        unexpected = (f"unexpected: {it} {times} times" for it, times in self.unexpected.most_common())
        broken = (f"broken: {rule}: {rows}" for rule, rows in self.breaches.items())
        return "\n".join([*counts, *unexpected, *broken])


class Crowd:
    """The people, their conversations, and the clients that act for them until the time is over."""

    def __init__(self, world: World, plan: Plan) -> None:
        self.world, self.plan = world, plan
        self.organization, self.people = world.team(plan.people)
        chances = random.Random(plan.seed)
        self.conversations = []
        for _ in range(plan.conversations):
            creator, *others = chances.sample(self.people, len(self.people))
            self.conversations.append(world.group(self.organization, creator, *others[:49]))
        self.outcome = Outcome()
        self.purged: set[tuple[UUID, int]] = set()
        self._lock = threading.Lock()
        self._end = 0.0

    def run(self) -> Outcome:
        """Let everybody act, without limits because this is about locks, and check the result."""
        self.world.lift_limits()
        self._detect_deadlocks_early()
        acting: list[Callable[[], None]] = [
            partial(self._client, number) for number in range(self.plan.clients)
        ]
        acting.append(self._watch)
        if self.plan.operators:
            acting += [self._operator, self._import, self._import]
        if self.plan.erased:
            acting.append(self._erase)
        self._end = time.monotonic() + self.plan.seconds
        with ThreadPoolExecutor(len(acting)) as pool:
            for ended in [pool.submit(act) for act in acting]:
                ended.result()
        self.outcome.breaches = invariants.breaches(self.world.operator, self.purged)
        return self.outcome

    def _detect_deadlocks_early(self) -> None:
        """So that no timeout of the hook hides a deadlock. Only superusers can set this."""
        database = self.world.database
        with connect(database.server.url_for("supabase_admin", database.name)) as superuser:
            early = sql.SQL("alter database {} set deadlock_timeout = '100ms'")
            superuser.execute(early.format(sql.Identifier(database.name)))

    def attempt(self, name: str, act: Callable[[], object]) -> None:
        """Do something, and record the result."""
        started = time.monotonic()
        state, message = "", ""
        try:
            act()
        except psycopg.Error as error:
            state = error.sqlstate or CLOSED
            message = (error.diag.message_primary or str(error)).splitlines()[0]
        took = time.monotonic() - started
        expected = RACES | EXPECTED_REFUSALS.get(name, set()) | (ERASED if self.plan.erased else set())
        with self._lock:
            self.outcome.slowest = max(self.outcome.slowest, (took, name))
            if not state:
                self.outcome.done[name] += 1
                return
            if self.plan.hook and name in ACTIONS and state in CUT_OFF:
                self.outcome.cut_off[name, state] += 1
                return
            self.outcome.refused[name, state] += 1
            if state not in expected:
                self.outcome.unexpected[name, state, message] += 1

    def _client(self, number: int) -> None:
        chances = random.Random(f"{self.plan.seed} {number}")
        actions = self.plan.actions or USUAL
        me = self.people[number % len(self.people)]
        team = (self.organization, self.people, self.conversations)
        while time.monotonic() < self._end:
            with self.world.database.connect("authenticator") as conn:
                client = Client(conn, me, *team, chances, self.plan.timeout, self.plan.hook)
                # PostgreSQL closes the connection if a transaction takes too long.
                while not conn.closed and time.monotonic() < self._end:
                    (name,) = chances.choices(list(actions), list(actions.values()))
                    self.attempt(name, partial(ACTIONS[name], client, chances.choice(self.conversations)))

    def _operator(self) -> None:
        chances = random.Random(f"{self.plan.seed} operator")
        with self.world.database.connect() as conn:
            operator = Operator(conn, self.organization, self.people, chances, purged=self.purged)
            while time.monotonic() < self._end:
                name = chances.choice(list(OPERATORS))
                self.attempt(name, partial(OPERATORS[name], operator, chances.choice(self.conversations)))
            operator.restore_members()

    def _import(self) -> None:
        with self.world.database.connect() as conn:
            importer = Importer(conn, self.organization, self.conversations[0])
            while time.monotonic() < self._end:
                self.attempt("upsert", importer.upsert)

    def _erase(self) -> None:
        """Delete people one by one, like Auth does, spread over the whole time."""
        pause = self.plan.seconds / (self.plan.erased + 1)
        with self.world.database.connect() as conn:
            for number, person in enumerate(self.people[: self.plan.erased]):
                left = (self.plan.erased - number) * pause
                threading.Event().wait(max(0.0, self._end - left - time.monotonic()))
                delete = partial(conn.execute, "delete from auth.users where id = %s", (person,))
                self.attempt("erase", delete)

    def _watch(self) -> None:
        """Measure the waits for locks; also reset the limit of messages, which operators cannot lift."""
        longest = (
            "select coalesce(max(extract(epoch from clock_timestamp() - waitstart)), 0)::float from pg_locks"
        )
        forget = (
            "update private.send_windows set sent_at = '{}' where user_id = %s and cardinality(sent_at) > 5"
        )
        people = cycle(self.people)
        with self.world.database.connect() as conn:
            while time.monotonic() < self._end:
                conn.execute(forget, (next(people),))
                (waited,) = conn.execute(longest).fetchone() or (0.0,)
                self.outcome.waited = max(self.outcome.waited, waited)
                threading.Event().wait(0.01)


def run(database: Database, plan: Plan) -> Outcome:
    """Run a crowd in an empty backend."""
    with World(database) as world:
        return Crowd(world, plan).run()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name, kind in (
        ("people", int),
        ("clients", int),
        ("conversations", int),
        ("seconds", float),
        ("erased", int),
        ("timeout", int),
        ("seed", int),
    ):
        parser.add_argument(f"--{name}", type=kind, default=getattr(Plan, name))
    parser.add_argument("--actions", help="some of them, separated by commas")
    parser.add_argument("--hook", action="store_true", help="call chat_hooks.before_request in each request")
    parser.add_argument("--no-operators", dest="operators", action="store_false")
    parser.add_argument("--pg", type=int, default=18)
    options = vars(parser.parse_args())
    version, chosen = options.pop("pg"), options.pop("actions")
    actions = {name: USUAL[name] for name in chosen.split(",")} if chosen else None
    with throwaway.server(version=version) as server:
        database = Database(server, "postgres")
        with database.connect() as conn:
            migrate(conn)
        outcome = run(database, Plan(actions=actions, **options))
    sys.stdout.write(f"{outcome}\nload of the machine: {os.getloadavg()}\n")


if __name__ == "__main__":
    main()
