"""The embedded server of the working directory; shared by the verbs of ``local``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from chatctl.cli.options import Options
from chatctl.cli.output import note, show_document
from chatctl.cli.session import embedded_server
from chatctl.errors import Invalid
from chatctl.local.postgres import binaries
from chatctl.local.postgres.server import Server
from chatctl.settings import EMBEDDED_DIRECTORY, Project, Target, project_around

VersionOption = Annotated[
    int | None,
    typer.Option(
        "--pg-version",
        metavar="16|18",
        show_default=False,
        help="PostgreSQL major version; default: CHATCTL_PG_VERSION, else that of the data, else 18.",
    ),
]


@dataclass(frozen=True)
class ServerReport:
    """The report of `up`, `down`, `status` and `reset`; without a server, url, version and pid are null."""

    running: bool
    directory: Path
    url: str | None = None
    version: str | None = None
    pid: int | None = None
    removed: tuple[Path, ...] = ()


def server_directory(shared: Options) -> Path:
    """The directory of the server, whether or not it exists; see ``embedded_project``."""
    return embedded_project(shared).embedded


def existing_server(shared: Options) -> Server:
    """The server, started if needed, but not created. Raises NotFound if it does not exist."""
    project = embedded_project(shared)
    return embedded_server(project.embedded, project)


def embedded_project(shared: Options) -> Project:
    """The project of the working directory. Raises Invalid if the options name another database."""
    if shared.db_url or (shared.target and not shared.settings.target.embedded):
        named = "--db-url" if shared.db_url else f"--target {shared.target}"
        raise Invalid(f"`chatctl local` manages the embedded server in {EMBEDDED_DIRECTORY}, not {named}")
    binaries.check_installed()
    project = project_around()
    note(f"target: {Target(source='chatctl local', directory=project.embedded).label}", shared)
    return project


def show_running(server: Server, shared: Options, removed: tuple[Path, ...] = ()) -> None:
    """Report the running ``server``."""
    report = ServerReport(
        running=True,
        directory=server.directory,
        url=server.url,
        version=server.version,
        pid=server.pid,
        removed=removed,
    )
    text = (
        f"PostgreSQL {server.version} is running in {server.directory} (process {server.pid})\n  {server.url}"
    )
    show_document(report, shared, text=text)
