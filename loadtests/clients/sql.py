"""A user that runs SQL directly, with the role and the claims that PostgREST would set."""

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

# psycopg chooses its wait function when it is imported. Locust must have patched the standard library before;
# otherwise psycopg's compiled function blocks all users of this process while one waits for the database.
if not isfunction(psycopg.waiting.wait):
    raise SystemExit("psycopg was imported before locust, so its waiting blocks every user")

_ACT = "select set_config('role', 'authenticated', true), set_config('request.jwt.claims', %s, true)"
POOLER_PORT = 6543  # Supabase's transaction pooler, which does not keep prepared statements with a client


class SqlUser(User):
    """A signed-in user with its own connection; a scenario implements ``request``."""

    abstract = True
    wait_time = constant(0)  # the plan has the times of requests

    def on_start(self) -> None:
        """Connect, send one request that is not counted as warm-up, and wait for the other users."""
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
        """Close the connection at once."""
        if self._conn is not None:
            self._conn.close()

    def request(self) -> None:
        """Send one request of the plan; calls ``query`` exactly once."""
        raise NotImplementedError

    @task
    def next(self) -> None:
        """Send the next request of the plan when it is due."""
        moment = next(self._moments, None)
        if moment is None or run.failure:
            run.leave()
            raise StopUser
        self._due = run.until(moment)
        self.request()

    def query(self, name: str, statement: str, *values: Any) -> None:
        """Run ``statement`` in a transaction as this user, and record it in the series ``name``."""
        if self._due is None:
            self._execute(statement, values)
            return
        series = run.series[name]
        sent = time.perf_counter()
        error: Exception | None = None
        rows = 0
        try:
            rows = self._execute(statement, values)
        except psycopg.Error as rejection:
            error = rejection
            series.errors[_label(rejection)] += 1
        done = time.perf_counter()
        if error is None:
            series.response.record_value(_microseconds(done - self._due))
            series.service.record_value(_microseconds(done - sent))
        # For Locust's own statistics.
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
                act_as(conn, "authenticated", self._claims)  # raises if row-level security would not apply
            self._conn = conn
        return self._conn

    def _execute(self, statement: str, values: tuple[Any, ...]) -> int:
        conn = self._connection()
        with conn.transaction():
            conn.execute(_ACT, (self._claims,))
            return len(conn.execute(statement, values).fetchall())


def _label(error: Exception) -> str:
    return getattr(error, "sqlstate", None) or type(error).__name__


def _microseconds(seconds: float) -> int:
    return max(1, round(seconds * 1e6))
