"""``chatctl report``: what users have reported; one module per verb."""

from __future__ import annotations

from chatctl.cli.commands.report import claim, release, resolve, review, show
from chatctl.cli.commands.report import list as listing
from chatctl.cli.options import DOCUMENT, NO_FORMATS, ROWS_WITH_IDS, App

app = App(
    help="Work through what users have reported.",
    epilog="""\b
Examples:
  chatctl report list                                    the queue, oldest first
  chatctl report show 6f1c… --reason 'the queue'         the message in its context, and the people
  chatctl report claim 6f1c… --reason 'the queue'
  chatctl report resolve 6f1c… --verdict upheld --do delete --reason spam
  chatctl report review --reason 'the queue'             one report after another, by single keys

A claimed report is held by one operator: nobody else can claim or resolve it until it is released.
People who report see only whether their report is open, claimed or resolved.

Exit codes: 3 if no report exists, 5 if another operator has claimed or resolved it, 6 if only some could be
acted upon.
""",
)
app.command("list", epilog=listing.EPILOG, formats=ROWS_WITH_IDS)(listing.list_reports)
app.command(epilog=show.EPILOG, formats=DOCUMENT)(show.show)
app.command(epilog=claim.EPILOG, formats=ROWS_WITH_IDS)(claim.claim)
app.command(epilog=release.EPILOG, formats=ROWS_WITH_IDS)(release.release)
app.command(epilog=resolve.EPILOG, formats=ROWS_WITH_IDS)(resolve.resolve)
app.command(epilog=review.EPILOG, formats=NO_FORMATS)(review.review)
