"""Migrating an empty database, compared with psql; migrating with nothing to do; the time of `--help`."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
from psycopg import sql

from benchmarks.case import Case, side_by_side
from chatctl.data import data_directory
from chatctl.db.connection import connection
from chatctl.local.postgres import throwaway
from chatctl.local.postgres.binaries import program
from chatctl.local.postgres.server import Server
from chatctl.services.migrations import migrate, migrations, objects
from chatctl.services.migrations.definitions import in_dependency_order

TIMES = 15
WARM_UP = 3
CHATCTL = (sys.executable, "-m", "chatctl")


def cases(server: Server) -> Iterator[Case]:
    """Migrating an empty and an up-to-date database, and the start of the command line."""
    with throwaway.server(durable=True) as empty, tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(_same_sql())
        script.flush()
        yield from _from_empty(empty, Path(script.name))
    nothing, bare = side_by_side(
        lambda: _run(*CHATCTL, "migrate", "-q", "--db-url", server.url), _bare_python, times=TIMES
    )
    yield Case(
        "migrate with nothing to do, whole process / python -c pass", nothing, bare, "ms", nothing / bare
    )
    yield Case(
        "migrate with nothing to do, whole process / 0.6 s", nothing, 600, "ms", nothing / 600, "<=", 1
    )
    shown, bare = side_by_side(lambda: _run(*CHATCTL, "--help"), _bare_python, times=TIMES)
    yield Case("chatctl --help / python -c pass", shown, bare, "ms", shown / bare, "<=", 8)
    yield Case("chatctl --help / 0.25 s", shown, 250, "ms", shown / 250, "<=", 1)


def _from_empty(server: Server, script: Path) -> Iterator[Case]:
    fresh = _databases(server, 4 * (TIMES + WARM_UP))
    psql = str(program(int(server.version.split(".", maxsplit=1)[0]), "psql"))

    def by_psql() -> None:
        _run(psql, "-qX1", "-v", "ON_ERROR_STOP=1", "-f", str(script), next(fresh))

    def connected() -> None:
        with connection(next(fresh)) as conn:
            migrate(conn)

    def by_chatctl() -> None:
        _run(*CHATCTL, "migrate", "-q", "--db-url", next(fresh))

    ours, psqls = side_by_side(connected, by_psql, times=TIMES, warm_up=WARM_UP)
    yield Case("migrate from empty / psql -f of the same SQL", ours, psqls, "ms", ours / psqls, "<=", 2)
    whole, psqls = side_by_side(by_chatctl, by_psql, times=TIMES, warm_up=WARM_UP)
    yield Case("the same, with the start of chatctl's process", whole, psqls, "ms", whole / psqls)


def _databases(server: Server, number: int) -> Iterator[str]:
    """The URLs of ``number`` databases with only the platform, all created in advance."""
    names = [f"empty_{n}" for n in range(number)]
    with psycopg.connect(server.admin_url, autocommit=True) as admin:
        for name in names:
            create = sql.SQL("create database {} template postgres owner postgres").format(
                sql.Identifier(name)
            )
            admin.execute(create)
        admin.execute("checkpoint")
    return iter([server.url_for("postgres", name) for name in names])


def _same_sql() -> str:
    directory = data_directory("sql")
    files = [*migrations(directory), *in_dependency_order(objects(directory))]
    return "\n".join(["set check_function_bodies = off;", *(file.text for file in files)])


def _bare_python() -> None:
    _run(sys.executable, "-c", "pass")


def _run(*command: str) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
