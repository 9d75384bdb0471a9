"""``chatctl local up``: start the embedded server."""

from __future__ import annotations

import typer

from chatctl.cli.commands.local.embedded import VersionOption, server_directory, show_running
from chatctl.cli.options import options
from chatctl.local.postgres import server


def up(ctx: typer.Context, version: VersionOption = None) -> None:
    """Start the server, and create it if it does not exist."""
    shared = options(ctx)
    directory = server_directory(shared)
    show_running(server.ensure_running(directory, version=version), shared)
