"""A user of the API without the API: SQL under the role and the claims that PostgREST would set."""

from __future__ import annotations

import json
import time
from inspect import isfunction
from typing import Any

import psycopg
import psycopg.waiting
from clients.run import run
from locust import User, constant, task
from locust.exception import StopUser

from chatctl.db.roles import act_as, claims_for
from chatctl.errors import ChatctlError

# psycopg chooses how to wait when it is imported. Locust has patched the standard library by then, or
# its compiled wait would freeze every user of this process for as long as one of them waits for the database.
if not isfunction(psycopg.waiting.wait):
    raise SystemExit("psycopg was imported before locust, so its waiting blocks every user")

_ACT = "select set_config('role', 'authenticated', true), set_config('request.jwt.claims', %s, true)"
POOLER_PORT = 6543  # Supabase's transaction pooler, where a prepared statement may be another session's


class SqlUser(User):
    """Somebody signed in, with a connection of their own; a scenario says in ``request`` what they do."""

    abstract = True
    wait_time = constant(0)  # the plan says when

    def on_start(self) -> None:
        """Connect, warm the connection up with one request that does not count, wait for the others."""
        number = run.join()
        self.person = run.plan.person(number)
        self._claims = json.dumps(claims_for(self.person))
        self._moments = iter(run.plan.due(number))
        self._due: float | None = None
        self._conn: psycopg.Connection[tuple[Any, ...]] | None = None
        try:
            self.request()
        except (psycopg.Error, ChatctlError) as error:
            run.give_up(f"a user could not start: {_label(error)} {error}")
            raise StopUser from None
        run.begin()

    def on_stop(self) -> None:
        """Leave the database at once."""
        if self._conn is not None:
            self._conn.close()

    def request(self) -> None:
        """One arrival of the plan; calls ``query`` once."""
        raise NotImplementedError

    @task
    def next(self) -> None:
        """Do the next request of the plan when it is due."""
        moment = next(self._moments, None)
        if moment is None or run.failure:
            run.leave()
            raise StopUser
        self._due = run.until(moment)
        self.request()

    def query(self, name: str, statement: str, *values: Any) -> None:
        """Run ``statement`` in a transaction as this user, and record it in the series ``name``."""
        if self._due is None:
            self._ask(statement, values)
            return
        series = run.series[name]
        sent = time.perf_counter()
        error: Exception | None = None
        rows = 0
        try:
            rows = self._ask(statement, values)
        except psycopg.Error as refused:
            error = refused
            series.errors[_label(refused)] += 1
        done = time.perf_counter()
        if error is None:
            series.response.record_value(_microseconds(done - self._due))
            series.service.record_value(_microseconds(done - sent))
        # For Locust's own report.
        self.environment.events.request.fire(
            request_type="SQL",
            name=name,
            response_time=(done - self._due) * 1000,
            response_length=rows,
            exception=error,
            context={},
        )

    def _connection(self) -> psycopg.Connection[tuple[Any, ...]]:
        if self._conn is None or self._conn.closed:
            conn = psycopg.connect(run.plan.url, autocommit=True, application_name="chatctl loadtest")
            if conn.info.port == POOLER_PORT:
                conn.prepare_threshold = None
            with conn.transaction():
                act_as(conn, "authenticated", self._claims)  # raises where row-level security would not run
            self._conn = conn
        return self._conn

    def _ask(self, statement: str, values: tuple[Any, ...]) -> int:
        conn = self._connection()
        with conn.transaction():
            conn.execute(_ACT, (self._claims,))
            return len(conn.execute(statement, values).fetchall())


def _label(error: Exception) -> str:
    return getattr(error, "sqlstate", None) or type(error).__name__


def _microseconds(seconds: float) -> int:
    return max(1, round(seconds * 1e6))
