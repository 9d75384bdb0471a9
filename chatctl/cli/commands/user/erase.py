"""``chatctl user erase``."""

from __future__ import annotations

from typing import Annotated

import typer

from chatctl.cli.commands.message.moderating import delete_waiting_files
from chatctl.cli.commands.user.restricting import UserArgument
from chatctl.cli.guards import confirm_by_name, confirm_write
from chatctl.cli.operating import ActorOption, DryRunOption, ReasonOption, TicketOption, operator_act
from chatctl.cli.options import options
from chatctl.cli.output import note, show_document, table
from chatctl.cli.session import session
from chatctl.services.moderation import erasure, names
from chatctl.services.moderation.erasure import ErasureResult, MessagesOfErased

COLUMNS = ("table", "rows", "becomes")
EPILOG = """\b
Examples:
  chatctl user erase ann@example.com --messages keep --reason request --dry-run   what there is
  chatctl user erase ann@example.com --messages keep --reason request --confirm ann@example.com

keep leaves the messages as they are, without a sender. anonymize also masks the user's name, address and
id in them, and deletes their files. delete removes what they say; tombstones without a sender stay.
The files are deleted from Storage after that, if the target has api_url and secret_key.

The user is deleted with the sign-in, memberships, reactions and read positions, in one transaction that
cannot be undone. The log keeps a pseudonym that leads to nobody. What others wrote about the user stays.

Exit codes: 2 if it is not confirmed or several users have that name, 3 if there is no such user, 5 if
anything of theirs is held.
"""


def erase(
    ctx: typer.Context,
    user: UserArgument,
    messages: Annotated[
        MessagesOfErased,
        typer.Option("--messages", help="What becomes of the user's messages.", show_default=False),
    ],
    reason: ReasonOption,
    ticket: TicketOption = None,
    actor: ActorOption = None,
    confirm: Annotated[
        str | None,
        typer.Option("--confirm", help="The email of the user.", metavar="NAME", show_default=False),
    ] = None,
    dry_run: DryRunOption = False,
) -> None:
    """Delete a user, and everything that tells of them."""
    shared = options(ctx)
    act = operator_act(actor=actor, reason=reason, ticket=ticket)
    if not dry_run:
        confirm_write(shared.settings.target, shared, what=f"user erase of {user}")
    with session(shared) as at:
        named = names.user(at.conn, user)
        note(f"user {named.name}", shared)
        if not dry_run:
            if confirm is None:  # to be read before the name is typed, also with -q
                preview = erasure.erase(
                    at.conn, named.id, messages, act, dry_run=True, on_wait=lambda why: note(why, shared)
                )
                typer.echo(_table(preview), err=True)
            confirm_by_name(erasure.name_to_confirm(at.conn, named.id), confirm, what="user erase")
        result = erasure.erase(
            at.conn, named.id, messages, act, dry_run=dry_run, on_wait=lambda why: note(why, shared)
        )
        show_document(result, shared, text=_text(result), rows=result.inventory, columns=COLUMNS)
        if not dry_run and messages is not MessagesOfErased.keep:
            delete_waiting_files(at, shared)
    if dry_run:
        note("rolled back; nothing was changed", shared)


def _table(result: ErasureResult) -> str:
    return table([vars(each) for each in result.inventory], COLUMNS)


def _text(result: ErasureResult) -> str:
    ending = "(dry run)" if result.dry_run else f"action {result.action_id}"
    return f"user.erase, messages: {result.messages}, {ending}\n{_table(result)}"
