"""``chatctl log``: what operators did and read; one module per verb."""

from __future__ import annotations

from chatctl.cli.commands.log import export, show, verify
from chatctl.cli.commands.log import list as listing
from chatctl.cli.options import DOCUMENT, ROWS, ROWS_WITH_IDS, App

app = App(
    help="Read and verify the log of what operators did and read.",
    epilog="""\b
Examples:
  chatctl log list --since 7d
  chatctl log list --user ann@example.com
  chatctl log show 42
  chatctl log export log.ndjson && chatctl log verify --since log.ndjson

Each row names the actor, the database role that was logged in, the reason and what was acted upon, and
contains the hash of the row before it. Users stand in it by a pseudonym, which is forgotten when the user is
erased.
""",
)
app.command("list", epilog=listing.EPILOG, formats=ROWS_WITH_IDS)(listing.list_entries)
app.command(epilog=show.EPILOG, formats=DOCUMENT)(show.show)
app.command(epilog=verify.EPILOG, formats=ROWS)(verify.verify)
app.command(epilog=export.EPILOG, formats=DOCUMENT)(export.export)
