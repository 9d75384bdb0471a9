"""``chatctl user``: look at users and act on them; one module per verb."""

from __future__ import annotations

from chatctl.cli.commands.user import erase, export, mute, show, suspend, unmute, unsuspend
from chatctl.cli.commands.user import list as listing
from chatctl.cli.options import DOCUMENT, ROWS, ROWS_WITH_IDS, App

app = App(
    help="List, show, export, suspend, mute and erase users.",
    epilog="""\b
Examples:
  chatctl user list --org acme
  chatctl user show ann@example.com
  chatctl user export ann@example.com --out ann --reason 'request T-91'
  chatctl user suspend ann@example.com --until 3d --reason spam
  chatctl user mute ann@example.com --org acme --reason insults
  chatctl user erase ann@example.com --messages delete --reason request --dry-run

A user is named by id, email, or the beginning of the name or email, if only one begins so.

Exit codes: 2 if several users have that name, 3 if there is no such user.
""",
)
app.command("list", epilog=listing.EPILOG, formats=ROWS_WITH_IDS)(listing.list_users)
app.command(epilog=show.EPILOG, formats=DOCUMENT)(show.show)
app.command(epilog=export.EPILOG, formats=DOCUMENT)(export.export)
app.command(epilog=suspend.EPILOG, formats=ROWS_WITH_IDS)(suspend.suspend)
app.command(epilog=unsuspend.EPILOG, formats=ROWS_WITH_IDS)(unsuspend.unsuspend)
app.command(epilog=mute.EPILOG, formats=ROWS_WITH_IDS)(mute.mute)
app.command(epilog=unmute.EPILOG, formats=ROWS_WITH_IDS)(unmute.unmute)
app.command(epilog=erase.EPILOG, formats=ROWS)(erase.erase)
