"""Which database a command really reaches: what is named and guarded is what libpq connects to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from psycopg import pq

from tests.cli.conftest import Result
from tests.elsewhere import HOST, Elsewhere, elsewhere
from tests.world import Database

Chatctl = Callable[..., Result]

# What libpq reads beside the variables of its parameters.
OTHERS = ("PGSERVICEFILE", "PGSYSCONFDIR", "PGDATESTYLE", "PGTZ", "PGGEQO", "PGLOCALEDIR", "PGREQUIRESSL")
VARIABLES = [*(option.envvar.decode() for option in pq.Conninfo.get_defaults() if option.envvar), *OTHERS]


@pytest.fixture(scope="module")
def remote() -> Iterator[Elsewhere]:
    with elsewhere() as running:
        yield running


@pytest.fixture
def own(project: Path, chatctl: Chatctl) -> Path:
    """A project with a running, migrated embedded server."""
    assert chatctl("migrate", "-q", cwd=project).exit_code == 0
    return project


def test_no_variable_of_libpq_moves_or_breaks_the_embedded_server(
    chatctl: Chatctl, own: Path, remote: Elsewhere
) -> None:
    for value in (HOST, "nonsense"):
        env = dict.fromkeys(VARIABLES, value) | {"PGPORT": str(remote.port)}
        for command in (
            ["migrate", "--restate"],
            ["migrate", "status", "--check"],
            ["migrate", "drift"],
            ["audit-rls", "--only", "public.organizations"],
            ["local", "psql", "--", "-XAtc", "select 1"],
        ):
            done = chatctl(*command, cwd=own, env=env)
            assert done.exit_code == 0, done.stderr
    assert remote.tables == []


def test_no_variable_of_libpq_moves_the_making_of_an_embedded_server(
    chatctl: Chatctl, project: Path, remote: Elsewhere
) -> None:
    env = {"PGHOSTADDR": HOST, "PGHOST": HOST, "PGPORT": str(remote.port), "PGUSER": "postgres"}
    made = chatctl("migrate", cwd=project, env=env)

    assert made.exit_code == 0, made.stderr
    assert made.stderr.startswith(f"target: embedded server in {project / '.chatctl'}")
    assert remote.tables == []
    assert chatctl("migrate", "status", "--check", cwd=project).exit_code == 0


def test_no_variable_of_libpq_reaches_a_throwaway_server_or_the_load_generator(
    chatctl: Chatctl, own: Path, remote: Elsewhere
) -> None:
    env = dict.fromkeys(VARIABLES, "nonsense") | {"PGHOSTADDR": HOST, "PGPORT": str(remote.port)}
    assert chatctl("migrate", "lint", cwd=own, env=env).exit_code == 0
    assert chatctl("seed", "-q", cwd=own, env=env).exit_code == 0
    loaded = chatctl(
        "loadtest", "--users", "1", "--rate", "1", "--duration", "1s", "-o", "json", cwd=own, env=env
    )
    (scenario,) = loaded.document["scenarios"]
    assert scenario["measured"]["sent"] == 1
    assert not any(series["errors"] for series in scenario["measured"]["series"])


def test_variables_of_newer_libpqs_are_ignored_too() -> None:
    assert all(name.startswith("PG") for name in VARIABLES)


def test_the_variables_count_for_every_other_target(chatctl: Chatctl, database: Database) -> None:
    env = {"PGHOST": str(database.server.socket_directory), "PGUSER": "postgres", "PGDATABASE": database.name}
    shown = chatctl("migrate", "status", "--check", "--db-url", "postgresql://", env=env)

    assert shown.exit_code == 0
    assert shown.stderr.startswith(f"target: {database.name} on {database.server.socket_directory}:5432 ")
