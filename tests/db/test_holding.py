"""Nobody blocks a conversation: a refused request takes no lock, and a long request is canceled."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb

from chatctl.data import data_directory
from chatctl.db.connection import Connection, connect
from tests.support.waiting import waiting
from tests.support.world import World

SEND = """
insert into messages (organization_id, conversation_id, sender_id, content, attachments, reactions)
values (%(organization)s, %(conversation)s, %(sender)s, %(content)s, %(attachments)s, %(reactions)s)
"""
CALL = "select send_message(%(conversation)s, %(content)s, %(attachments)s)"


def _attachment(**more: object) -> dict[str, object]:
    return {"id": "a", "name": "a.png", "type": "image/png", "size": 1, "url": "x", **more}


def _reactions(user: object, size: int = 1, emoji: str = "hm") -> Jsonb:
    return Jsonb([{"userId": str(user), "emoji": f"{emoji}{number}"} for number in range(size)])


@pytest.fixture
def scene(world: World) -> dict[str, Any]:
    organization, people = world.team(3)
    return {
        "organization": organization,
        "conversation": world.group(organization, *people),
        "sender": people[0],
        "other": people[1],
        "content": "hi",
        "attachments": None,
        "reactions": Jsonb([]),
    }


@contextmanager
def _everything_held(world: World, scene: dict[str, Any]) -> Iterator[Connection]:
    """Another session locks the sender's turn and the conversation; requests have a short lock timeout."""
    world.operator.execute(
        "insert into private.send_windows select id from user_profiles on conflict do nothing"
    )
    with (
        world.database.connect() as holder,
        holder.transaction(force_rollback=True),
        world.database.connect("authenticator") as conn,
    ):
        holder.execute("select from private.send_windows where user_id = %s for update", (scene["sender"],))
        holder.execute("select from conversations where id = %s for update", (scene["conversation"],))
        conn.execute("set lock_timeout = '100ms'")
        yield conn


# Invalid messages and their SQLSTATE; the first ones for send_message, too.
REFUSED: dict[str, tuple[dict[str, object], str]] = {
    "too long": ({"content": "x" * 4001}, "23514"),
    "empty": ({"content": " \n"}, "23514"),
    "six files": ({"attachments": Jsonb([_attachment()] * 6)}, "23514"),
    "a file too large": ({"attachments": Jsonb([_attachment(size=10485761)])}, "23514"),
    "a file with more keys": ({"attachments": Jsonb([_attachment(more=1)])}, "23514"),
    "a long id": ({"attachments": Jsonb([_attachment(id="x" * 12_000)])}, "23514"),
    "somebody else's reaction": ({"reactions": _reactions(uuid4())}, "42501"),
    "too many reactions": ({"reactions": "21 of one's own"}, "PT400"),
    "a long reaction": ({"reactions": "one's own, of 40 characters"}, "23514"),
    "another organization": ({"organization": uuid4()}, "42501"),
    "another sender": ({"sender": "other"}, "42501"),
    "no sender": ({"sender": None}, "42501"),
    "no conversation": ({"conversation": uuid4()}, "42501"),
}
BY_CALL = [name for name, (change, _) in REFUSED.items() if {"content", "attachments"} & set(change)]


def _values(scene: dict[str, Any], name: str) -> dict[str, object]:
    values = scene | REFUSED[name][0]
    if name == "too many reactions":
        values["reactions"] = _reactions(scene["sender"], 21)
    elif name == "a long reaction":
        values["reactions"] = _reactions(scene["sender"], emoji="x" * 40)
    elif name == "another sender":
        values["sender"] = scene["other"]
    return values


@pytest.mark.parametrize(
    ("statement", "name"),
    [*((SEND, name) for name in REFUSED), *((CALL, name) for name in BY_CALL)],
    ids=lambda it: {SEND: "insert", CALL: "send_message"}.get(it, it),
)
def test_an_invalid_message_is_refused_without_a_lock(
    world: World, scene: dict[str, Any], statement: str, name: str
) -> None:
    with (
        _everything_held(world, scene) as conn,
        pytest.raises(psycopg.Error) as refused,
        world.acting(scene["sender"], conn=conn),
    ):
        conn.execute(statement.encode(), _values(scene, name))

    assert refused.value.sqlstate == REFUSED[name][1]


@pytest.mark.parametrize("statement", [SEND, CALL], ids=["insert", "send_message"])
def test_a_sender_over_the_limit_is_refused_without_a_lock(
    world: World, scene: dict[str, Any], statement: str
) -> None:
    for _ in range(10):
        world.send(scene["sender"], scene["conversation"])

    with (
        _everything_held(world, scene) as conn,
        pytest.raises(psycopg.Error, match="Rate limit exceeded"),
        world.acting(scene["sender"], conn=conn),
    ):
        conn.execute(statement.encode(), scene)


