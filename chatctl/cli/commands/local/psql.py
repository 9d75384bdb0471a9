"""``chatctl local psql``: psql on the embedded server."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from chatctl.cli.commands.local.embedded import existing_server
from chatctl.cli.options import options
from chatctl.local.postgres import binaries, server
from chatctl.local.postgres.cluster import PORT, SUPERUSER
from chatctl.local.postgres.server import Server

EPILOG = """\b
Examples:
  chatctl local psql
  chatctl local psql -- -c 'select count(*) from messages'
  chatctl local psql --admin -- -f platform.sql
"""


def psql(
    ctx: typer.Context,
    arguments: Annotated[
        list[str] | None,
        typer.Argument(metavar="ARGUMENT", show_default=False, help="Arguments passed to psql, after --."),
    ] = None,
    admin: Annotated[bool, typer.Option("--admin", help="Connect as the superuser.")] = False,
) -> None:
    """Run psql on the server, which is started if needed."""
    running = existing_server(options(ctx))
    program = binaries.program(int(running.version.split(".", maxsplit=1)[0]), "psql")
    sys.stdout.flush()
    role = SUPERUSER if admin else server.OWNER
    os.execve(program, ["psql", *(arguments or [])], _psql_environment(running, role))  # noqa: S606 - psql takes over


def _psql_environment(running: Server, role: str) -> dict[str, str]:
    # Variables rather than a URL, so that -d and -U among the arguments override them.
    place = {"PGHOST": str(running.socket_directory), "PGPORT": str(PORT), "PGUSER": role}
    return {**binaries.without_libpq(), **place, "PGDATABASE": server.DATABASE}
