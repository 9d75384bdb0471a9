"""``chatctl conversation show``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

import typer

from chatctl.cli import moments, output, streams
from chatctl.cli.naming import ConversationArgument, conversation_named
from chatctl.cli.operating import (
    ActorOption,
    OrganizationOption,
    ReasonOption,
    TicketOption,
    WithDeletedOption,
    operator_act,
)
from chatctl.cli.options import Formats, Options, OutputFormat, options
from chatctl.cli.output import note
from chatctl.cli.session import session
from chatctl.cli.text import count
from chatctl.db.connection import Connection
from chatctl.errors import Invalid, NotFound
from chatctl.formats.escaping import line
from chatctl.services.moderation.look import conversations, reading, transcript
from chatctl.services.moderation.look.conversations import ConversationSummary
from chatctl.services.moderation.look.transcript import SeqRange, TranscriptMessage

COLUMNS = (
    "id", "seq", "created_at", "sender_id", "sender_name", "state", "content", "attachments", "reactions",
)  # fmt: skip
FOLLOWING: Formats = frozenset({OutputFormat.table, OutputFormat.plain, OutputFormat.ndjson, OutputFormat.id})
_POLL = 1.0  # seconds
_MISSING_SHOWN = 20
_NO_END = 2**62  # no seq is so high
EPILOG = """\b
Examples:
  chatctl conversation show support --org acme --reason 'T-91: insults'
  chatctl conversation show 0b7e5c2a-… --reason T-91 --around 6f1c9d3e-… --ids
  chatctl conversation show 0b7e5c2a-… --reason T-91 --since 7d --with-deleted -o json
  chatctl conversation show 0b7e5c2a-… --reason T-91 --follow

The log records that you read it, and why, before anything is read. Times are UTC. In the transcript, - marks
a deleted message, x one whose content is gone for good. -o json and -o ndjson have all fields.

