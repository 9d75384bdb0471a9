"""``chatctl message``: look at messages and act on them; one module per verb."""

from __future__ import annotations

from chatctl.cli.commands.message import delete, index, purge, redact, restore, search, show
from chatctl.cli.options import DOCUMENT, ROWS_WITH_IDS, App

app = App(
    help="Search, show, delete, restore, redact and purge messages.",
    epilog="""\b
Examples:
  chatctl message search 'free coins' --since 7d --reason 'spam report'
  chatctl message show 6f1c… --reason 'report R-12'      the message, and who could see it
  chatctl message delete 6f1c… --reason spam             leave a tombstone; the content is kept
  chatctl message restore 6f1c… --reason 'not spam'      bring it back
  chatctl message redact 6f1c… --reason 'a key' --confirm acme
  chatctl message purge - --reason retention --confirm acme < ids.txt

Each of these writes the log: who, why, what; an act in the same transaction. A message that is so already is
skipped without an entry. `msg` is short for `message`.

Exit codes: 3 if no message exists, 5 if all are held, 6 if only some could be acted upon.
""",
)
app.command(epilog=search.EPILOG, formats=ROWS_WITH_IDS)(search.search)
app.command(epilog=show.EPILOG, formats=DOCUMENT)(show.show)
app.command(epilog=delete.EPILOG, formats=ROWS_WITH_IDS)(delete.delete)
app.command(epilog=restore.EPILOG, formats=ROWS_WITH_IDS)(restore.restore)
app.command(epilog=redact.EPILOG, formats=ROWS_WITH_IDS)(redact.redact)
app.command(epilog=purge.EPILOG, formats=ROWS_WITH_IDS)(purge.purge)
app.add_typer(index.app, name="index")
