"""The conversation list and the pages of a conversation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from benchmarks.case import Case, side_by_side
from benchmarks.data import identifier
from chatctl.db.connection import Connection, connect
from chatctl.db.roles import act_as, claims_for
from chatctl.local.postgres.server import Server

LIST = "select * from public.get_conversations_with_details(%s)"
PLAN_LIST = "select * from bench.plan_list(%s)"
PAGE = "select * from public.get_messages_page(%s, %s, 50)"
# A client's own query for one page: with a keyset, as in chatctl, or with an offset.
KEYSET = """
select m.id, m.content, m.created_at, m.seq, u.full_name
from public.messages m left join public.user_profiles u on u.id = m.sender_id
where m.conversation_id = %s and m.seq < %s and m.deleted_at is null
order by m.seq desc limit 50
"""
OFFSET = """
select m.id, m.content, m.created_at, m.seq, u.full_name
from public.messages m left join public.user_profiles u on u.id = m.sender_id
where m.conversation_id = %s and m.deleted_at is null
order by m.created_at offset %s limit 50
"""
FIRST, DEEP = 10_001, 51  # pages before this seq: the newest 50 of 10,000 messages, and the oldest 50
BEHIND_5000, BEHIND_10, SHORT = (identifier(2, number) for number in (1, 2, 3))

Query = Callable[[], list[tuple[Any, ...]]]


def cases(server: Server) -> Iterator[Case]:
    """The conversation list, then the pages of a conversation."""
    with _as(server, BEHIND_5000) as much, _as(server, BEHIND_10) as little, _as(server, SHORT) as short:
        yield from _lists(_query(much, LIST), _query(little, LIST), _query(short, LIST), much)
        with connect(server.url) as operator:
            yield from _pages(little, operator)


def _lists(much: Query, little: Query, short: Query, conn: Connection) -> Iterator[Case]:
    plan = _query(conn, PLAN_LIST)
    if much() != plan():
        raise SystemExit("the list and the plan's own list differ, so their times cannot be compared")
    ours, theirs = side_by_side(much, plan, times=7, warm_up=1)
    name = "list of 100 conversations of 10,000 messages: plan's function / ours"
    yield Case(name, theirs, ours, "ms", theirs / ours, ">=", 200)
    yield _within("list: 5,000 unread / 10 unread", much, little)
    yield _within("list: conversations of 10,000 messages / of 100", little, short)


def _pages(conn: Connection, operator: Connection) -> Iterator[Case]:
    at = partial(_page, conn)
    yield _within("page of 50: at depth 9,950 / the first", at(PAGE, DEEP), at(PAGE, FIRST))
    off = _page(operator, PAGE, FIRST)
    yield _within("page of 50: as a participant / above row-level security", at(PAGE, FIRST), off)
    yield _within(
        "page of 50 at depth 9,950: as a participant / above", at(PAGE, DEEP), _page(operator, PAGE, DEEP)
    )
    yield _within(
        "table by keyset: at depth 9,950 / the first", at(KEYSET, DEEP), at(KEYSET, FIRST), bar=None
    )
    off = _page(operator, KEYSET, FIRST)
    yield _within("table by keyset: row-level security on / off", at(KEYSET, FIRST), off, bar=None)
    yield _within("table by offset: 9,950 / 0", at(OFFSET, 9_950), at(OFFSET, 0), bar=None)
    off = _page(operator, OFFSET, 9_950)
    yield _within("table by offset 9,950: row-level security on / off", at(OFFSET, 9_950), off, bar=None)


def _within(name: str, measured: Query, baseline: Query, *, bar: float | None = 1.5) -> Case:
    if len(measured()) != len(baseline()):
        raise SystemExit(f"{name}: the two give different numbers of rows")
    first, second = side_by_side(measured, baseline, times=400, warm_up=10)
    return Case(name, first, second, "ms", first / second, "<=", bar)


@contextmanager
def _as(server: Server, person: str) -> Iterator[Connection]:
    # One transaction for all queries, to compare the queries and not the round trips.
    with connect(server.url_for("authenticator")) as conn, conn.transaction():
        act_as(conn, "authenticated", claims_for(person))
        yield conn


def _query(conn: Connection, statement: str) -> Query:
    row = conn.execute("select private.current_user_id()").fetchone()
    return lambda: conn.execute(statement.encode(), row).fetchall()


def _page(conn: Connection, statement: str, at: int) -> Query:
    values = (identifier(3, 7), at)
    return lambda: conn.execute(statement.encode(), values).fetchall()
