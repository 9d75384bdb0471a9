"""``chatctl participant``: who takes part in a conversation; one module per verb."""

from __future__ import annotations

from chatctl.cli.commands.participant import list_participants
from chatctl.cli.options import ROWS_WITH_IDS, App

app = App(
    help="List who takes part in a conversation.",
    epilog="""\b
Examples:
  chatctl participant list support --org acme
""",
)
app.command("list", epilog=list_participants.EPILOG, formats=ROWS_WITH_IDS)(
    list_participants.list_participants
)


@app.callback()
def participant() -> None:
    """Keeps `list` a word of its own: an app with a single command has no words."""
