"""Databases for seeds that are interrupted, and a complete run for comparison."""

from __future__ import annotations

import secrets
from pathlib import Path
from random import Random

import pytest

from chatctl.local.postgres.server import Server
from chatctl.services.seed import indexes
from tests.support.forks import Forks
from tests.support.seed_runs import ENOUGH, FreshDatabases, Run
from tests.support.world import Database


@pytest.fixture
def chance() -> Random:
    """Different moments in each run; a failure prints the seed that reproduces it."""
    seed = secrets.randbits(32)
    print(f"the seed of these moments is {seed}")  # noqa: T201 - pytest shows it
    return Random(seed)


@pytest.fixture(params=ENOUGH)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(indexes, "MIN_MESSAGES", ENOUGH[request.param])
    return str(request.param)


@pytest.fixture
def databases(forks: Forks, server: Server, tmp_path: Path, way: str) -> FreshDatabases:
    return FreshDatabases(forks, Database(server, "backend"), tmp_path, ENOUGH[way])


@pytest.fixture(scope="session")
def complete_runs() -> dict[tuple[str, int], Run]:
    return {}


@pytest.fixture
def complete_run(
    databases: FreshDatabases, way: str, pg_version: int, complete_runs: dict[tuple[str, int], Run]
) -> Run:
    """A run without interruption."""
    key = (way, pg_version)
    if key not in complete_runs:
        with databases.renewed():
            complete_runs[key] = databases.run()
            assert complete_runs[key].document["state"] == "created"  # read while its file exists
    return complete_runs[key]
