"""``chatctl message search``: the messages of a selector, newest first, with the words around each hit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import psycopg
from psycopg.rows import class_row, dict_row
from psycopg.types.json import Jsonb

from chatctl.db.connection import Connection
from chatctl.db.files import query
from chatctl.db.sqlstate import reason
from chatctl.errors import Invalid, Unavailable
from chatctl.services.moderation import transaction
from chatctl.services.moderation.excerpts import excerpt
from chatctl.services.moderation.operators import OperatorAct
from chatctl.services.moderation.selectors import HitPosition, MessageSelector

if TYPE_CHECKING:
    from chatctl.services.moderation.selection import ComposedQuery, SearchTerms

# Messages whose content is read without an index and without a filter that bounds them: about a second.
SCANNED_AT_MOST = 200_000
TIMEOUT = 60  # seconds, for a pattern that is too slow or filters that pass too much


@dataclass(frozen=True)
class MessageHit:
    """A message that passes the filters; ``excerpt`` is the part of its content around the first hit."""

    id: UUID
    created_at: datetime
    deleted_at: datetime | None
    organization_id: UUID
    conversation_id: UUID
    conversation: str
    sender_id: UUID | None
    sender: str | None
    excerpt: str
    content: str | None
    attachments: Any


def search(
    conn: Connection,
    selector: MessageSelector,
    act: OperatorAct,
    *,
    after: HitPosition | None = None,
    count: int,
    on_wait: Callable[[str], None],
) -> list[MessageHit]:
    """At most ``count`` hits after a position, newest first; that they are read is logged first.

    Raises Invalid for a selector whose search would read too many messages, and for a bad pattern.
    """
    from chatctl.services.moderation.selection import hits, newest_hits  # noqa: PLC0415 - SQLAlchemy

    terms = search_terms(conn, selector)
    require_bounded(conn, selector, terms)
    log_search(conn, "message search", selector, act, on_wait=on_wait)
    found: list[MessageHit] = []
    with reading(conn):
        if terms is not None and terms.indexed:
            found = _hits(conn, newest_hits(selector, terms, after=after, count=count), terms)
        if len(found) < count:
            found = _hits(conn, hits(selector, terms, after=after, count=count), terms)
    return found


def _hits(conn: Connection, composed: ComposedQuery, terms: SearchTerms | None) -> list[MessageHit]:
    parts = terms.parts if terms else ()
    with conn.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(composed.statement, composed.parameters)
        return [
            MessageHit(excerpt=excerpt(row["content"] or "", [*parts, row.pop("matched") or ""]), **row)
            for row in rows
        ]


def search_terms(conn: Connection, selector: MessageSelector) -> SearchTerms | None:
    """What a message must contain to match the text of ``selector``; None without a text."""
    from chatctl.services.moderation.selection import SearchTerms  # noqa: PLC0415 - SQLAlchemy

    if selector.text is None:
        return None
    parameters = {"text": selector.text, "deleted": selector.deleted}
    with transaction.migrated(), conn.cursor(row_factory=class_row(SearchTerms)) as cursor:
        return cursor.execute(query("moderation/search_terms"), parameters).fetchone()


def require_bounded(conn: Connection, selector: MessageSelector, terms: SearchTerms | None) -> None:
    """Raise Invalid if the content of too many messages would be read without an index.

    The planner estimates how many.
    """
    from chatctl.services.moderation.selection import plan_of_scan  # noqa: PLC0415 - SQLAlchemy

    unindexed = selector.has_link if terms is None else not terms.indexed
    if not unindexed or selector.is_bounded:
        return
    composed = plan_of_scan(selector)
    with transaction.migrated():
        row = conn.execute(composed.statement, composed.parameters).fetchone()
    messages = int(row[0][0]["Plan"]["Plan Rows"]) if row else 0
    if messages > SCANNED_AT_MOST:
        raise Invalid(
            f"this search would read about {messages:,} messages, because no index finds what it looks for",
            hint="add --conversation, --sender or --since"
            + ("" if terms is None else "; `chatctl message index create` makes an index of words"),
        )


def log_search(
    conn: Connection,
    command: str,
    selector: MessageSelector,
    act: OperatorAct,
    *,
    on_wait: Callable[[str], None],
) -> None:
    """Log that the messages of ``selector`` are about to be read, with a hash of the text."""
    logged = selector.log_parameters
    parameters = {
        **logged, "arguments": Jsonb(logged["arguments"]), "command": command, **act.parameters
    }  # fmt: skip
    transaction.run(conn, "log_search", parameters, dry_run=False, on_wait=on_wait)


@contextmanager
def reading(conn: Connection) -> Iterator[None]:
    """A read-only transaction with one snapshot for the statements of a selector.

    Raises Invalid for a bad pattern, Unavailable if a statement takes longer than ``TIMEOUT``.
    """
    try:
        with transaction.migrated(), conn.transaction():
            conn.execute("set transaction isolation level repeatable read, read only")
            conn.execute("select set_config('statement_timeout', %s, true)", (f"{TIMEOUT}s",))
            yield
    except psycopg.errors.InvalidRegularExpression as error:
        raise Invalid(f"--regex: {reason(error)}") from None
    except psycopg.errors.QueryCanceled as error:
        raise Unavailable(
            f"the search was stopped after {TIMEOUT} s",
            hint="narrow it with --conversation, --sender or --since",
        ) from error
