"""``chatctl conversation``: look at conversations and act on them; one module per verb."""

from __future__ import annotations

from chatctl.cli.commands.conversation import export, lock, repair, show, unlock
from chatctl.cli.commands.conversation import list as listing
from chatctl.cli.options import DOCUMENT, ROWS, ROWS_WITH_IDS, App

app = App(
    help="List, show, export, lock and repair conversations.",
    epilog="""\b
Examples:
  chatctl conversation list --org acme --active-since 7d
  chatctl conversation list --member ann@example.com
  chatctl conversation show support --org acme --reason 'ticket T-91'
  chatctl conversation export support --org acme --out support-2026 --reason 'case 12'
  chatctl conversation lock support --org acme --visible-reason 'closed until Monday' --reason quarrel
  chatctl conversation repair 6f1c… --reason 'unread counts' --dry-run

A conversation is named by id, or by its name or the beginning of it together with --org. `conv` is short for
`conversation`.

Exit codes: 2 if several conversations have that name, 3 if there is no such conversation.
""",
)
app.command("list", epilog=listing.EPILOG, formats=ROWS_WITH_IDS)(listing.list_conversations)
app.command(epilog=show.EPILOG, formats=ROWS_WITH_IDS)(show.show)
app.command(epilog=export.EPILOG, formats=DOCUMENT)(export.export)
app.command(epilog=lock.EPILOG, formats=ROWS_WITH_IDS)(lock.lock)
app.command(epilog=unlock.EPILOG, formats=ROWS_WITH_IDS)(unlock.unlock)
app.command(epilog=repair.EPILOG, formats=ROWS)(repair.repair)
