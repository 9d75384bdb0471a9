"""``chatctl participant``: who takes part in a conversation; one module per verb."""

from __future__ import annotations

from chatctl.cli.commands.participant import add, remove
from chatctl.cli.commands.participant import list as listing
from chatctl.cli.options import ROWS_WITH_IDS, App

app = App(
    help="List, add and remove participants of conversations.",
    epilog="""\b
Examples:
  chatctl participant list support --org acme
  chatctl participant add support ann@example.com ben@example.com --org acme --reason 'a new shift'
  chatctl participant remove support ann@example.com --org acme --reason 'the wrong group'

Exit codes: 3 if there is no such conversation or user, 5 if nobody can be added, 6 if only some can.
""",
)
app.command("list", epilog=listing.EPILOG, formats=ROWS_WITH_IDS)(listing.list_participants)
app.command(epilog=add.EPILOG, formats=ROWS_WITH_IDS)(add.add)
app.command(epilog=remove.EPILOG, formats=ROWS_WITH_IDS)(remove.remove)
