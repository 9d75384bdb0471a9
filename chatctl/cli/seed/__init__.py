"""``chatctl seed``: fill a database with a world, check it, take it away; one module per verb."""

from __future__ import annotations

from chatctl.cli.options import DOCUMENT, ROWS, App
from chatctl.cli.seed import clean, verify, worlds

app = App(
    help="Fill a database with organizations, users, conversations and messages.",
    epilog=worlds.EPILOG,
    formats=DOCUMENT,
    no_args_is_help=False,
    invoke_without_command=True,
)
app.callback()(worlds.seed)
app.command(epilog=worlds.EPILOG, formats=DOCUMENT)(worlds.demo)
app.command(epilog=worlds.PERF_EPILOG, formats=DOCUMENT)(worlds.perf)
app.command("from", epilog=worlds.FROM_EPILOG, formats=DOCUMENT)(worlds.from_file)
app.command(epilog=worlds.SCHEMA_EPILOG, formats=DOCUMENT)(worlds.schema)
app.command(epilog=verify.EPILOG, formats=ROWS)(verify.verify)
app.command(epilog=clean.EPILOG, formats=DOCUMENT)(clean.clean)
