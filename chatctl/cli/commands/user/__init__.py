"""``chatctl user``: users; one module per verb."""

from __future__ import annotations

from chatctl.cli.commands.user import list_users, show
from chatctl.cli.options import DOCUMENT, ROWS_WITH_IDS, App

app = App(
    help="List and show users.",
    epilog="""\b
Examples:
  chatctl user list --org acme
  chatctl user list --suspended
  chatctl user show ann@example.com
""",
)
app.command("list", epilog=list_users.EPILOG, formats=ROWS_WITH_IDS)(list_users.list_users)
app.command(epilog=show.EPILOG, formats=DOCUMENT)(show.show)