@pytest.mark.parametrize(
    ("statement", "sqlstate"), [(SEND, "42501"), (CALL, "PT403")], ids=["insert", "send_message"]
)
def test_a_suspended_sender_is_refused_without_a_lock(
    world: World, scene: dict[str, Any], statement: str, sqlstate: str
) -> None:
    world.operator.execute(
        "insert into private.suspensions (user_id, reason) values (%s, 'spam')",
        (scene["sender"],),
    )

    with (
        _everything_held(world, scene) as conn,
        pytest.raises(psycopg.Error) as refused,
        world.acting(scene["sender"], conn=conn),
    ):
        conn.execute(statement.encode(), scene)

    assert refused.value.sqlstate == sqlstate


# A write that counts against each of these limits.
COUNTED_WRITES = {
    "conversation": """
    insert into conversations (organization_id, created_by) values (%(organization)s, %(sender)s)
    """,
    "add": """
    insert into conversation_participants (conversation_id, user_id) values (%(conversation)s, %(other)s)
    """,
    "mark": "update conversation_participants set is_muted = true where user_id = %(sender)s",
    "remove": "delete from conversation_participants where user_id = %(other)s",
    "profile": "update user_profiles set full_name = 'x' where id = %(sender)s",
    "report": """
    insert into message_reports (message_id, reporter_id, kind) values (gen_random_uuid(), %(sender)s, 'spam')
    """,
    "upload": """
    insert into storage.objects (bucket_id, name)
    select 'attachments', format('%%s/chat/%%s/%%s_a', %(organization)s, %(conversation)s, gen_random_uuid())
    """,
}


@pytest.mark.parametrize("action", COUNTED_WRITES)
def test_a_user_over_another_limit_is_refused_without_a_lock(
    world: World, scene: dict[str, Any], action: str
) -> None:
    world.operator.execute(
        "insert into private.action_windows (user_id, action, at, amount) "
        "select %s, action, array[now()], array[allowed] from private.limits where action = %s "
        "on conflict (user_id, action) do update set at = excluded.at, amount = excluded.amount",
        (scene["sender"], action),
    )

    with (
        _everything_held(world, scene) as conn,
        pytest.raises(psycopg.Error, match="Rate limit exceeded"),
        world.acting(scene["sender"], conn=conn),
    ):
        conn.execute(COUNTED_WRITES[action].encode(), scene)


texts = st.one_of(st.none(), st.text(" \n\tx\u00a0", max_size=6), st.integers(3995, 4005).map("x".__mul__))
changes = [("size", 10485760), ("size", 10485761), ("name", ""), ("name", "x" * 256), ("url", None)]
several: st.SearchStrategy[Any] = st.sampled_from(
    [None, [], {}, "x", [1], [[]], *([_attachment()] * size for size in (1, 5, 6))]
    + [[_attachment(**{key: value})] for key, value in changes]
)


