"""``chatctl local status``: show whether the embedded server is running."""

from __future__ import annotations

import typer

from chatctl.cli.commands.local.embedded import ServerReport, server_directory, show_running
from chatctl.cli.options import options
from chatctl.cli.output import note, show_document
from chatctl.local.postgres import server, throwaway


def status(ctx: typer.Context) -> None:
    """Show whether the server is running.

    Also stops and removes throwaway servers (of `chatctl demo`) left behind by killed runs.
    """
    shared = options(ctx)
    directory = server_directory(shared)
    removed = tuple(throwaway.sweep())
    for path in removed:
        note(f"removed {path}, left behind by a killed run of chatctl", shared)
    running = server.status(directory)
    if running is not None:
        show_running(running, shared, removed)
        return
    text = f"no server is running in {directory}; `chatctl local up` starts it"
    show_document(ServerReport(running=False, directory=directory, removed=removed), shared, text=text)
