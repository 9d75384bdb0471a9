"""``chatctl local reset``: delete the data of the embedded server."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chatctl.cli.commands.local.embedded import VersionOption, embedded_project, show_running
from chatctl.cli.guards import confirm_by_name, refuse_production
from chatctl.cli.options import Options, options
from chatctl.errors import Invalid, NotFound
from chatctl.local.postgres import server
from chatctl.local.postgres.server import Server


def reset(
    ctx: typer.Context,
    confirm: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", show_default=False, help="Name of the directory that contains .chatctl."
        ),
    ] = None,
    version: VersionOption = None,
) -> None:
    """Delete all data of the server and start it empty.

    This cannot be undone. To confirm, type the name of the directory that contains .chatctl; without a
    terminal, pass it with --confirm.
    """
    shared = options(ctx)
    project = embedded_project(shared)
    directory = project.embedded
    _refuse_other_target(directory, shared)
    server.check_resettable(directory, version=version)
    if not server.exists(directory):
        raise NotFound(
            f"there is no server to reset: no {directory.name} with the data of a server in {project}",
            hint="`chatctl local up` creates one",
        )
    resolved = directory.resolve()  # .chatctl may be a symbolic link
    name = resolved.parent.name or str(resolved.parent)
    confirm_by_name(name, confirm, what=f"deleting all data in {resolved}")
    show_running(server.reset(directory, version=version), shared)


def _refuse_other_target(directory: Path, shared: Options) -> None:
    # The settings name another database, or declare this one as production: a reset would be a mistake.
    target = shared.settings.target
    refuse_production(target, done="reset")
    ours = Server(directory.resolve(), version="", pid=0).url
    if target.db_url not in (None, ours):
        raise Invalid(
            f"`local reset` deletes the data in {directory}, but the target is {target.label}; "
            "remove that target first"
        )
