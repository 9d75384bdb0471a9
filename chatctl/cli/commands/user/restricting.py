"""What the verbs of ``chatctl user`` share that restrict users."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from chatctl.cli import moments
from chatctl.cli.naming import conversation_named
from chatctl.db.connection import Connection
from chatctl.services.moderation import names
from chatctl.services.moderation.names import NamedThing

UserArgument = Annotated[
    str, typer.Argument(metavar="USER", help="An id, an email, or the beginning of the name.")
]
UntilOption = Annotated[
    datetime | None,
    typer.Option(
        "--until",
        parser=moments.future,
        help=f"When it ends by itself: {moments.HELP}.",
        metavar="TIME",
        show_default=False,
    ),
]
VisibleReasonOption = Annotated[
    str | None,
    typer.Option(
        "--visible-reason",
        help="What the user is told; without it, nothing.",
        metavar="TEXT",
        show_default=False,
    ),
]


def place_of(
    conn: Connection, org: str | None, conversation: str | None
) -> tuple[NamedThing | None, NamedThing | None, str]:
    """The organization or the conversation of a mute, never both, and what to call it."""
    if conversation is not None:
        named = conversation_named(conn, conversation, org)
        return None, named, f"in {named.name}"
    if org is not None:
        organization = names.organization(conn, org)
        return organization, None, f"in {organization.name}"
    return None, None, "everywhere"
