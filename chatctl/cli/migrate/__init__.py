"""``chatctl migrate``: bring a database to what sql/ says; one module per verb."""

from __future__ import annotations

from chatctl.cli.migrate import drift, files, history, lint, run, status
from chatctl.cli.options import ROWS, ROWS_WITH_IDS, App

app = App(
    help="Bring a database to what sql/ says.",
    epilog=run.EPILOG,
    formats=ROWS,
    no_args_is_help=False,
    invoke_without_command=True,
)
app.callback()(run.migrate)
app.command(epilog=status.EPILOG, formats=ROWS)(status.status)
app.command(epilog=files.NEW_EPILOG, formats=ROWS_WITH_IDS)(files.new)
app.command(epilog=lint.EPILOG, formats=ROWS_WITH_IDS)(lint.lint)
app.command(epilog=drift.EPILOG, formats=ROWS_WITH_IDS)(drift.drift)
app.command(epilog=files.EXPORT_EPILOG, formats=ROWS)(files.export)
app.command(epilog=history.REPAIR_EPILOG, formats=ROWS_WITH_IDS)(history.repair)
app.command(epilog=history.BASELINE_EPILOG, formats=ROWS_WITH_IDS)(history.baseline)
