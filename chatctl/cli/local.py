"""``chatctl local``: the embedded PostgreSQL server of a project, in its directory .chatctl."""

from __future__ import annotations

import os
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from chatctl.cli.options import NO_FORMATS, ROWS, App, Options, options
from chatctl.cli.output import note, show_document
from chatctl.cli.session import embedded_server
from chatctl.errors import Invalid
from chatctl.local import binaries, server, throwaway
from chatctl.local.cluster import PORT, SUPERUSER
from chatctl.local.server import Server
from chatctl.settings import EMBEDDED_DIRECTORY, Project, Target, load, project_around

app = App(
    help="Run the embedded PostgreSQL server of this project, in its directory .chatctl.",
    epilog="""\b
Examples:
  chatctl local up                       start it; the first time takes a second
  chatctl local up --pg-version 16       with the other major version
  chatctl local status -o json | jq .    is it running, and where
  chatctl local psql -- -c 'select 1'    SQL, as the role that owns the backend
  eval "$(chatctl local env)"            let other programs find it
  chatctl local reset --confirm my-app   delete all its data (.chatctl is in directory my-app)

All of them use the nearest .chatctl, in the working directory or above it, up to the root of the git
repository. Where there is none, `up` and `reset` create it beside chatctl.yaml, else in the root of the
repository; outside of a repository, in the working directory.

It listens on a unix socket only, which nobody but you and root can reach, and keeps running until
`chatctl local down`. Root runs it as the system user pgserver, and lets that user pass through (not
list) its own directories above .chatctl, which it names; those of other users it leaves closed.

A .chatctl that chatctl did not make is left as it is: the file MADE_BY_CHATCTL says that it did.
""",
)

VersionOption = Annotated[
    int | None,
    typer.Option(
        "--pg-version",
        metavar="16|18",
        show_default=False,
        help="The major version of PostgreSQL; by default CHATCTL_PG_VERSION, that of the data, or 18.",
    ),
]


@dataclass(frozen=True)
class Report:
    """A server as `up`, `down`, `status` and `reset` report it; null is what only a running one has."""

    running: bool
    directory: Path
    url: str | None = None
    version: str | None = None
    pid: int | None = None
    removed: tuple[Path, ...] = ()


@app.command(formats=ROWS)
def up(ctx: typer.Context, version: VersionOption = None) -> None:
    """Start the server, which is made first if need be."""
    shared = options(ctx)
    directory = _directory(shared)
    _show_running(server.ensure_running(directory, version=version), shared)


@app.command(formats=ROWS)
def down(ctx: typer.Context) -> None:
    """Stop the server; its data stays."""
    shared = options(ctx)
    directory = _directory(shared)
    stopped = server.stop(directory)
    text = (
        f"stopped; its data stays in {directory}"
        if stopped
        else f"nothing to do: no server runs in {directory}"
    )
    show_document(Report(running=False, directory=directory), shared, text=text)


@app.command(formats=ROWS)
def status(ctx: typer.Context) -> None:
    """Show whether the server runs.

    Also ends throwaway servers (of `chatctl demo`) that killed runs have left behind.
    """
    shared = options(ctx)
    directory = _directory(shared)
    removed = tuple(throwaway.sweep())
    for path in removed:
        note(f"removed {path}, which a killed chatctl had left", shared)
    found = server.status(directory)
    if found is not None:
        _show_running(found, shared, removed)
        return
    text = f"no server runs in {directory}; `chatctl local up` starts it"
    show_document(Report(running=False, directory=directory, removed=removed), shared, text=text)


@app.command(formats=ROWS)
def reset(
    ctx: typer.Context,
    confirm: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", show_default=False, help="The name of the directory that .chatctl is in."
        ),
    ] = None,
    version: VersionOption = None,
) -> None:
    """Delete all its data and start anew.

    This cannot be undone, so it asks for the name of the directory that .chatctl is in; without a terminal,
    give it with --confirm.
    """
    shared = options(ctx)
    directory = _directory(shared)
    _refuse_other_target(directory, shared)
    server.check_resettable(directory, version=version)
    _confirm_deletion(directory, confirm)
    _show_running(server.reset(directory, version=version), shared)


