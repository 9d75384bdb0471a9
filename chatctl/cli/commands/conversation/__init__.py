"""``chatctl conversation``: act on conversations; one module per verb."""

from __future__ import annotations

from chatctl.cli.commands.conversation import lock, repair, unlock
from chatctl.cli.options import ROWS, ROWS_WITH_IDS, App

app = App(
    help="Lock and repair conversations.",
    epilog="""\b
Examples:
  chatctl conversation lock support --org acme --visible-reason 'closed until Monday' --reason quarrel
  chatctl conversation unlock support --org acme --reason 'it is Monday'
  chatctl conversation repair 6f1c… --reason 'unread counts' --dry-run

A conversation is named by id, or by its name or the beginning of it together with --org.

Exit codes: 2 if several conversations have that name, 3 if there is no such conversation.
""",
)
app.command(epilog=lock.EPILOG, formats=ROWS_WITH_IDS)(lock.lock)
app.command(epilog=unlock.EPILOG, formats=ROWS_WITH_IDS)(unlock.unlock)
app.command(epilog=repair.EPILOG, formats=ROWS)(repair.repair)
