"""SQL for a MessageSelector, composed with SQLAlchemy Core and run by psycopg.

This is the only module that imports SQLAlchemy, which takes 0.2 s: import it where a selector is run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    DateTime,
    FromClause,
    Select,
    TableClause,
    Text,
    Uuid,
    and_,
    bindparam,
    case,
    cast,
    column,
    func,
    literal_column,
    or_,
    select,
    table,
    tuple_,
)
from sqlalchemy.dialects.postgresql import JSONB, TSQUERY
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from chatctl.services.moderation.selectors import HitPosition, MessageSelector

# The newest messages are searched first, in the order of time: if the text is frequent, they contain a page
# of hits. A text that is less frequent has few entries in the index of words.
NEWEST = 10_000

_DIALECT = PGDialect_psycopg()  # type: ignore[no-untyped-call]


def _messages_view(name: str) -> TableClause:
    return table(
        name,
        *(column(each, Uuid) for each in ("id", "organization_id", "conversation_id", "sender_id")),
        column("content", Text),
        column("attachments", JSONB),
        *(column(each, DateTime(timezone=True)) for each in ("created_at", "deleted_at")),
        schema="moderation",
    )


_LIVE = _messages_view("live_messages")
_DELETED = _messages_view("deleted_messages")
_USERS = table(
    "users", column("id", Uuid), column("full_name", Text), column("email", Text), schema="moderation"
)
_REPORTS = table("reports", column("message_id", Uuid), schema="moderation")
_CONVERSATIONS = table("conversations", column("id", Uuid), column("name", Text), schema="moderation")


@dataclass(frozen=True)
class SearchTerms:
    """What a message must contain: ``words`` as a tsquery, if there are any, and ``parts`` in any case.

    ``indexed`` tells whether an index finds the words.
    """

    words: str | None
    parts: Sequence[str]
    indexed: bool


@dataclass(frozen=True)
class ComposedQuery:
    """A statement and its parameters, for ``psycopg.Connection.execute``."""

    statement: str
    parameters: dict[str, Any]


def newest_hits(
    selector: MessageSelector, terms: SearchTerms, *, after: HitPosition | None, count: int
) -> ComposedQuery:
    """At most ``count`` hits among the newest messages that pass the other filters."""
    messages = _messages(selector)
    newest = (
        _newest_first(select(*messages.c).where(_filters(messages, selector, after)), messages)
        .limit(NEWEST)
        .subquery("newest")
    )
    return _page(select(*newest.c).where(_matches(newest, terms)), newest, selector, count)


def hits(
    selector: MessageSelector, terms: SearchTerms | None, *, after: HitPosition | None, count: int
) -> ComposedQuery:
    """At most ``count`` hits."""
    messages = _messages(selector)
    conditions = _filters(messages, selector, after)
    if terms is not None:
        conditions = and_(conditions, _matches(messages, terms))
    if terms is None or not terms.indexed:
        return _page(select(*messages.c).where(conditions), messages, selector, count)
    # Without this CTE, the planner may hope to find enough hits in the order of time.
    found = (
        select(messages.c.id, messages.c.created_at)
        .where(conditions)
        .cte("found")
        .prefix_with("materialized")
    )
    first = _newest_first(select(found.c.id), found).limit(count).subquery("first")
    return _page(select(*messages.c).join(first, first.c.id == messages.c.id), messages, selector, count)


def all_ids(selector: MessageSelector, terms: SearchTerms | None) -> ComposedQuery:
    """The ids of all messages of the selector, oldest first."""
    messages = _messages(selector)
    statement = select(messages.c.id).where(_filters(messages, selector, None))
    if terms is not None:
        statement = statement.where(_matches(messages, terms))
    return _compiled(statement.order_by(messages.c.created_at, messages.c.id))


def plan_of_scan(selector: MessageSelector) -> ComposedQuery:
    """The plan of reading all messages that pass the filters that do not read their content."""
    messages = _messages(selector)
    scan = _compiled(select(messages.c.id).where(_filters(messages, selector, None, reads_content=False)))
    return ComposedQuery("explain (format json) " + scan.statement, scan.parameters)


def _messages(selector: MessageSelector) -> FromClause:
    return _DELETED if selector.deleted else _LIVE


def _filters(
    messages: FromClause, selector: MessageSelector, after: HitPosition | None, *, reads_content: bool = True
) -> ColumnElement[bool]:
    c = messages.c
    conditions: list[ColumnElement[bool]] = []
    for name in ("organization_id", "conversation_id", "sender_id"):
        if (value := getattr(selector, name)) is not None:
            conditions.append(c[name] == value)
    if selector.since is not None:
        conditions.append(c.created_at >= selector.since)
    if selector.until is not None:
        conditions.append(c.created_at < selector.until)
    if selector.reported:
        conditions.append(c.id.in_(select(_REPORTS.c.message_id)))
    if after is not None:
        # The first condition alone, for the statistics of the planner.
        conditions.append(c.created_at <= after.created_at)
        conditions.append(
            tuple_(c.created_at, c.id)
            < tuple_(
                bindparam(None, after.created_at, DateTime(timezone=True)), bindparam(None, after.id, Uuid)
            )
        )
    if reads_content:
        conditions += _content_filters(c, selector)
    return and_(True, *conditions)


def _content_filters(c: Any, selector: MessageSelector) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if selector.has_attachment:
        conditions.append(func.coalesce(c.attachments, cast("[]", JSONB)) != cast("[]", JSONB))
    if selector.has_link:
        # The first condition costs a tenth of the second, and few messages pass it.
        conditions.append(or_(c.content.contains("://"), c.content.contains("www.")))
        conditions.append(c.content.regexp_match(r"(\w://|\mwww\.)\S"))
    if selector.regex is not None:
        conditions.append(c.content.regexp_match(selector.regex, flags="i"))
    return conditions


def _matches(messages: FromClause, terms: SearchTerms) -> ColumnElement[bool]:
    content = messages.c.content
    # Cheaper than the words, and what they match passes it.
    conditions: list[ColumnElement[bool]] = [content.icontains(part, autoescape=True) for part in terms.parts]
    if terms.words is not None:
        words = func.moderation.search_words(content)
        conditions.append(words.op("@@")(cast(terms.words, TSQUERY)))
    return and_(True, *conditions)


def _newest_first(statement: Select[Any], messages: FromClause) -> Select[Any]:
    return statement.order_by(messages.c.created_at.desc(), messages.c.id.desc())


def _page(
    statement: Select[Any], messages: FromClause, selector: MessageSelector, count: int
) -> ComposedQuery:
    page = _newest_first(statement, messages).limit(count).subquery("page")
    with_names = (
        select(
            page.c.id, page.c.created_at, page.c.deleted_at, page.c.organization_id, page.c.conversation_id,
            case(
                (_CONVERSATIONS.c.name.is_(None), literal_column("'direct conversation'")),
                else_=_CONVERSATIONS.c.name,
            ).label("conversation"),
            page.c.sender_id,
            func.coalesce(_USERS.c.full_name, _USERS.c.email).label("sender"),
            page.c.content,
            page.c.attachments,
            # Null without a pattern.
            func.regexp_substr(page.c.content, cast(selector.regex, Text), 1, 1, "i").label("matched"),
        )
        .select_from(page)
        .outerjoin(_USERS, _USERS.c.id == page.c.sender_id)
        .outerjoin(_CONVERSATIONS, _CONVERSATIONS.c.id == page.c.conversation_id)
    )  # fmt: skip
    return _compiled(_newest_first(with_names, page))


def _compiled(statement: Select[Any]) -> ComposedQuery:
    compiled = statement.compile(dialect=_DIALECT)
    return ComposedQuery(str(compiled), dict(compiled.params))
