"""``message search`` over 1,000,000 messages, and what its optional index costs those who send and seed."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID

import psycopg

from benchmarks.case import Case, side_by_side
from benchmarks.data import identifier
from benchmarks.seeds import fresh
from benchmarks.sends import MANY, per_second, reset
from chatctl.db.connection import Connection, connect, connection
from chatctl.local.postgres import throwaway
from chatctl.local.postgres.server import Server
from chatctl.services.migrations import migrate
from chatctl.services.moderation import searchindex
from chatctl.services.moderation.operators import OperatorAct
from chatctl.services.moderation.search import search
from chatctl.services.moderation.selectors import MessageSelector
from chatctl.services.seed.loading import load
from chatctl.services.seed.outline import build
from chatctl.services.seed.spec import PERF

ACT = OperatorAct("bench", "measuring")
LIMIT = 200  # milliseconds
TIMES = 9
ROUNDS = 5

SENDER, CONVERSATION = (UUID(identifier(kind, number)) for kind, number in ((2, 1007), (3, 7)))
ORGANIZATION = UUID("00000000-0000-4000-8001-100000000001")
LAST_DAY = datetime(2026, 1, 7, tzinfo=UTC)

# A message is: "Message 4711: shall we look at the figures of conversation 7 tomorrow?"
INDEXED = {
    "a word of every message": MessageSelector(text="figures"),
    "a word of 1 in 10,000 messages": MessageSelector(text="4711"),
    "a word of no message": MessageSelector(text="zebra"),
    "letters of no message, in a language without spaces": MessageSelector(text="会议"),
    "two words": MessageSelector(text="4711 figures"),
    "a word, in an organization": MessageSelector(text="4711", organization_id=ORGANIZATION),
    "a word, of a sender": MessageSelector(text="4711", sender_id=SENDER),
    "a word, since a day": MessageSelector(text="4711", since=LAST_DAY),
    "no text, in an organization": MessageSelector(organization_id=ORGANIZATION),
}
UNINDEXED = {
    "a word, in a conversation": MessageSelector(text="4711", conversation_id=CONVERSATION),
    "a pattern, in a conversation": MessageSelector(regex="4.11:", conversation_id=CONVERSATION),
    "a word, of a sender": MessageSelector(text="4711", sender_id=SENDER),
    "no text, of a sender": MessageSelector(sender_id=SENDER),
    "no text, since a day": MessageSelector(since=LAST_DAY),
}


def cases(server: Server) -> Iterator[Case]:
    """The row of design.md section 8 about searching, each search with the row that it logs."""
    with connect(server.url) as conn:
        yield from _searches(conn, UNINDEXED, "without the index")
        searchindex.create(conn, on_wait=lambda _: None)
        yield from _searches(conn, INDEXED | UNINDEXED, "with the index")
        searchindex.drop(conn, on_wait=lambda _: None)
        yield _cost_of_sends(server, conn)
    yield _cost_of_seeds()


def _searches(conn: Connection, selectors: dict[str, MessageSelector], how: str) -> Iterator[Case]:
    for name, selector in selectors.items():
        taken = []
        for _ in range(TIMES):
            start = time.perf_counter()
            search(conn, selector, ACT, count=51, on_wait=lambda _: None)
            taken.append((time.perf_counter() - start) * 1000)
        median = statistics.median(taken)
        yield Case(f"search {how}: {name} / {LIMIT} ms", median, LIMIT, "ms", median / LIMIT, "<=", 1)


def _cost_of_sends(server: Server, conn: Connection) -> Case:
    rates: dict[bool, list[float]] = {True: [], False: []}
    with psycopg.connect(server.admin_url, autocommit=True) as admin:
        for turn in range(ROUNDS):
            for indexed in (True, False) if turn % 2 else (False, True):
                if indexed:
                    searchindex.create(conn, on_wait=lambda _: None)
                else:
                    searchindex.drop(conn, on_wait=lambda _: None)
                reset(admin)
                rates[indexed].append(per_second(server, "send.pgbench", "authenticator", MANY))
    searchindex.drop(conn, on_wait=lambda _: None)
    with_index, without = (statistics.median(rates[indexed]) for indexed in (True, False))
    return Case(
        "send with the search index / without, 16 clients", with_index, without, "per s", with_index / without
    )


def _cost_of_seeds() -> Case:
    outline = build(PERF)
    with throwaway.server(durable=True) as server:
        with connection(server.url) as conn:
            migrate(conn)

        def seed(*, indexed: bool) -> None:
            with connection(fresh(server, "seeded")) as conn:
                if indexed:
                    searchindex.create(conn, on_wait=lambda _: None)
                load(conn, outline)

        with_index, without = side_by_side(
            lambda: seed(indexed=True), lambda: seed(indexed=False), times=3, warm_up=0
        )
    return Case("seed perf with the search index / without", with_index, without, "ms", with_index / without)
