"""The database that a command names and protects is the one that libpq connects to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import pq

from chatctl.local.postgres import server
from tests.cli.conftest import Result
from tests.support.remote_server import HOST, RemoteServer, remote_server
from tests.support.world import Database

Chatctl = Callable[..., Result]

# Read by libpq in addition to the variables of its parameters.
OTHERS = ("PGSERVICEFILE", "PGSYSCONFDIR", "PGDATESTYLE", "PGTZ", "PGGEQO", "PGLOCALEDIR", "PGREQUIRESSL")
VARIABLES = [*(option.envvar.decode() for option in pq.Conninfo.get_defaults() if option.envvar), *OTHERS]


@pytest.fixture(scope="module")
def remote() -> Iterator[RemoteServer]:
    with remote_server() as running:
        yield running


@pytest.fixture
def embedded_project(project: Path, chatctl: Chatctl) -> Path:
    """A project with a running, migrated embedded server."""
    assert chatctl("migrate", "-q", cwd=project).exit_code == 0
    return project


def shapes(port: int) -> dict[str, tuple[str, dict[str, str]]]:
    """URLs and variables that point to the other machine."""
    here = f"postgresql://postgres@localhost:{port}/postgres"
    nowhere = "postgresql://postgres@/postgres"
    return {
        "plain": (f"postgresql://postgres@{HOST}:{port}/postgres", {}),
        "hostaddr": (f"{here}?hostaddr={HOST}", {}),
        "host": (f"{here}?host={HOST}", {}),
        "encoded": (f"{here}?ho%73t={HOST.replace('1', '%31')}", {}),
        "one of two hosts": (f"postgresql://postgres@localhost:1,{HOST}:{port}/postgres", {}),
        "PGHOST": (nowhere, {"PGHOST": HOST, "PGPORT": str(port)}),
        "PGHOSTADDR": (here, {"PGHOSTADDR": HOST}),
        "PGHOSTADDR of a socket": (f"{nowhere}?host=/tmp&port={port}", {"PGHOSTADDR": HOST}),
        "service": (f"{nowhere}?service=x", {"PGSERVICEFILE": "services"}),
        "PGSERVICE": (nowhere, {"PGSERVICE": "x", "PGSERVICEFILE": "services"}),
    }


@pytest.mark.parametrize("shape", shapes(0))
def test_a_remote_write_needs_confirmation_however_the_url_names_the_host(
    chatctl: Chatctl, remote: RemoteServer, tmp_path: Path, shape: str
) -> None:
    (tmp_path / "services").write_text(f"[x]\nhost={HOST}\nport={remote.port}\n")
    url, env = shapes(remote.port)[shape]

    refused = chatctl("migrate", "--db-url", url, env=env)

    assert refused.exit_code == 2
    assert "needs --yes" in refused.stderr
    assert refused.stderr.startswith("target: postgres on ")
    assert (
        f"{HOST}:{remote.port}" in refused.stderr.splitlines()[0]
        or f"({HOST})" in refused.stderr.splitlines()[0]
    )
    assert remote.tables == []


def test_the_question_names_the_address_that_is_connected_to(chatctl: Chatctl, remote: RemoteServer) -> None:
    refused = chatctl("migrate", "--db-url", remote.url.replace(HOST, "127.2"))

    assert refused.exit_code == 2
    assert f"postgres on 127.2:{remote.port} ({HOST}) (--db-url) needs --yes" in refused.stderr


def test_variables_of_libpq_do_not_redirect_or_break_the_embedded_server(
    chatctl: Chatctl, embedded_project: Path, remote: RemoteServer
) -> None:
    for value in (HOST, "nonsense"):
        env = dict.fromkeys(VARIABLES, value) | {"PGPORT": str(remote.port)}
        for command in (
            ["migrate", "--reapply"],
            ["migrate", "status", "--check"],
            ["migrate", "drift"],
            ["audit-rls", "--only", "public.organizations"],
            ["local", "psql", "--", "-XAtc", "select 1"],
        ):
            done = chatctl(*command, cwd=embedded_project, env=env)
            assert done.exit_code == 0, done.stderr
    assert remote.tables == []


def test_variables_of_libpq_do_not_redirect_the_creation_of_an_embedded_server(
    chatctl: Chatctl, project: Path, remote: RemoteServer
) -> None:
    env = {"PGHOSTADDR": HOST, "PGHOST": HOST, "PGPORT": str(remote.port), "PGUSER": "postgres"}
    migrated = chatctl("migrate", cwd=project, env=env)

    assert migrated.exit_code == 0, migrated.stderr
    assert migrated.stderr.startswith(f"target: embedded server in {project / '.chatctl'}")
    assert remote.tables == []
    assert chatctl("migrate", "status", "--check", cwd=project).exit_code == 0


def test_variables_of_libpq_do_not_reach_a_throwaway_server_or_the_load_generator(
    chatctl: Chatctl, embedded_project: Path, remote: RemoteServer
) -> None:
    env = dict.fromkeys(VARIABLES, "nonsense") | {"PGHOSTADDR": HOST, "PGPORT": str(remote.port)}
    assert chatctl("migrate", "lint", cwd=embedded_project, env=env).exit_code == 0
    assert chatctl("seed", "-q", cwd=embedded_project, env=env).exit_code == 0
    loaded = chatctl(
        "loadtest",
        "--users",
        "1",
        "--rate",
        "1",
        "--duration",
        "1s",
        "-o",
        "json",
        cwd=embedded_project,
        env=env,
    )
    (scenario,) = loaded.document["scenarios"]
    assert scenario["measured"]["sent"] == 1
    assert not any(series["errors"] for series in scenario["measured"]["series"])


def test_variables_of_newer_libpqs_are_ignored_too() -> None:
    assert all(name.startswith("PG") for name in VARIABLES)


def test_the_variables_apply_to_every_other_target(chatctl: Chatctl, database: Database) -> None:
    env = {"PGHOST": str(database.server.socket_directory), "PGUSER": "postgres", "PGDATABASE": database.name}
    shown = chatctl("migrate", "status", "--check", "--db-url", "postgresql://", env=env)

    assert shown.exit_code == 0
    assert shown.stderr.startswith(f"target: {database.name} on {database.server.socket_directory}:5432 ")


def test_case_duplicate_key_production_is_never_seeded(chatctl: Chatctl, embedded_project: Path) -> None:
    url = server.Server(embedded_project / ".chatctl", "", 0).url
    below = embedded_project / "x"
    below.mkdir()
    text = f"targets:\n  prod:\n    environment: production\n    db_url: {url}\n"
    (below / "chatctl.yaml").write_text(text)
    assert chatctl("seed", "--target", "prod", cwd=below).exit_code == 4

    (below / "chatctl.yaml").write_text(f"{text}  prod:\n    db_url: {url}\n")
    refused = chatctl("seed", "--target", "prod", cwd=below)

    assert refused.exit_code == 2
    assert "targets.prod appears twice, first on line 2" in refused.stderr
    with psycopg.connect(url) as conn:
        assert conn.execute("select count(*) from auth.users").fetchone() == (0,)


READS = [
    ["migrate", "status"],
    ["migrate", "drift"],
    ["migrate", "--dry-run"],
    ["migrate", "repair", "20260123000100", "--status", "applied"],
    ["migrate", "baseline"],
    ["seed"],
    ["seed", "--dry-run"],
    ["seed", "verify"],
    ["seed", "clean"],
    ["audit-rls"],
    ["loadtest"],
    ["local", "env"],
    ["local", "psql"],
]


@pytest.mark.parametrize("command", READS, ids=" ".join)
def test_only_migrate_and_local_up_create_a_server(
    chatctl: Chatctl, project: Path, command: list[str]
) -> None:
    shown = chatctl(*command, cwd=project)

    assert shown.exit_code == 3
    assert f"no .chatctl with the data of a server in {project}\n" in shown.stderr
    assert "`chatctl local up` creates one" in shown.stderr
    assert not any(project.iterdir())


def test_an_empty_directory_is_not_a_server(chatctl: Chatctl, project: Path) -> None:
    (project / ".chatctl").mkdir()

    assert chatctl("migrate", "status", cwd=project).exit_code == 3
    assert not any((project / ".chatctl").iterdir())


def test_a_read_starts_the_existing_server(chatctl: Chatctl, embedded_project: Path) -> None:
    assert server.stop(embedded_project / ".chatctl")

    assert chatctl("migrate", "status", "--check", cwd=embedded_project).exit_code == 0


def test_a_subdirectory_of_a_repository_uses_the_server_at_its_root(
    chatctl: Chatctl, embedded_project: Path
) -> None:
    below = embedded_project / "sql" / "migrations"
    below.mkdir(parents=True)
    assert chatctl("migrate", "status", cwd=below).exit_code == 3

    (embedded_project / ".git").mkdir()
    shown = chatctl("migrate", "status", "--check", cwd=below)

    assert shown.exit_code == 0
    assert shown.stderr.startswith(f"target: embedded server in {embedded_project / '.chatctl'} (default)")
    up = chatctl("local", "up", "-o", "json", cwd=below)
    assert up.document["directory"] == str((embedded_project / ".chatctl").resolve())
    assert [path.name for path in (embedded_project / "sql").rglob("*")] == ["migrations"]


@pytest.mark.parametrize("name", ["chatctl.yaml", ".chatctl"])
@pytest.mark.parametrize("command", [["migrate", "status"], ["local", "up"], ["migrate"]], ids=" ".join)
def test_a_dangling_link_is_an_error(chatctl: Chatctl, project: Path, name: str, command: list[str]) -> None:
    (project / name).symlink_to("nowhere")

    shown = chatctl(*command, cwd=project)

    assert shown.exit_code == 2
    assert f"{project / name} is a symbolic link whose target does not exist" in shown.stderr
    assert [path.name for path in project.iterdir()] == [name]


@pytest.mark.parametrize(
    "arguments",
    [
        ["postgresql://u:p@s3cr3t@h/d"],
        ["migrate", "postgresql://u:ab/s3cr3t@h/d"],
        ["seed", "host=h password=s3cr3t"],
        ["seed", "postgresql://u:my s3cr3t@h/d"],
        ["local", "up", "postgresql://ann@corp:s3cr3t@h/d"],
        ["migrate", "--to", "postgresql://ann@corp:s3cr3t@h/d"],
        ["migrate", "-o", "postgresql://u:s3cr3t@h/d"],
        ["migrate", "--target", "postgresql://u:s3cr3t@h/d"],
        ["migrate", "--db-url", "postgresql://u:p@s3cr3t@h/d"],
        ["migrate", "--db-url", "postgresql://u:p@127.0.0.1:1/d?keepalives=s3cr3t"],
        ["migrate", "--db-url", "postgresql://u:p@127.0.0.1:1/d?target_session_attrs=s3cr3t"],
    ],
)
@pytest.mark.parametrize("more", [[], ["--debug"]])
def test_a_misplaced_url_is_not_repeated(chatctl: Chatctl, arguments: list[str], more: list[str]) -> None:
    shown = chatctl(*arguments, *more)

    assert shown.exit_code in (2, 3)
    assert "s3cr3t" not in shown.stdout + shown.stderr
