"""``chatctl job``: acts on many messages, in batches; one module per verb."""

from __future__ import annotations

from chatctl.cli.commands.job import cancel, resume, show, undo
from chatctl.cli.commands.job import list as listing
from chatctl.cli.options import DOCUMENT, ROWS_WITH_IDS, App

app = App(
    help="Show, resume, cancel and undo acts on many messages.",
    epilog="""\b
Examples:
  chatctl job list
  chatctl job resume 6f1c…                       continue after an interruption
  chatctl job cancel 6f1c… --reason 'too many'   leave the rest as it is
  chatctl job undo 6f1c… --reason 'not spam'     restore what it deleted

An act on more than 500 messages, and every `chatctl apply`, is a job: it commits in batches, each with one
row in the log, and none twice.
""",
)
app.command("list", epilog=listing.EPILOG, formats=ROWS_WITH_IDS)(listing.list_jobs)
app.command(epilog=show.EPILOG, formats=DOCUMENT)(show.show)
app.command(epilog=resume.EPILOG, formats=ROWS_WITH_IDS)(resume.resume)
app.command(epilog=cancel.EPILOG, formats=ROWS_WITH_IDS)(cancel.cancel)
app.command(epilog=undo.EPILOG, formats=ROWS_WITH_IDS)(undo.undo)
