"""``chatctl audit-rls``: check the access rules by impersonating users."""

from __future__ import annotations

from chatctl.cli.commands.audit_rls import audit_rls, schema
from chatctl.cli.options import DOCUMENT, ROWS_WITH_IDS, App

app = App(
    help="Check the access rules by impersonating users.",
    epilog=audit_rls.EPILOG,
    formats=ROWS_WITH_IDS,
    no_args_is_help=False,
    invoke_without_command=True,
)
app.callback()(audit_rls.audit_rls)
app.command(epilog=schema.EPILOG, formats=DOCUMENT)(schema.schema)
