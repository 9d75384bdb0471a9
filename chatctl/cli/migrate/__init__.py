"""``chatctl migrate``: bring a database to what sql/ says; one module per verb."""

from __future__ import annotations

from chatctl.cli.migrate.run import migrate
from chatctl.cli.migrate.status import status
from chatctl.cli.options import App

EPILOG = """\b
Examples:
  chatctl migrate                     run what is pending, in one transaction
  chatctl migrate --dry-run           run it, show what ran, and roll back
  chatctl migrate status              what is applied, pending, edited or missing
  chatctl migrate status --check      exit 7 when anything is pending (for CI)
"""

app = App(
    help="Bring a database to what sql/ says.",
    epilog=EPILOG,
    no_args_is_help=False,
    invoke_without_command=True,
)
app.callback()(migrate)
app.command()(status)
