"""``seed clean`` of worlds that are unfinished, of an older chatctl, seeded again, or large."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chatctl.db.connection import Connection
from chatctl.db.files import query
from chatctl.errors import Conflict
from chatctl.services.seed import runs, verify
from chatctl.services.seed.chunkwriter import SeedProgress
from chatctl.services.seed.clean import clean
from chatctl.services.seed.loading import LoadOptions, load
from chatctl.services.seed.outline import build
from chatctl.services.seed.spec import Habits, Spec, Talk, Team
from tests.support import seed_operators, seed_users
from tests.support.cleaned import (
    CHANGED,
    JOINED,
    LEDGER,
    STARTED,
    WRITTEN,
    Subjects,
    Use,
    all_reasons,
    assert_only_the_seeds_went,
    of_founder,
    of_north,
    of_trio,
    reasons_of,
)
from tests.support.seeded import (
    SMALL,
    Seeded,
    column,
    less,
    north,
    rows,
    run_of,
    value,
)
from tests.support.world import Database


class Killed(Exception):
    """Raised in the middle of a load."""


def _kill(progress: SeedProgress) -> None:
    if progress.done > 200:
        raise Killed


@pytest.mark.parametrize("use", [None, seed_users.starts_a_direct_conversation])
def test_an_unfinished_world_is_deleted_too(database: Database, use: Use | None) -> None:
    with database.connect() as conn:
        before = rows(conn)
        with pytest.raises(Killed):
            load(conn, build(SMALL), LoadOptions(chunk_size=50, storage_rows=True), on_progress=_kill)
        unfinished = run_of(conn)
        assert 0 < value(conn, "select count(*) from messages") < 420
        if use:
            use(conn)

        reasons = reasons_of(clean(conn, unfinished))

        if use:
            assert reasons["organization", north(conn)] == STARTED
            assert verify.verify(conn, run_of(conn)).differences == []
            conn.execute("delete from conversations")
            clean(conn, run_of(conn))
        assert rows(conn) == before


def _as_of_an_older_chatctl(conn: Connection) -> None:
    """A world from before the ledger; for it, the migration uses its own time as start time."""
    conn.execute("delete from private.seed_chunks")
    conn.execute(
        "update private.seed_runs "
        "set tables = '{}', spec_sha256 = null, world_version = 1, started_at = clock_timestamp()"
    )


def test_a_world_of_an_older_chatctl_is_deleted(conn: Connection, world: Seeded) -> None:
    _as_of_an_older_chatctl(conn)

    assert clean(conn, run_of(conn)).kept == []
    assert less(rows(conn), world.before_seed_1).keys() <= LEDGER
    assert less(world.before_seed_1, rows(conn)).keys() <= LEDGER


@pytest.mark.parametrize(
    ("use", "subjects", "reason"),
    [
        (seed_users.sends, of_trio, WRITTEN),
        (seed_users.reacts, of_trio, CHANGED),
        (seed_users.renames, of_trio, "changed since"),
        (seed_users.adds_a_colleague, of_trio, JOINED),
        (seed_users.uploads, of_trio, "files uploaded since: 1"),
        (seed_users.starts_a_group, of_north, STARTED),
        (seed_operators.a_stranger_joins, of_north, JOINED),
        (seed_users.changes_their_profile, of_founder, "profile changed since"),
    ],
)
def test_the_same_rows_of_a_world_of_an_older_chatctl_stay(
    conn: Connection, world: Seeded, use: Use, subjects: Callable[[Connection], Subjects], reason: str
) -> None:
    before = rows(conn)
    use(conn)
    expected = all_reasons(conn, run_of(conn), dict.fromkeys(subjects(conn), reason))
    _as_of_an_older_chatctl(conn)
    used = rows(conn)

    assert reasons_of(clean(conn, run_of(conn))) == expected
    assert_only_the_seeds_went(conn, world, before, {**used, **{table: frozenset() for table in LEDGER}})
    assert reasons_of(clean(conn, run_of(conn))) == expected


def test_seeding_again_creates_the_same_world(database: Database) -> None:
    with database.connect() as conn:
        first = load(conn, build(SMALL))
        clean(conn, run_of(conn))
        again = load(conn, build(SMALL))

    assert (again.state, again.fingerprint, again.rows) == ("created", first.fingerprint, first.rows)


def test_seeding_a_partly_deleted_world_is_a_conflict_and_another_seed_is_not(database: Database) -> None:
    with database.connect() as conn:
        load(conn, build(SMALL))
        seed_users.sends(conn)
        clean(conn, run_of(conn))
        before = rows(conn)

        with pytest.raises(Conflict, match="small with seed 1 was removed, except for rows in use"):
            load(conn, build(SMALL))

        assert rows(conn) == before
        assert load(conn, build(SMALL, 3)).state == "created"
        assert verify.verify(conn, run_of(conn)).differences == []


BIG = Spec(
    name="big",
    messages=4000,
    habits=Habits(attachments=0.5, reactions=0.3, deletions=0.1),
    organizations=(
        Team(
            "Big", "big", users=60, conversations=(Talk(count=200, size=(3, 5)), Talk(direct=True, count=200))
        ),
    ),
)


def _work(plan: dict[str, Any]) -> float:
    """The number of rows that the scans of a plan read, including filtered ones."""
    of_children = sum(_work(child) for child in plan.get("Plans", []))
    if "Relation Name" not in plan:
        return of_children
    removed = plan.get("Rows Removed by Filter", 0) + plan.get("Rows Removed by Index Recheck", 0)
    return float(of_children + plan["Actual Loops"] * (plan["Actual Rows"] + removed))


@pytest.mark.parametrize("clock", ["1 day", "-1 day"], ids=["uploaded before", "uploaded since"])
def test_the_work_grows_linearly_with_the_world(database: Database, clock: str) -> None:
    with database.connect() as conn:
        load(conn, build(BIG), LoadOptions(storage_rows=True))
        # Files uploaded by the Storage API are as old as their upload.
        conn.execute("update storage.objects set created_at = now() - %s::interval", (clock,))
        conn.execute("analyze storage.objects")
        run = runs.find(conn, "big", 1)
        assert run
        conversations = column(conn, "select id from conversations")
        values = {
            "world": "big", "seed": 1, **run.scope, "since": run.started_at,
            "conversations": conversations, "all_conversations": conversations, "kept": conversations,
            "all_organizations": run.organization_ids,
        }  # fmt: skip
        size = sum(run.tables[it]["rows"] for it in run.tables) + value(
            conn, "select count(*) from storage.objects"
        )
        for name in ("conversations", "organizations", "users", "files"):
            text = query(f"seed/clean/{name}")
            plan = conn.execute(f"explain (analyze, format json) {text}".encode(), values).fetchone()
            assert plan
            assert _work(plan[0][0]["Plan"]) < 4 * size, name
