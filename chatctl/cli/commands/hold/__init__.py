"""``chatctl hold``: protect messages from being redacted, purged or erased; one module per verb."""

from __future__ import annotations

from chatctl.cli.commands.hold import create, release, show
from chatctl.cli.commands.hold import list as listing
from chatctl.cli.options import ROWS_WITH_IDS, App

app = App(
    help="Protect messages from being redacted, purged or erased.",
    epilog="""\b
Examples:
  chatctl hold create legal-7 --org acme --reason 'a lawsuit' --ticket L-7
  chatctl hold create legal-8 --user ann@example.com --reason 'a lawsuit'
  chatctl hold list
  chatctl hold release legal-7 --reason 'settled' --confirm legal-7

A hold is on an organization, a conversation or a user. While it is active, nobody can redact or purge the
messages, erase the people who wrote them, or delete what the hold is on: the database refuses, whatever
program tries. People can still delete their own messages; an operator can restore these.
""",
)
app.command(epilog=create.EPILOG, formats=ROWS_WITH_IDS)(create.create)
app.command("list", epilog=listing.EPILOG, formats=ROWS_WITH_IDS)(listing.list_holds)
app.command(epilog=show.EPILOG, formats=ROWS_WITH_IDS)(show.show)
app.command(epilog=release.EPILOG, formats=ROWS_WITH_IDS)(release.release)
