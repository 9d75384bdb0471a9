"""``chatctl migrate``: apply sql/ to a database; one module per verb."""

from __future__ import annotations

from chatctl.cli.commands.migrate import baseline, drift, export, lint, migrate, new, repair, status
from chatctl.cli.options import ROWS, ROWS_WITH_IDS, App

app = App(
    help="Apply sql/ to a database.",
    epilog=migrate.EPILOG,
    formats=ROWS,
    no_args_is_help=False,
    invoke_without_command=True,
)
app.callback()(migrate.migrate)
app.command(epilog=status.EPILOG, formats=ROWS)(status.status)
app.command(epilog=new.EPILOG, formats=ROWS_WITH_IDS)(new.new)
app.command(epilog=lint.EPILOG, formats=ROWS_WITH_IDS)(lint.lint)
app.command(epilog=drift.EPILOG, formats=ROWS_WITH_IDS)(drift.drift)
app.command(epilog=export.EPILOG, formats=ROWS)(export.export)
app.command(epilog=repair.EPILOG, formats=ROWS_WITH_IDS)(repair.repair)
app.command(epilog=baseline.EPILOG, formats=ROWS_WITH_IDS)(baseline.baseline)
