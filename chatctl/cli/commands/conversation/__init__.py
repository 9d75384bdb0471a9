"""``chatctl conversation``: conversations; one module per verb."""

from __future__ import annotations

from chatctl.cli.commands.conversation import export
from chatctl.cli.options import DOCUMENT, App

app = App(
    help="Export conversations.",
    epilog="""\b
Examples:
  chatctl conversation export support --org acme --out support-2026 --reason 'case 12'
""",
)
app.command(epilog=export.EPILOG, formats=DOCUMENT)(export.export)
# A callback keeps Typer from collapsing a group with a single command.
app.callback()(lambda: None)
