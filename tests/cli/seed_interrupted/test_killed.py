"""``chatctl seed`` killed at any moment leaves complete parts; the next run creates the same rows."""

from __future__ import annotations

from contextlib import nullcontext
from random import Random

import pytest

from chatctl.services.drift import catalogue
from chatctl.services.drift.compare import compare
from chatctl.services.seed import chunks
from tests.support.rights import no_replica
from tests.support.seed_runs import (
    COMMIT,
    PART,
    REBUILT,
    FreshDatabases,
    Moment,
    Run,
    assert_complete,
    building,
    committed_transactions,
    moments,
    raw,
    until_alone,
)

pytestmark = pytest.mark.slow


def test_killed_at_any_moment_the_next_run_creates_identical_rows(
    databases: FreshDatabases, complete_run: Run, way: str, chance: Random
) -> None:
    parts = len(list(chunks.cut(databases.outline, PART)))
    assert parts > 8
    assert complete_run.commits == (3 if way == REBUILT else 2 + parts)  # people, messages, fingerprint
    for moment in moments(complete_run, chance):
        with databases.renewed() as conn:
            run = databases.killed(moment)
            where = f"{moment}: {run.heard[-1]!r:.200}"
            assert until_alone(conn), where
            lost = run.heard[-1] == COMMIT and moment.arrives < len(raw(COMMIT))
            committed = run.commits - lost
            assert committed_transactions(databases, conn) == committed, where
            outcome = databases.load(conn)
            assert outcome.state == (
                "created"
                if not committed
                else "unchanged"
                if committed == complete_run.commits
                else "continued"
            ), where
            assert_complete(databases, conn, complete_run, where)


@pytest.mark.parametrize("triggers", ["replica", "owner"])
def test_a_seed_that_is_killed_repeatedly_completes_in_the_end(
    databases: FreshDatabases, complete_run: Run, chance: Random, triggers: str
) -> None:
    """Each run starts immediately, while the server may still be busy with the previous one."""
    with no_replica(databases.server) if triggers == "owner" else nullcontext(), databases.renewed() as conn:
        for _ in range(5):
            databases.killed(Moment(chance.randrange(1, len(complete_run.heard)), 0))
        last = databases.run()
        assert f"({triggers})" in last.output or last.document["state"] == "unchanged"
        assert_complete(databases, conn, complete_run)


@pytest.mark.parametrize("way", [REBUILT], indirect=True)
def test_a_seed_that_is_killed_while_it_builds_indexes_is_continued(
    databases: FreshDatabases, chance: Random
) -> None:
    perf = ("chatctl", "seed", "perf", "--scale", "0.1")
    with databases.renewed():
        complete_run = databases.run(*perf)
        expected = complete_run.document
    with databases.renewed() as conn:
        number = chance.choice(building(complete_run))
        databases.killed(Moment(number, len(raw(complete_run.heard[number - 1]))), *perf)
        run = databases.run(*perf)
        assert run.document == {**expected, "state": "continued"}
        assert compare(databases.catalogue, catalogue.read(conn)) == []
