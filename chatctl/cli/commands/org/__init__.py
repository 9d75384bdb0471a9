"""``chatctl org``: organizations; one module per verb."""

from __future__ import annotations

from chatctl.cli.commands.org import list as listing
from chatctl.cli.commands.org import show
from chatctl.cli.options import DOCUMENT, ROWS_WITH_IDS, App

app = App(
    help="List and show organizations.",
    epilog="""\b
Examples:
  chatctl org list
  chatctl org show acme
""",
)
app.command("list", epilog=listing.EPILOG, formats=ROWS_WITH_IDS)(listing.list_organizations)
app.command(epilog=show.EPILOG, formats=DOCUMENT)(show.show)
