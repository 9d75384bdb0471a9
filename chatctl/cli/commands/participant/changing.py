"""What the verbs of ``chatctl participant`` share that change participants."""

from __future__ import annotations

from typing import Annotated

import typer

from chatctl.cli.guards import confirm_write
from chatctl.cli.naming import conversation_named
from chatctl.cli.operating import operator_act, show_result
from chatctl.cli.options import Options
from chatctl.cli.output import note
from chatctl.cli.session import session
from chatctl.services.moderation import names, participants
from chatctl.services.moderation.participants import ParticipantVerb

UsersArgument = Annotated[
    list[str], typer.Argument(metavar="USER", help="Ids, emails, or beginnings of names.")
]


def change(
    shared: Options,
    verb: ParticipantVerb,
    conversation: str,
    users: list[str],
    *,
    org: str | None,
    reason: str,
    ticket: str | None,
    actor: str | None,
    dry_run: bool,
) -> None:
    """Add or remove the users, and show what became of each."""
    act = operator_act(actor=actor, reason=reason, ticket=ticket)
    if not dry_run:
        confirm_write(shared.settings.target, shared, what=f"participant {verb} of {len(users):,}")
    with session(shared) as at:
        named = conversation_named(at.conn, conversation, org)
        note(f"conversation {named.name} {named.id}", shared)
        ids = [names.user(at.conn, user).id for user in users]
        result = participants.change(
            at.conn, verb, named.id, ids, act, dry_run=dry_run, on_wait=lambda why: note(why, shared)
        )
    show_result(result, shared)
