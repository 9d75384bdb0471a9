"""``chatctl migrate``: bring a database to what sql/ says; one module per verb."""

from __future__ import annotations

from chatctl.cli.migrate import drift, files, history, lint, run, status
from chatctl.cli.options import App

app = App(
    help="Bring a database to what sql/ says.",
    epilog=run.EPILOG,
    no_args_is_help=False,
    invoke_without_command=True,
)
app.callback()(run.migrate)
app.command(epilog=status.EPILOG)(status.status)
app.command(epilog=files.NEW_EPILOG)(files.new)
app.command(epilog=lint.EPILOG)(lint.lint)
app.command(epilog=drift.EPILOG)(drift.drift)
app.command(epilog=files.EXPORT_EPILOG)(files.export)
app.command(epilog=history.REPAIR_EPILOG)(history.repair)
app.command(epilog=history.BASELINE_EPILOG)(history.baseline)
