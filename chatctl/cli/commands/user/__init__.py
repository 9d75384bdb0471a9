"""``chatctl user``: users; one module per verb."""

from __future__ import annotations

from chatctl.cli.commands.user import export
from chatctl.cli.options import DOCUMENT, App

app = App(
    help="Export what concerns a user.",
    epilog="""\b
Examples:
  chatctl user export ann@example.com --out ann --reason 'request T-91'
""",
)
app.command(epilog=export.EPILOG, formats=DOCUMENT)(export.export)
# A callback keeps Typer from collapsing a group with a single command.
app.callback()(lambda: None)
