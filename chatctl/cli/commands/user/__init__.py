"""``chatctl user``: look at users and act on them; one module per verb."""

from __future__ import annotations

from chatctl.cli.commands.user import export, list_users, show
from chatctl.cli.options import DOCUMENT, ROWS_WITH_IDS, App

app = App(
    help="List, show and export users.",
    epilog="""\b
Examples:
  chatctl user list --org acme
  chatctl user show ann@example.com
  chatctl user export ann@example.com --out ann --reason 'request T-91'

A user is named by id, email, or the beginning of the name or email, if only one begins so.

Exit codes: 2 if several users have that name, 3 if there is no such user.
""",
)
app.command("list", epilog=list_users.EPILOG, formats=ROWS_WITH_IDS)(list_users.list_users)
app.command(epilog=show.EPILOG, formats=DOCUMENT)(show.show)
app.command(epilog=export.EPILOG, formats=DOCUMENT)(export.export)
