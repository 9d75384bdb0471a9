"""What the verbs of ``chatctl message`` share that change messages."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import typer

from chatctl.cli.apiclient import api_client
from chatctl.cli.guards import confirm_by_name, confirm_write
from chatctl.cli.operating import ids_from, operator_act, show_result
from chatctl.cli.options import Options
from chatctl.cli.output import note
from chatctl.cli.session import Session, session
from chatctl.db.connection import Connection
from chatctl.errors import Invalid
from chatctl.services.moderation import files, messages
from chatctl.services.moderation.messages import MessageVerb

ConfirmOption = Annotated[
    str | None,
    typer.Option(
        "--confirm",
        help="The slug of the messages' organization.",
        metavar="ORGANIZATION",
        show_default=False,
    ),
]
MessagesArgument = Annotated[
    list[str], typer.Argument(metavar="MESSAGE…", help="Ids of messages; - reads them from stdin.")
]


def moderate(
    shared: Options,
    verb: MessageVerb,
    arguments: list[str],
    *,
    reason: str,
    ticket: str | None,
    actor: str | None,
    dry_run: bool,
    confirm: str | None = None,
) -> None:
    """Do ``verb`` to the messages of the arguments, and show what became of each.

    Verbs that cannot be undone must be confirmed with the name of the messages' organization.
    """
    act = operator_act(actor=actor, reason=reason, ticket=ticket)
    ids = ids_from(arguments)
    if not dry_run:
        confirm_write(shared.settings.target, shared, what=f"message {verb} of {len(ids):,}")
    with session(shared) as at:
        if not (verb.can_be_undone or dry_run):
            _confirm(at.conn, verb, ids, confirm)
        result = messages.moderate(
            at.conn, verb, ids, act, dry_run=dry_run, on_wait=lambda why: note(why, shared)
        )
        if not (verb.can_be_undone or dry_run):
            _delete_files(at, shared)
    show_result(result, shared)


def _delete_files(at: Session, shared: Options) -> None:
    with api_client(at.target) as api:
        left = files.delete(at.conn, api, without_storage=at.target.embedded)
    if left:
        note(
            f"{left:,} files are hidden, but not deleted: the target needs api_url and secret_key; "
            "the next redact or purge deletes them",
            shared,
        )


def _confirm(conn: Connection, verb: MessageVerb, ids: list[UUID], given: str | None) -> None:
    slugs = messages.organizations_of(conn, ids)
    if len(slugs) > 1:
        raise Invalid(
            f"these messages belong to {len(slugs)} organizations: {', '.join(slugs)}",
            hint=f"{verb} the messages of one organization at a time",
        )
    for slug in slugs:
        confirm_by_name(slug, given, what=f"message {verb} of {len(ids):,} in {slug}")
