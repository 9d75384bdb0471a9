"""Open a connection to the target of the shared options, and print the target to stderr."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from chatctl.cli.options import Options
from chatctl.cli.output import note
from chatctl.db.connection import Connection, connection, destination_of, url_of
from chatctl.errors import Invalid, NotFound
from chatctl.settings import Project, Settings, Target

if TYPE_CHECKING:
    from chatctl.local.postgres.server import Server


@dataclass(frozen=True)
class Session:
    """An open connection, its target, and a URL to connect to the same server again."""

    conn: Connection
    target: Target
    url: str = field(repr=False)


@contextmanager
def session(options: Options, *, creates: bool = False, watched: bool = False) -> Iterator[Session]:
    """Connect to the target of ``options``; the embedded server is started if needed.

    Without ``creates``, raises NotFound if the embedded server does not exist. With ``watched``, for sessions
    that commit nothing, the session ends if the database stops responding. The target of the session names
    the host that was actually connected to.
    """
    settings = options.settings
    target = settings.target
    url = database_url(settings, creates=creates)
    note(f"target: {target.label}", options)
    with connection(url, watched=watched) as conn:
        if target.destination is not None:
            target = replace(target, destination=destination_of(conn))
        yield Session(conn=conn, target=target, url=url_of(conn))


def database_url(settings: Settings, *, creates: bool) -> str:
    """The URL of the target, for the role that owns the backend's objects."""
    target = settings.target
    if target.db_url is not None:
        return target.db_url
    if target.directory is None:
        raise Invalid(f"target {target.name} has no db_url, but this command needs a database")
    return embedded_server(target.directory, settings.project, creates=creates).url


def embedded_server(directory: Path, project: Project, *, creates: bool = False) -> Server:
    """The embedded server of ``directory``, started if needed.

    Without ``creates``, raises NotFound if it does not exist.
    """
    from chatctl.local.postgres import server  # noqa: PLC0415 - only the embedded server needs it

    if not creates and not server.exists(directory):
        raise NotFound(
            f"there is no embedded server: no {directory.name} with the data of a server in {project}",
            hint="`chatctl local up` creates one",
        )
    return server.ensure_running(directory)
