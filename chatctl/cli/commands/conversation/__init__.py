"""``chatctl conversation``: conversations; one module per verb."""

from __future__ import annotations

from chatctl.cli.commands.conversation import list_conversations, show
from chatctl.cli.options import ROWS_WITH_IDS, App

app = App(
    help="List conversations and read them.",
    epilog="""\b
Examples:
  chatctl conversation list --org acme --active-since 7d
  chatctl conversation list --member ann@example.com
  chatctl conversation show support --org acme --reason 'ticket T-91'

`conv` is short for `conversation`.
""",
)
app.command("list", epilog=list_conversations.EPILOG, formats=ROWS_WITH_IDS)(
    list_conversations.list_conversations
)
app.command(epilog=show.EPILOG, formats=ROWS_WITH_IDS)(show.show)
