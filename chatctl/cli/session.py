"""From the shared options to an open connection, with the target named on stderr."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import typer

from chatctl.cli.options import Options
from chatctl.cli.output import note
from chatctl.db.connection import Connection, connection
from chatctl.errors import ChatctlError, Invalid
from chatctl.settings import Target, load


@dataclass(frozen=True)
class Session:
    """An open connection, the target it belongs to and the URL that reaches it."""

    conn: Connection
    target: Target
    url: str


@contextmanager
def session(options: Options) -> Iterator[Session]:
    """Connect to the target of ``options``; the embedded server is started when needed."""
    target = load(db_url=options.db_url, target=options.target).target
    url = database_url(target)
    note(f"target: {target.label}", options)
    with connection(url) as conn:
        yield Session(conn=conn, target=target, url=url)


def database_url(target: Target) -> str:
    """The URL that reaches ``target``, as the role that owns the backend's objects."""
    if target.db_url is not None:
        return target.db_url
    from chatctl.local.server import ensure_running  # noqa: PLC0415 - only the embedded server needs it

    if target.directory is None:
        raise Invalid(f"target {target.name} has no db_url, and this needs a database")
    return ensure_running(target.directory).url


def confirm_write(target: Target, options: Options, *, what: str) -> None:
    """Ask before a write on a target that is not local; ``--yes`` answers, no terminal is exit 2."""
    if target.local or options.yes:
        return
    if not sys.stdin.isatty():
        raise Invalid(f"{what} on {target.label} needs --yes")
    if not typer.confirm(f"{what} on {target.label}?", default=False, err=True):
        raise ChatctlError("declined; nothing was changed")
