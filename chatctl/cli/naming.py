"""How commands name a conversation: by id, or by name together with ``--org``."""

from __future__ import annotations

from typing import Annotated

import typer

from chatctl.db.connection import Connection
from chatctl.services.moderation import names
from chatctl.services.moderation.names import NamedThing

ConversationArgument = Annotated[
    str,
    typer.Argument(
        metavar="CONVERSATION",
        help="A conversation, by id, or by name together with --org.",
        show_default=False,
    ),
]


def conversation_named(conn: Connection, text: str, org: str | None) -> NamedThing:
    """The conversation that ``text`` and ``--org`` name. Raises NotFound or Invalid."""
    organization = names.organization(conn, org) if org is not None else None
    return names.conversation(conn, text, organization=organization)