@settings(
    max_examples=300,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(content=texts, files=several)
def test_early_refusals_match_those_of_the_constraints(
    world: World, content: str | None, files: object
) -> None:
    """The rules are defined twice, in refuse_message and on the table, and must be the same."""
    values = (content, None if files is None else Jsonb(files))
    early = _constraint(world.operator, "select private.refuse_message(%s, %s)", *values)
    with world.operator.transaction(force_rollback=True):
        world.operator.execute("set local session_replication_role = replica")
        late = _constraint(
            world.operator,
            "insert into messages (organization_id, conversation_id, content, attachments, seq) "
            "values (gen_random_uuid(), gen_random_uuid(), %s, %s, 1)",
            *values,
        )

    assert (early is None) == (late is None)


def _constraint(conn: Connection, statement: str, *values: object) -> str | None:
    try:
        with conn.transaction():
            conn.execute(statement.encode(), values)
    except psycopg.errors.CheckViolation as refused:
        return refused.diag.constraint_name
    return None


# The whole request, as PostgREST runs it --------------------------------------------------------------------

HOOK = "select chat_hooks.before_request()"


# The timeouts set by the hook, read by the statement that calls it; afterwards none of them is active.
TIMEOUTS = """
select set_config('statement_timeout', %s, true), chat_hooks.before_request(),
  current_setting('statement_timeout'), current_setting('chat.longest_hold', true),
  set_config('statement_timeout', '0', true)
"""


@pytest.mark.parametrize(
    ("role", "read_only", "before", "after"),
    [
        ("authenticated", False, "8s", "900ms"),
        ("authenticated", False, "0", "900ms"),
        ("authenticated", False, "300ms", "300ms"),
        ("authenticated", True, "8s", "8s"),
        ("service_role", False, "8s", "8s"),
        ("anon", False, "3s", "3s"),
    ],
)
def test_the_hook_shortens_the_writes_of_users(
    world: World, pg_version: int, role: str, read_only: bool, before: str, after: str
) -> None:
    with world.database.connect("authenticator") as conn, conn.transaction():
        conn.execute(f"set transaction {'read only' if read_only else 'read write'}".encode())
        conn.execute("select set_config('role', %s, true)", (role,))
        (_, _, timeout, hold, _) = conn.execute(TIMEOUTS, (before,)).fetchone() or ("",) * 5

    writes = role == "authenticated" and not read_only
    assert timeout == after
    assert hold == ("400ms" if writes and pg_version >= 17 else None)


# A statement that locks something, and a statement of somebody else that needs it.
LOCKING_WRITES = {
    "a message": (f"{SEND} returning id", "select mark_conversation_read(%(conversation)s)"),
    "a name": (
        "update conversations set name = 'x' where id = %(conversation)s returning id",
        "select mark_conversation_read(%(conversation)s)",
    ),
    "a reaction": (
        "update messages set reactions = %(reactions)s where id = %(message)s returning id",
        "update messages set content = 'edited' where id = %(message)s",
    ),
    "a removal": (
        "delete from conversation_participants where user_id = %(other)s returning id",
        "update conversation_participants set is_muted = true where user_id = %(other)s",
    ),
    "a star": (
        "update conversation_participants set is_starred = true where user_id = %(sender)s returning id",
        "update conversation_participants set is_muted = true where user_id = %(other)s",
    ),
    "a deletion": (
        "update messages set deleted_at = now() where id = %(mine)s returning id",
        "select toggle_reaction(%(mine)s, 'hm')",
    ),
}


@pytest.mark.parametrize("name", LOCKING_WRITES)
def test_a_long_query_is_cancelled_and_others_continue(
    world: World, scene: dict[str, Any], pg_version: int, name: str
) -> None:
    scene["message"] = world.send(scene["other"], scene["conversation"])
    scene["mine"] = world.send(scene["sender"], scene["conversation"])
    writes, needs = LOCKING_WRITES[name]
    endless = f"with written as ({writes}) select count(*), pg_sleep(60) from written"

    with (
        world.database.connect("authenticator") as slow,
        pytest.raises(psycopg.Error) as cut_off,
        world.acting(scene["sender"], conn=slow),
    ):
        if pg_version >= 17:  # a timeout of the project itself is already active
            slow.execute("set local transaction_timeout = '90s'")
        slow.execute(HOOK)
        if pg_version >= 17:  # there, only the limit for holding locks ends it
            slow.execute("set local statement_timeout = 0")
        slow.execute(endless.encode(), scene)

    # PostgreSQL 16 cancels the statement, 18 ends the transaction.
    assert cut_off.value.sqlstate == ("57014" if pg_version == 16 else "25P04")
    with world.acting(scene["other"]) as conn:
        conn.execute(needs.encode(), scene)
    assert world.fact("select count(*) from messages where deleted_at is null") == 2


@pytest.mark.parametrize("name", [*LOCKING_WRITES, "send_message"])
def test_the_time_limit_starts_when_a_lock_is_held(
    world: World, scene: dict[str, Any], pg_version: int, name: str
) -> None:
    scene["message"] = world.send(scene["other"], scene["conversation"])
    scene["mine"] = world.send(scene["sender"], scene["conversation"])
    statement = CALL if name == "send_message" else LOCKING_WRITES[name][0]
    limit = "select current_setting('transaction_timeout', true)"

    with world.acting(scene["sender"]) as conn:
        conn.execute(TIMEOUTS, ("8s",))
        if pg_version >= 17:
            conn.execute("set local chat.longest_hold = '50s'")
        before = conn.execute(limit).fetchone()
        conn.execute(statement.encode(), scene)
        after = conn.execute(limit).fetchone()

    assert (before, after) == ((("0",), ("50s",)) if pg_version >= 17 else ((None,), (None,)))


def test_the_time_limit_does_not_run_while_a_send_waits(
    world: World, scene: dict[str, Any], pg_version: int
) -> None:
    scene["mine"] = world.send(scene["sender"], scene["conversation"])

    with world.database.connect() as holder, world.acting(scene["sender"]) as conn:
        if pg_version >= 17:
            conn.execute("set local chat.longest_hold = '1s'")
        conn.execute("update messages set content = 'edited' where id = %(mine)s", scene)
        with holder.transaction():
            holder.execute("select from conversations where id = %(conversation)s for update", scene)
            with waiting(conn, lambda: conn.execute(SEND.encode(), scene), world.operator) as sent:
                holder.execute("select pg_sleep(1.2)")
                holder.execute("commit; begin")
                sent.result()

    assert world.fact("select count(*) from messages") == 2


def test_postgrest_calls_the_hook_if_the_role_may_configure_it(world: World) -> None:
    text = (data_directory("sql") / "objects/access/chat_hooks.sql").read_text(encoding="utf-8")
    setting = """
    select unnest(s.setconfig) from pg_db_role_setting s
    join pg_database d on d.oid = s.setdatabase
    where s.setrole = 'authenticator'::regrole and d.datname = current_database()
    """
    assert world.fact(setting) is None  # postgres may not set it here

    with connect(world.database.server.url_for("supabase_admin", world.database.name)) as superuser:
        superuser.execute(text.encode())

    assert world.fact(setting) == "pgrst.db_pre_request=chat_hooks.before_request"


def test_anon_may_use_the_schema_of_the_hook_and_nothing_else_of_ours(world: World) -> None:
    assert world.rows(None, HOOK, role="anon") == [("",)]
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="schema private"):
        world.rows(None, "select private.current_user_id()", role="anon")
