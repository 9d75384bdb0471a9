"""``chatctl seed`` ended by SIGINT or SIGTERM: it stops waiting, leaves complete parts and reports that."""

from __future__ import annotations

import signal
from random import Random

import pytest

from chatctl.waiting import until
from tests.support.migrating import holding
from tests.support.proxy import Proxy
from tests.support.seed_runs import (
    COMMIT,
    KEPT,
    SECONDS,
    FreshDatabases,
    Run,
    assert_complete,
    committed_transactions,
    until_alone,
    waits_for_a_lock,
)

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ended_by_a_signal_it_leaves_complete_parts(
    databases: FreshDatabases, complete_run: Run, chance: Random, number: signal.Signals
) -> None:
    for _ in range(2):
        moment = chance.randrange(1, len(complete_run.heard) - complete_run.heard[::-1].index(COMMIT) - 1)

        def end(run: Run, proxy: Proxy, moment: int = moment) -> None:
            if len(run.heard) == moment:
                run.signal(number)

        with databases.renewed() as conn:
            with databases.running(*databases.seed, listen=end) as run:
                assert run.wait() == 130, (moment, run.output)
            assert "Traceback" not in run.output
            assert run.stdout.read_text() == ""
            assert until_alone(conn)
            assert committed_transactions(databases, conn) < complete_run.commits
            databases.load(conn)
            assert_complete(databases, conn, complete_run)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("way", [KEPT], indirect=True)
def test_ended_by_a_signal_it_stops_waiting_for_a_lock(
    databases: FreshDatabases, number: signal.Signals
) -> None:
    with (
        databases.renewed() as conn,
        holding(databases.database, "lock table public.conversations in share mode"),
        databases.running(*databases.seed) as run,
    ):
        assert until(lambda: waits_for_a_lock(conn), seconds=SECONDS)
        run.signal(number)
        assert run.wait() == 130
        assert until(lambda: not waits_for_a_lock(conn), seconds=5)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("way", [KEPT], indirect=True)
def test_ended_by_a_signal_it_does_not_wait_for_another_seed(
    databases: FreshDatabases, number: signal.Signals
) -> None:
    with databases.renewed() as conn:
        conn.execute("select pg_advisory_lock(hashtextextended('chatctl seed', 0))")
        with databases.running(*databases.seed) as run:
            assert until(lambda: run.lock_attempts > 1, seconds=SECONDS)
            run.signal(number)
            assert run.wait() == 130
        assert committed_transactions(databases, conn) == 0


@pytest.mark.parametrize(("number", "word"), [(signal.SIGINT, "interrupted"), (signal.SIGTERM, "terminated")])
@pytest.mark.parametrize("way", [KEPT], indirect=True)
def test_ended_by_a_signal_it_reports_that(
    databases: FreshDatabases, number: signal.Signals, word: str
) -> None:
    def end(run: Run, proxy: Proxy) -> None:
        if run.commits == 2 and run.heard[-1] == COMMIT:
            run.signal(number)

    with databases.renewed(), databases.running(*databases.seed, listen=end) as run:
        assert run.wait() == 130
        assert run.output.splitlines()[-2:] == [
            f"error: {word}",
            "  run the same command again to continue",
        ]
