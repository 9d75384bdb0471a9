"""``chatctl seed``: fill a database with a world, verify it, remove it; one module per verb."""

from __future__ import annotations

from chatctl.cli.commands.seed import clean, demo, from_file, perf, schema, seed, verify
from chatctl.cli.options import DOCUMENT, ROWS, App

app = App(
    help="Fill a database with organizations, users, conversations and messages.",
    epilog=seed.EPILOG,
    formats=DOCUMENT,
    no_args_is_help=False,
    invoke_without_command=True,
)
app.callback()(seed.seed)
app.command(epilog=demo.EPILOG, formats=DOCUMENT)(demo.demo)
app.command(epilog=perf.EPILOG, formats=DOCUMENT)(perf.perf)
app.command("from", epilog=from_file.EPILOG, formats=DOCUMENT)(from_file.from_file)
app.command(epilog=schema.EPILOG, formats=DOCUMENT)(schema.schema)
app.command(epilog=verify.EPILOG, formats=ROWS)(verify.verify)
app.command(epilog=clean.EPILOG, formats=DOCUMENT)(clean.clean)
