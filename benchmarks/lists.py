"""``conversation list`` and ``user list``: the thousandth page against the first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from benchmarks.case import Case, side_by_side
from chatctl.db.connection import Connection, connection
from chatctl.local.postgres import throwaway
from chatctl.local.postgres.server import Server
from chatctl.services.migrations import migrate
from chatctl.services.moderation.look import conversations, users
from chatctl.services.moderation.look.conversations import ConversationFilter
from chatctl.services.moderation.look.reading import Page

PAGE = 50  # rows
DEPTH = 1_000  # pages
TIMES = 15

ROWS = f"""
set session_replication_role = replica;
insert into public.organizations (name, slug) values ('Bench', 'bench');
insert into public.user_profiles (id, email, full_name, created_at)
select
  gen_random_uuid(), format('person%s@bench.test', n), format('Person %s', n), now() - n * '1 min'::interval
from generate_series(1, {PAGE * (DEPTH + 1)}) as n;
insert into public.organization_members (organization_id, user_id)
select o.id, u.id from public.organizations o cross join public.user_profiles u;
insert into public.conversations (organization_id, name, is_group, created_at, updated_at)
select o.id, format('Conversation %s', n), true, now() - n * '1 min'::interval, now() - n * '1 min'::interval
from generate_series(1, {PAGE * (DEPTH + 1)}) as n cross join public.organizations o;
insert into public.conversation_participants (conversation_id, user_id)
select c.id, u.id
from public.conversations c cross join lateral (select id from public.user_profiles order by id limit 3) as u;
analyze;
"""

List = Callable[[str | None, int], Page[Any]]


def cases(_: Server) -> Iterator[Case]:
    """A list of 50,050 rows, read by pages of 50."""
    with throwaway.server() as server, connection(server.url) as conn:
        migrate(conn)
        with connection(server.admin_url) as admin:
            admin.execute(ROWS.encode())
        for name, rows in _lists(conn).items():
            deep = rows(None, PAGE * (DEPTH - 1)).cursor
            if len(rows(deep, PAGE).rows) < PAGE:
                raise SystemExit(f"{name} has too few rows")
            last, first = side_by_side(
                lambda rows=rows, deep=deep: rows(deep, PAGE),  # type: ignore[misc]
                lambda rows=rows: rows(None, PAGE),  # type: ignore[misc]
                times=TIMES,
            )
            yield Case(
                f"{name}: page {DEPTH:,} of {PAGE} / the first", last, first, "ms", last / first, "<=", 1.5
            )


def _lists(conn: Connection) -> dict[str, List]:
    return {
        "conversation list": lambda cursor, limit: conversations.listed(
            conn, ConversationFilter(), cursor=cursor, limit=limit
        ),
        "user list": lambda cursor, limit: users.listed(
            conn, organization_id=None, suspended=False, cursor=cursor, limit=limit
        ),
    }
