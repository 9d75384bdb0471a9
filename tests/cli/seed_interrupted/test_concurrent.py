"""``chatctl seed`` together with another seed or a migration: one waits for the other."""

from __future__ import annotations

import shutil
from pathlib import Path
from threading import Event

import pytest

from chatctl.data import data_directory
from chatctl.services.drift import catalogue
from chatctl.services.drift.compare import compare
from chatctl.services.seed import runs
from chatctl.services.seed.verify import verify
from chatctl.waiting import until
from tests.support.proxy import Proxy
from tests.support.seed_runs import (
    COMMIT,
    SECONDS,
    FreshDatabases,
    Run,
    assert_complete_except_pins,
    waits_for_a_lock,
)

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("other", ["1", "2"], ids=["the same world", "another world"])
def test_one_of_two_concurrent_seeds_waits_and_both_succeed(
    databases: FreshDatabases, complete_run: Run, way: str, other: str
) -> None:
    waits = Event()

    def hold(run: Run, proxy: Proxy) -> None:
        if run.commits == 2:
            waits.wait(SECONDS)

    def look(run: Run, proxy: Proxy) -> None:
        if run.lock_attempts > 1:
            waits.set()

    same = other == "1"
    with databases.renewed() as conn:
        with databases.running(*databases.seed, "-o", "json", listen=hold) as first:
            assert until(lambda: first.commits == 2, seconds=SECONDS)
            with databases.running(*databases.seed, "-o", "json", "--seed", other, listen=look) as second:
                assert (first.wait(), second.wait()) == (0, 0), (first.output, second.output)
        assert "waiting for another seed: pid" in second.output
        assert first.document["state"] == "created"
        assert second.document["state"] == ("unchanged" if same else "created")
        assert first.document["fingerprint"] == complete_run.document["fingerprint"]
        assert (second.document["fingerprint"] == first.document["fingerprint"]) == same
        assert second.document["rows"] == first.document["rows"] or not same
        assert [verify(conn, run).differences for run in runs.of(conn)] == [[]] * (1 if same else 2)
        assert compare(databases.catalogue, catalogue.read(conn)) == []


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A copy of sql/ with one more version, which alters a table that a seed writes to."""
    directory = Path(shutil.copytree(data_directory("sql"), tmp_path / "sql"))
    (directory / "migrations" / "20990101000000_pinned.sql").write_text(
        "alter table public.messages add column pinned boolean;\n"
        "alter table public.conversations add column pinned boolean;\n"
    )
    return directory


def test_a_migration_during_a_seed_waits_for_one_part(
    databases: FreshDatabases, complete_run: Run, files: Path
) -> None:
    tried = Event()

    def hold(run: Run, proxy: Proxy) -> None:
        if run.commits == 2:
            tried.wait(SECONDS)

    migrate = ("chatctl", "migrate", "--directory", str(files), "--lock-timeout", "0.2")
    with databases.renewed() as conn:
        with databases.running(*databases.seed, "-o", "json", listen=hold) as seed:
            assert until(lambda: seed.commits == 2, seconds=SECONDS)
            with databases.running(*migrate) as migration:
                assert until(lambda: "retrying in" in migration.output, seconds=SECONDS)
                tried.set()
                assert (seed.wait(), migration.wait()) == (0, 0), (seed.output, migration.output)
        assert_complete_except_pins(databases, conn, complete_run)


def test_seed_waits_for_a_migration_that_holds_its_tables(
    databases: FreshDatabases, complete_run: Run, files: Path
) -> None:
    waits = Event()

    def hold(run: Run, proxy: Proxy) -> None:
        if run.heard[-1] == COMMIT:
            waits.wait(SECONDS)

    with databases.renewed() as conn:
        with databases.running("chatctl", "migrate", "--directory", str(files), listen=hold) as migration:
            assert until(lambda: migration.commits > 0, seconds=SECONDS)
            with databases.running(*databases.seed, "-o", "json") as seed:
                assert until(lambda: waits_for_a_lock(conn), seconds=SECONDS)
                waits.set()
                assert (seed.wait(), migration.wait()) == (0, 0), (seed.output, migration.output)
        assert_complete_except_pins(databases, conn, complete_run)
