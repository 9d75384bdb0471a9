"""``chatctl message search``."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

import typer

from chatctl.cli.operating import ActorOption, ReasonOption, TicketOption, operator_act
from chatctl.cli.options import options
from chatctl.cli.output import note, show
from chatctl.cli.paging import LIMIT, LimitOption
from chatctl.cli.selecting import SelectionOptions, with_filters
from chatctl.cli.session import session
from chatctl.services.moderation import search as searching
from chatctl.services.moderation.search import MessageHit
from chatctl.services.moderation.selectors import HitPosition

COLUMNS = ("id", "created_at", "sender", "conversation", "excerpt")
EPILOG = """\b
Examples:
  chatctl message search 'free coins' --org acme --since 7d --reason 'spam report' --ticket T-91
  chatctl message search --sender ann@example.com --has-link --reason T-91
  chatctl message search --conversation 6f1c… --regex 'coins?\\b' --reason T-91
  chatctl message search 'free coins' --since 2h --reason spam -o id | chatctl message delete - --reason spam

A message is found if it contains all words of the text, in any order; Chinese, Japanese, Thai and emoji are
found within other text. The search is logged before it is made, with a hash of the text. Over many messages,
a text needs an index, see `chatctl message index`, or --conversation, --sender or --since.

Exit codes: 2 if no filter is given, a name is ambiguous or too much would be read; 3 if a name is not found.
"""


def _position(text: str) -> HitPosition:
    moment, _, message_id = text.partition("/")
    try:
        at = datetime.fromisoformat(moment)
        return HitPosition(at if at.tzinfo else at.replace(tzinfo=UTC), UUID(message_id))
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a cursor of an earlier search") from None


def _cursor(hit: MessageHit) -> str:
    return f"{hit.created_at.astimezone(UTC).isoformat().replace('+00:00', 'Z')}/{hit.id}"


@with_filters
def search(
    ctx: typer.Context,
    selection: SelectionOptions,
    reason: ReasonOption,
    text: Annotated[
        str | None,
        typer.Argument(metavar="TEXT", help="Words that the message contains.", show_default=False),
    ] = None,
    ticket: TicketOption = None,
    actor: ActorOption = None,
    limit: LimitOption = LIMIT,
    cursor: Annotated[
        HitPosition | None,
        typer.Option(
            parser=_position, help="Continue an earlier search.", metavar="CURSOR", show_default=False
        ),
    ] = None,
) -> None:
    """Search messages by text, sender, time and more; the newest first."""
    shared = options(ctx)
    act = operator_act(actor=actor, reason=reason, ticket=ticket)
    wanted = selection.with_text(text)
    wanted.check()
    with session(shared) as at:
        hits = searching.search(
            at.conn,
            wanted.resolve(at.conn),
            act,
            after=cursor,
            count=limit + 1,
            on_wait=lambda why: note(why, shared),
        )
    show(hits[:limit], shared, columns=COLUMNS, droppable=("conversation", "created_at"))
    if len(hits) > limit:
        note(f"showing {limit:,}, and there are more; next: --cursor {_cursor(hits[limit - 1])}", shared)
    elif not hits:
        note("no messages found", shared)
