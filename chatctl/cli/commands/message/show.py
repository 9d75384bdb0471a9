"""``chatctl message show``."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import typer

from chatctl.cli.operating import ActorOption, ReasonOption, TicketOption, WithDeletedOption, operator_act
from chatctl.cli.options import options
from chatctl.cli.output import document_table, note, plain, show_document
from chatctl.cli.session import session
from chatctl.cli.text import ago, labelled
from chatctl.services.moderation.look import conversations, reading, transcript
from chatctl.services.moderation.look.conversations import ConversationSummary
from chatctl.services.moderation.look.transcript import MessageDetails

EPILOG = """\b
Examples:
  chatctl message show 6f1c9d3e-… --reason 'report R-12'
  chatctl message show 6f1c9d3e-… --reason R-12 --with-deleted -o json

The log records that you read it, and why, before it is read. Participants also see what was sent before they
joined. People who have left since are not listed; who read it on whose screen is not known.

Exit codes: 3 if there is no such message.
"""


def show(
    ctx: typer.Context,
    message: Annotated[UUID, typer.Argument(metavar="MESSAGE", help="The id of a message.")],
    reason: ReasonOption,
    with_deleted: WithDeletedOption = False,
    ticket: TicketOption = None,
    actor: ActorOption = None,
) -> None:
    """Show one message and who could see it; the log records it."""
    shared = options(ctx)
    act = operator_act(actor=actor, reason=reason, ticket=ticket)
    # The row of the log is all that is committed; a second one would do no harm.
    with session(shared, watched=True) as at:
        place = transcript.place(at.conn, message)
        reading.log_read(
            at.conn, "message show", [f"message:{message}"], {"with_deleted": with_deleted}, act,
            on_wait=lambda why: note(why, shared),
        )  # fmt: skip
        shown = transcript.details(at.conn, message, with_deleted=with_deleted)
        conversation = conversations.summary(at.conn, place.conversation_id)
    document = {
        **plain(shown.message),
        "conversation": conversation,
        "viewers": shown.viewers,
        "log": shown.log,
    }
    show_document(document, shared, text=_text(shown, conversation))


def _text(shown: MessageDetails, conversation: ConversationSummary) -> str:
    from chatctl.cli.transcript import TranscriptWriter  # noqa: PLC0415 - Rich starts slowly

    message = shown.message
    parts = [
        labelled({
            "message": message.id,
            "conversation": f"{conversation.title} ({conversation.kind} in {conversation.organization})",
            "id": conversation.id,
            "sender": message.sender_id and f"{message.sender_name or ''} <{message.sender_email}>",
            "sent": f"{ago(message.created_at)}, as number {message.seq}",
            "state": message.state,
        }),
        "",
        TranscriptWriter(ids=False).text([message]),
        "",
        _viewers(shown),
    ]  # fmt: skip
    if shown.log:
        columns = ("id", "at", "actor", "action", "reason", "ticket")
        parts += ["", "log", document_table(shown.log, columns, droppable=("ticket",))]
    return "\n".join(parts)


def _viewers(shown: MessageDetails) -> str:
    if not shown.viewers:
        return "nobody takes part any more; who could see it is not known"
    rows = [
        {
            "name": each.name,
            "email": each.email,
            "could_see_it": "when it was sent" if each.at_the_time else f"since {ago(each.could_see_since)}",
            "has_read": each.has_read,
            "note": "" if each.is_member else "no longer a member of the organization",
        }
        for each in shown.viewers
    ]
    columns = ("name", "email", "could_see_it", "has_read", "note")
    title = "participants today; people who have left since are not listed"
    return f"{title}\n{document_table(rows, columns, droppable=('note',))}"
