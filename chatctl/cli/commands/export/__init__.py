"""``chatctl export``: exported directories; one module per verb."""

from __future__ import annotations

from chatctl.cli.commands.export import verify
from chatctl.cli.options import ROWS, App

app = App(
    help="Verify exported directories.",
    epilog="""\b
Examples:
  chatctl export verify support-2026

`conversation export` and `user export` create them.
""",
)
app.command(epilog=verify.EPILOG, formats=ROWS)(verify.verify)
# A callback keeps Typer from collapsing a group with a single command.
app.callback()(lambda: None)
