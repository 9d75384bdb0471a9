"""``chatctl local down``: stop the embedded server."""

from __future__ import annotations

import typer

from chatctl.cli.commands.local.embedded import ServerReport, server_directory
from chatctl.cli.options import options
from chatctl.cli.output import show_document
from chatctl.local.postgres import server


def down(ctx: typer.Context) -> None:
    """Stop the server; its data is kept."""
    shared = options(ctx)
    directory = server_directory(shared)
    stopped = server.stop(directory)
    text = (
        f"stopped; its data is kept in {directory}"
        if stopped
        else f"nothing to do: no server is running in {directory}"
    )
    show_document(ServerReport(running=False, directory=directory), shared, text=text)
