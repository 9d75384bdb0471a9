"""``chatctl hold create``."""

from __future__ import annotations

from typing import Annotated

import typer

from chatctl.cli.guards import confirm_write
from chatctl.cli.naming import conversation_named
from chatctl.cli.operating import (
    ActorOption,
    ConversationOption,
    DryRunOption,
    OrganizationOption,
    ReasonOption,
    TicketOption,
    UserOption,
    operator_act,
    show_result,
)
from chatctl.cli.options import options
from chatctl.cli.output import note
from chatctl.cli.session import session
from chatctl.db.connection import Connection
from chatctl.errors import Invalid
from chatctl.services.moderation import holds, names
from chatctl.services.moderation.holds import HoldSubject
from chatctl.services.moderation.names import NamedThing

EPILOG = """\b
Examples:
  chatctl hold create legal-7 --org acme --reason 'a lawsuit' --ticket L-7
  chatctl hold create legal-8 --org acme --conversation support --reason 'a lawsuit'
  chatctl hold create legal-9 --user ann@example.com --reason 'a lawsuit'

Exit codes: 3 if what it is on does not exist, 5 if there is a hold of that name.
"""


def create(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="The name of the hold; the log keeps it.")],
    reason: ReasonOption,
    org: OrganizationOption = None,
    conversation: ConversationOption = None,
    user: UserOption = None,
    ticket: TicketOption = None,
    actor: ActorOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Create a hold on an organization, a conversation or a user."""
    shared = options(ctx)
    act = operator_act(actor=actor, reason=reason, ticket=ticket)
    if not name.strip():
        raise Invalid("the name of the hold is empty")
    if (conversation is not None) + (user is not None) + (org is not None and conversation is None) != 1:
        raise Invalid("a hold is on one of --org, --conversation and --user")
    if not dry_run:
        confirm_write(shared.settings.target, shared, what=f"hold create {name}")
    with session(shared) as at:
        subject, named = _subject(at.conn, org, conversation, user)
        note(f"{subject} {named.name}", shared)
        result = holds.create(
            at.conn, name, subject, named.id, act, dry_run=dry_run, on_wait=lambda why: note(why, shared)
        )
    show_result(result, shared)


def _subject(
    conn: Connection, org: str | None, conversation: str | None, user: str | None
) -> tuple[HoldSubject, NamedThing]:
    if user is not None:
        return HoldSubject.user, names.user(conn, user)
    if conversation is not None:
        return HoldSubject.conversation, conversation_named(conn, conversation, org)
    assert org is not None  # noqa: S101 - create has checked that one is given
    return HoldSubject.organization, names.organization(conn, org)
