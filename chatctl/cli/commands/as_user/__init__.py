"""``chatctl as USER -- COMMAND…``: what a user sees; one module per command that can follow."""

from __future__ import annotations

from typing import Annotated

import typer
import typer.main

from chatctl.cli.commands.as_user import (
    conversation_list,
    conversation_show,
    message_show,
    org_list,
    participant_list,
    user_list,
)
from chatctl.cli.commands.as_user.viewing import ViewRequest, set_view_request
from chatctl.cli.operating import ActorOption, ReasonOption, TicketOption, operator_act
from chatctl.cli.options import DOCUMENT, ROWS_WITH_IDS, App, options
from chatctl.errors import Invalid

# By their words; the usage is shown when another command is requested.
COMMANDS = {
    ("org", "list"): "org list",
    ("user", "list"): "user list",
    ("conversation", "list"): "conversation list",
    ("conversation", "show"): "conversation show CONVERSATION",
    ("participant", "list"): "participant list CONVERSATION",
    ("message", "show"): "message show MESSAGE",
}
EPILOG = """\b
Examples:
  chatctl as ann@example.com --reason 'cannot see the group' -- conversation list
  chatctl as ann@example.com --reason T-77 -- conversation show support --limit 20
  chatctl as ann@example.com --reason T-77 -- message show 6f1c… -o json
  chatctl as ann@example.com --compare ben@example.com --reason T-77 -- conversation list

Reads in a read-only transaction with role authenticated and the claims of the user's access token, through
the same tables and functions as the client. That needs a role that can become authenticated, as the owner
can. Not covered are what a custom access token hook adds to the claims, Storage, Realtime and Edge Functions.
The log records it before anything is read.

Exit codes: 2 for any other command, 3 if there is no such user or the user does not see the thing, 4 if the
database role cannot act as a user.
"""

app = App(no_args_is_help=False)


@app.command(epilog=EPILOG, formats=ROWS_WITH_IDS, usage="USER --reason TEXT -- COMMAND…")
def as_user(
    ctx: typer.Context,
    user: Annotated[str, typer.Argument(help="The user, by id, email, or the beginning of the name.")],
    command: Annotated[
        list[str], typer.Argument(metavar="COMMAND", help=f"One of: {', '.join(COMMANDS.values())}.")
    ],
    reason: ReasonOption,
    compare: Annotated[
        str | None,
        typer.Option(
            "--compare",
            help="Show what only one of the two users sees.",
            metavar="USER",
            show_default=False,
        ),
    ] = None,
    ticket: TicketOption = None,
    actor: ActorOption = None,
) -> None:
    """Show what a user sees; read-only, and recorded in the log."""
    options(ctx)
    act = operator_act(actor=actor, reason=reason, ticket=ticket)
    if tuple(command[:2]) not in COMMANDS:
        raise Invalid(
            f"`{' '.join(command)}` cannot be run as a user",
            hint="\n".join(["possible are:", *COMMANDS.values()]),
        )
    set_view_request(ctx, ViewRequest(user, compare, act))
    group = typer.main.get_command(_commands)
    # Not as a child of ``ctx``, whose usage would contain all arguments of this command.
    with group.make_context("chatctl as USER --", list(command), obj=ctx.obj) as inner:
        inner.meta.update(ctx.meta)
        group.invoke(inner)


_commands = App(help="What can be run as a user.")


def _group(noun: str, help: str) -> App:
    group = App(help=help)
    # A callback keeps Typer from collapsing a group with a single command.
    group.callback()(lambda: None)
    _commands.add_typer(group, name=noun)
    return group


_group("org", "Organizations that the user can read.").command(
    "list", epilog=org_list.EPILOG, formats=ROWS_WITH_IDS
)(org_list.list_organizations)
_group("user", "Users that the user can read.").command(
    "list", epilog=user_list.EPILOG, formats=ROWS_WITH_IDS
)(user_list.list_users)
_conversation = _group("conversation", "Conversations of the user.")
_conversation.command("list", epilog=conversation_list.EPILOG, formats=ROWS_WITH_IDS)(
    conversation_list.list_conversations
)
_conversation.command("show", epilog=conversation_show.EPILOG, formats=ROWS_WITH_IDS)(conversation_show.show)
_group("participant", "Participants of conversations that the user can read.").command(
    "list", epilog=participant_list.EPILOG, formats=ROWS_WITH_IDS
)(participant_list.list_participants)
_group("message", "Messages that the user can read.").command(
    "show", epilog=message_show.EPILOG, formats=DOCUMENT
)(message_show.show)
