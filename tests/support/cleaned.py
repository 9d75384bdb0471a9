"""The rows that have to stay when a world is deleted, and assertions about them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any
from uuid import UUID

from chatctl.data import data_directory
from chatctl.db.connection import Connection
from chatctl.services.seed import verify
from chatctl.services.seed.clean import Cleaned
from chatctl.services.seed.runs import SeedRun
from tests.support.seeded import (
    Rows,
    Seeded,
    as_user,
    column,
    founder,
    less,
    north,
    rows,
    trio,
    value,
)

CLEAN = data_directory("sql") / "queries/seed/clean"
LEDGER = {"private.seed_runs", "private.seed_chunks"}

KINDS = ("conversation", "organization", "user")

Use = Callable[[Connection], None]
Subjects = set[tuple[str, UUID]]
Reasons = dict[tuple[str, UUID], str]


def reasons_of(cleaned: Cleaned) -> Reasons:
    return {(it.kind, it.id): it.reason for it in cleaned.kept}


def of_ledger(conn: Connection, seed: int = 1) -> set[UUID]:
    statement = "select unnest(conversation_ids) from private.seed_chunks where world = 'small' and seed = %s"
    return set(column(conn, statement, seed))


def counts(conn: Connection, statement: str, values: dict[str, Any]) -> Counter[UUID]:
    return Counter(dict(conn.execute(statement.encode(), values).fetchall()))


# Reasons why users stay because of other rows, in the order of the reasons: counts by user.
HANGS = {
    "takes part in conversations that stay": """
    select user_id, count(*) from conversation_participants
    where conversation_id <> all (%(going)s)
    group by 1
    """,
    "wrote messages that stay": """
    select sender_id, count(*) from messages where conversation_id <> all (%(going)s) group by 1
    """,
    "reacted to messages that stay": """
    select (r ->> 'userId')::uuid, count(*) from messages m, jsonb_array_elements(m.reactions) r
    where conversation_id = any (%(staying)s)
    group by 1
    """,
    "made conversations that stay": """
    select created_by, count(*) from conversations where id <> all (%(going)s) group by 1
    """,
    "owns organizations that stay": """
    select user_id, count(*) from organization_members
    where role = 'owner' and organization_id <> all (%(gone)s)
    group by 1
    """,
}


def all_reasons(conn: Connection, run: SeedRun, reasons: Reasons) -> Reasons:
    """``reasons`` and everything that those rows depend on, each with its reason."""
    kept = [id for kind, id in reasons if kind == "conversation"]
    deleted = list(of_ledger(conn) - set(kept))
    expected = dict(reasons)
    organizations = counts(
        conn,
        "select organization_id, count(*) from conversations where id = any (%(staying)s) group by 1",
        {"staying": kept},
    )
    for id, number in organizations.items():
        expected.setdefault(("organization", id), f"conversations that stay: {number}")
    deleted_organizations = [id for id in run.organization_ids if ("organization", id) not in expected]
    values = {"going": deleted, "staying": kept, "gone": deleted_organizations}
    for reason, statement in HANGS.items():
        for id, number in counts(conn, statement, values).items():
            if id in run.user_ids:
                expected.setdefault(("user", id), f"{reason}: {number}")
    return expected


# Records of what a user has written. They are deleted with the user, even if the seed caused them.
LIMITS = {"private.send_windows", "private.action_windows", "private.departures"}


def assert_only_the_seeds_went(conn: Connection, world: Seeded, before: Rows, used: Rows) -> None:
    """No row of ``used`` that existed before the seed or that users created after ``before`` is deleted."""
    left = rows(conn)
    deleted, created = less(used, left), less(used, before)
    assert less(left, used).keys() <= LEDGER
    for table, lines in deleted.items():
        assert not lines & world.before_seed_1[table]
        assert table in LIMITS or not lines & created.get(table, frozenset())


def assert_it_still_works(conn: Connection, run: SeedRun, conversations: list[UUID]) -> None:
    """Participants of remaining conversations can read and write, and see unread messages."""
    assert verify.verify(conn, run).differences == []
    with conn.transaction(force_rollback=True):
        for conversation in conversations:
            statement = "select user_id from conversation_participants where conversation_id = %s order by 1"
            people = column(conn, statement, conversation)
            for reader in people:
                listed = as_user(conn, reader, "select count(*) from get_messages_page(%s)", conversation)
                assert listed == value(
                    conn,
                    "select least(50, message_count) from conversations where id = %s",
                    conversation,
                )
            unread = "select get_unread_count(%s, %s)"
            unread_before = as_user(conn, people[-1], unread, conversation, people[-1])
            as_user(conn, people[0], "select send_message(%s, 'hello again')", conversation)
            assert as_user(conn, people[-1], unread, conversation, people[-1]) == unread_before + 1
        assert verify.verify(conn, run).differences == []


def of_trio(conn: Connection) -> Subjects:
    return {("conversation", trio(conn))}


def of_north(conn: Connection) -> Subjects:
    return {("organization", north(conn))}


def of_founder(conn: Connection) -> Subjects:
    return {("user", founder(conn))}


def all_of_north(conn: Connection) -> Subjects:
    conversations = column(conn, "select id from conversations where organization_id = %s", north(conn))
    people = column(conn, "select user_id from organization_members where organization_id = %s", north(conn))
    return of_north(conn) | {("conversation", id) for id in conversations} | {("user", id) for id in people}


def all_of_founder(conn: Connection) -> Subjects:
    statement = """
    select conversation_id from conversation_participants where user_id = %(user)s
    union
    select conversation_id from messages where sender_id = %(user)s
    """
    conversations = conn.execute(statement, {"user": founder(conn)}).fetchall()
    return of_founder(conn) | {("conversation", id) for (id,) in conversations}


WRITTEN, CHANGED = "messages written since: 1", "messages changed since: 1"
HELD, RELEASED = "under hold legal-7", "was under hold legal-7"
STARTED, JOINED = "conversations started since: 1", "people who joined since: 1"
