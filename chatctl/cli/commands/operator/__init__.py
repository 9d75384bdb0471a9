"""``chatctl operator``: the database roles that operators log in with; one module per verb."""

from __future__ import annotations

from chatctl.cli.commands.operator import grant, revoke
from chatctl.cli.commands.operator import list as listing
from chatctl.cli.options import ROWS_WITH_IDS, App

app = App(
    help="Choose the database roles that operators log in with.",
    epilog="""\b
Examples:
  chatctl operator grant ann --reason 'on call' --yes
  chatctl operator list
  chatctl operator revoke ann --reason 'left the team' --yes

An operator's role can call the functions and read the views of schema moderation, and nothing else: no table,
no other schema, no other role. So every change that it makes is in the log, together with the role. Run these
commands as the role that runs `chatctl migrate`.
""",
)
app.command(epilog=grant.EPILOG, formats=ROWS_WITH_IDS)(grant.grant)
app.command(epilog=revoke.EPILOG, formats=ROWS_WITH_IDS)(revoke.revoke)
app.command("list", epilog=listing.EPILOG, formats=ROWS_WITH_IDS)(listing.list_roles)