Exit codes: 2 if a name is ambiguous, 3 if there is no such conversation or message, 130 for Ctrl-C.
"""

Emit = Callable[[Sequence[TranscriptMessage]], None]


def show(
    ctx: typer.Context,
    conversation: ConversationArgument,
    reason: ReasonOption,
    org: OrganizationOption = None,
    with_deleted: WithDeletedOption = False,
    around: Annotated[
        UUID | None,
        typer.Option(
            "--around", help="Only what is around this message.", metavar="MESSAGE", show_default=False
        ),
    ] = None,
    since: Annotated[
        datetime | None,
        typer.Option(
            "--since",
            parser=moments.past,
            help=f"Only from then on: {moments.HELP}.",
            metavar="TIME",
            show_default=False,
        ),
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option(
            "--until", parser=moments.past, help="Only before then.", metavar="TIME", show_default=False
        ),
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", help="Maximum number of messages, the last ones.", min=1, max=10_000)
    ] = 50,
    cursor: Annotated[
        int | None,
        typer.Option(
            "--cursor", help="Show what is before this one.", metavar="SEQ", min=1, show_default=False
        ),
    ] = None,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Then show new messages as they are sent.")
    ] = False,
    ids: Annotated[bool, typer.Option("--ids", help="Print the ids of messages in the transcript.")] = False,
    ticket: TicketOption = None,
    actor: ActorOption = None,
) -> None:
    """Show a conversation as a transcript; the log records it."""
    shared = options(ctx, formats=FOLLOWING if follow else None)
    act = operator_act(actor=actor, reason=reason, ticket=ticket)
    if around is not None and (since or until or cursor):
        raise Invalid("--around cannot be combined with --since, --until or --cursor")
    if follow and (around or until or cursor):
        raise Invalid("--follow cannot be combined with --around, --until or --cursor")
    if since is not None and until is not None and since >= until:
        raise Invalid("--since is not before --until")
    # The row of the log is all that is committed; a second one would do no harm.
    with session(shared, watched=True) as at:
        named = conversation_named(at.conn, conversation, org)
        seq = _seq_in(at.conn, around, named.id) if around is not None else None
        reading.log_read(
            at.conn, "conversation show", [f"conversation:{named.id}"],
            {
                "with_deleted": with_deleted, "around": _text(around), "since": _text(since),
                "until": _text(until), "cursor": cursor, "limit": limit, "follow": follow,
            },
            act, on_wait=lambda why: note(why, shared),
        )  # fmt: skip
        view = _view(at.conn, named.id, since, until, with_deleted=with_deleted)
        wanted = _wanted(view.whole, seq, cursor, limit)
        messages = view.read(wanted)
        emit = _emitter(view, shared, ids=ids)
        emit(messages)
        _footer(view, wanted, messages, shared, around=around is not None)
        if follow:
            note("following; Ctrl-C ends it", shared)
            _follow(view, view.whole.end_seq, emit)


@dataclass(frozen=True)
class _View:
    """The conversation that is shown, and which of its messages there are."""

    conn: Connection
    summary: ConversationSummary
    whole: SeqRange
    with_deleted: bool

    def read(self, wanted: SeqRange) -> list[TranscriptMessage]:
        return transcript.messages(self.conn, self.summary.id, wanted, with_deleted=self.with_deleted)


def _view(
    conn: Connection,
    conversation_id: UUID,
    since: datetime | None,
    until: datetime | None,
    *,
    with_deleted: bool,
) -> _View:
    return _View(
        conn,
        conversations.summary(conn, conversation_id),
        transcript.bounds(conn, conversation_id, since=since, until=until),
        with_deleted,
    )


def _seq_in(conn: Connection, message_id: UUID, conversation_id: UUID) -> int:
    place = transcript.place(conn, message_id)
    if place.conversation_id != conversation_id:
        raise NotFound(
            f"message {message_id} is not in this conversation",
            hint=f"it is in conversation {place.conversation_id}",
        )
    return place.seq


def _wanted(whole: SeqRange, seq: int | None, cursor: int | None, limit: int) -> SeqRange:
    if seq is not None:
        return whole.around(seq, limit)
    return (whole.before(cursor) if cursor is not None else whole).last(limit)


def _text(value: UUID | datetime | None) -> str | None:
    return None if value is None else str(value)


def _emitter(view: _View, shared: Options, *, ids: bool) -> Emit:
    """A function that writes messages in the chosen format, batch after batch."""
    chosen = output.chosen_format(shared)
    if chosen is OutputFormat.table:
        from chatctl.cli.transcript import TranscriptWriter  # noqa: PLC0415 - Rich starts slowly

        writer = TranscriptWriter(ids=ids)
        output.show_text(_title(view.summary))
        return lambda messages: output.show_text(writer.text(messages)) if messages else None
    if chosen in (OutputFormat.json, OutputFormat.yaml):
        return lambda messages: output.show_document(
            {"conversation": view.summary, "total": len(view.whole), "messages": messages}, shared, text=""
        )
    headed = [False]

    def emit(messages: Sequence[TranscriptMessage]) -> None:
        output.show(messages, shared, columns=COLUMNS, header=not headed[0])
        headed[0] = headed[0] or bool(messages)

    return emit


def _title(summary: ConversationSummary) -> str:
    return (
        f"{line(summary.title or 'nobody')} · {summary.kind} in {summary.organization} · "
        f"{count(summary.participants, 'participant')} · {count(summary.messages, 'message')}\n{summary.id}\n"
        + (f"locked: {line(summary.lock_reason or '')}\n" if summary.locked_at else "")
    )


def _footer(
    view: _View, wanted: SeqRange, messages: list[TranscriptMessage], shared: Options, *, around: bool
) -> None:
    if not view.whole:
        note("no messages", shared)
    elif len(wanted) < len(view.whole):
        earlier = wanted.first_seq > view.whole.first_seq and not around
        more = f"; earlier: --cursor {wanted.first_seq}" if earlier else ""
        note(f"showing {len(wanted):,} of {count(len(view.whole), 'message')}{more}", shared)
    missing = sorted(set(range(wanted.first_seq, wanted.end_seq)) - {each.seq for each in messages})
    if missing:
        listed = ", ".join(
            [*map(str, missing[:_MISSING_SHOWN]), *(["…"] if missing[_MISSING_SHOWN:] else [])]
        )
        which = f"message {listed} is" if len(missing) == 1 else f"messages {listed} are"
        note(f"{which} missing without a record of a purge", shared)


def _follow(view: _View, next_seq: int, emit: Emit) -> None:
    """Emit new messages, about once a second, until the reader of stdout goes away."""
    while not streams.reader_leaves_within(_POLL):
        messages = view.read(SeqRange(next_seq, _NO_END))
        if messages:
            next_seq = messages[-1].seq + 1
            emit(messages)
