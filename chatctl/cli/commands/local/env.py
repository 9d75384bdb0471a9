"""``chatctl local env``: the URL of the embedded server, for the shell."""

from __future__ import annotations

import shlex

import typer

from chatctl.cli.commands.local.embedded import existing_server
from chatctl.cli.options import options
from chatctl.cli.output import show_document

EPILOG = """\b
Examples:
  eval "$(chatctl local env)"
  chatctl local env -o json | jq -r .CHATCTL_DB_URL
"""


def env(ctx: typer.Context) -> None:
    """Print the server's URL as shell commands; start it if needed."""
    shared = options(ctx)
    variables = {"CHATCTL_DB_URL": existing_server(shared).url}
    lines = [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]
    show_document(variables, shared, text="\n".join(lines))