@app.command(
    formats=NO_FORMATS,  # psql writes
    epilog="""\b
Examples:
  chatctl local psql
  chatctl local psql -- -c 'select count(*) from messages'
  chatctl local psql --admin -- -f platform.sql
""",
)
def psql(
    ctx: typer.Context,
    arguments: Annotated[
        list[str] | None, typer.Argument(metavar="[-- ARGUMENT...]", show_default=False, help="For psql.")
    ] = None,
    admin: Annotated[bool, typer.Option("--admin", help="As the superuser.")] = False,
) -> None:
    """Open psql on the server, which is started if need be."""
    at = _existing(options(ctx))
    program = binaries.program(int(at.version.split(".", maxsplit=1)[0]), "psql")
    sys.stdout.flush()
    role = SUPERUSER if admin else server.OWNER
    os.execve(program, ["psql", *(arguments or [])], _psql_environment(at, role))  # noqa: S606 - psql takes over


@app.command(
    formats=ROWS,
    epilog="""\b
Examples:
  eval "$(chatctl local env)"
  chatctl local env -o json | jq -r .CHATCTL_DB_URL
""",
)
def env(ctx: typer.Context) -> None:
    """Print the server's URL for the shell; the server is started if need be."""
    shared = options(ctx)
    variables = {"CHATCTL_DB_URL": _existing(shared).url}
    lines = [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]
    show_document(variables, shared, text="\n".join(lines))


def _directory(shared: Options) -> Path:
    return _place(shared).embedded


def _existing(shared: Options) -> Server:
    """The server, started if need be, but not created. Raises NotFound where there is none."""
    project = _place(shared)
    return embedded_server(project.embedded, project)


def _place(shared: Options) -> Project:
    if shared.db_url or (shared.target and not load(target=shared.target).target.embedded):
        named = "--db-url" if shared.db_url else f"--target {shared.target}"
        raise Invalid(f"`chatctl local` is about the embedded server in {EMBEDDED_DIRECTORY}, not {named}")
    binaries.check_installed()
    project = project_around()
    note(f"target: {Target(source='chatctl local', directory=project.embedded).label}", shared)
    return project


def _show_running(at: Server, shared: Options, removed: tuple[Path, ...] = ()) -> None:
    report = Report(
        running=True, directory=at.directory, url=at.url, version=at.version, pid=at.pid, removed=removed
    )
    text = f"PostgreSQL {at.version} runs in {at.directory} (process {at.pid})\n  {at.url}"
    show_document(report, shared, text=text)


def _refuse_other_target(directory: Path, shared: Options) -> None:
    # The user chose another database, or calls this one production: the reset would be a mistake.
    target = load(target=shared.target).target
    ours = Server(directory.resolve(), version="", pid=0).url
    if target.environment == "production" or target.db_url not in (None, ours):
        raise Invalid(
            f"`local reset` deletes the data in {directory}, but the target is {target.label}; "
            "remove that target first"
        )


def _confirm_deletion(directory: Path, confirm: str | None) -> None:
    directory = directory.resolve()  # what a link leads to, and whose data it is
    name = directory.parent.name or str(directory.parent)
    if confirm is None and sys.stdin.isatty():
        confirm = typer.prompt(f"This deletes all data in {directory}. Type {name} to go on", err=True)
    if confirm is None:
        raise Invalid(f"deleting all data in {directory} needs --confirm {shlex.quote(name)}")
    if confirm != name:
        raise Invalid(f"{confirm!r} is not {name!r}, in which {directory.name} is; nothing was changed")


def _psql_environment(at: Server, role: str) -> dict[str, str]:
    # Variables rather than a URL: -d and -U among psql's own arguments still count.
    place = {"PGHOST": str(at.socket_directory), "PGPORT": str(PORT), "PGUSER": role}
    return {**binaries.without_libpq(), **place, "PGDATABASE": server.DATABASE}
