"""``chatctl local status``: whether the embedded server runs."""

from __future__ import annotations

import typer

from chatctl.cli.commands.local.place import ServerReport, server_directory, show_running
from chatctl.cli.options import options
from chatctl.cli.output import note, show_document
from chatctl.local.postgres import server, throwaway


def status(ctx: typer.Context) -> None:
    """Show whether the server runs.

    Also ends throwaway servers (of `chatctl demo`) that killed runs have left behind.
    """
    shared = options(ctx)
    directory = server_directory(shared)
    removed = tuple(throwaway.sweep())
    for path in removed:
        note(f"removed {path}, which a killed chatctl had left", shared)
    found = server.status(directory)
    if found is not None:
        show_running(found, shared, removed)
        return
    text = f"no server runs in {directory}; `chatctl local up` starts it"
    show_document(ServerReport(running=False, directory=directory, removed=removed), shared, text=text)
