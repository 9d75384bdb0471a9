"""Removing a world: exactly the rows that were seeded, but nothing that users have created since."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

from psycopg.rows import namedtuple_row

from chatctl.db.blockers import Blocker
from chatctl.db.connection import Connection
from chatctl.db.files import query, sql_statement
from chatctl.db.patience import LOCK_TIMEOUT, limit_lock_waits, retry_lock_timeouts
from chatctl.services.seed import lock, paths
from chatctl.services.seed.runs import SeedRun

if TYPE_CHECKING:
    from supabase import Client

PATIENCE = 10.0  # seconds to wait for locks


@dataclass(frozen=True)
class Kept:
    """A seeded row that is kept, and why: rows created by users depend on it."""

    kind: Literal["conversation", "organization", "user"]
    id: UUID
    name: str
    reason: str


@dataclass(frozen=True)
class Cleaned:
    """The number of removed rows by table, and the rows that were kept."""

    world: str
    seed: int
    removed: dict[str, int]
    kept: list[Kept]
    dry_run: bool


@dataclass(frozen=True)
class _Plan:
    """What to remove and what to keep. ``messages`` counts seeded messages in each kept conversation."""

    conversations: list[UUID]
    organizations: list[UUID]
    users: list[UUID]
    kept: list[Kept]
    messages: list[int]

    def kept_ids(self, kind: str) -> list[UUID]:
        return [it.id for it in self.kept if it.kind == kind]


def clean(
    conn: Connection,
    run: SeedRun,
    *,
    api: Client | None = None,
    dry_run: bool = False,
    on_wait: Callable[[str], None] = lambda why: None,
) -> Cleaned:
    """Remove ``run`` in one transaction; users created by Auth are deleted afterwards, through ``api``.

    Rows that users have added or changed are kept, with all rows they depend on, and stay recorded for a
    later clean. ``api`` also deletes the files in the bucket. Retries while others lock the tables; raises
    Conflict if that takes longer than ``PATIENCE``.
    """
    path = paths.probe(conn, api=api is not None)
    by_api = path.users == "api"

    def attempt(_: Blocker | None) -> tuple[_Plan, dict[str, int]]:
        with conn.transaction(force_rollback=dry_run):
            limit_lock_waits(conn, LOCK_TIMEOUT)
            conn.execute(sql_statement("seed/clean/lock"))
            plan = _plan(conn, run)
            removed = _remove(conn, plan, path, api=None if dry_run else api)
            _record(conn, run, plan, still_there=plan.users if by_api else [])
        return plan, removed

    with lock.seeding(conn, on_wait):
        plan, removed = retry_lock_timeouts(
            conn,
            attempt,
            deadline=PATIENCE,
            lock_timeout=LOCK_TIMEOUT,
            on_wait=on_wait,
            hint="end that session, or try again when there are no writes",
        )
        if by_api and api and not dry_run:
            from chatctl.services.seed import accounts  # noqa: PLC0415 - the Supabase client is slow to import

            # They stay recorded until they are deleted, so that a killed run can be repeated.
            accounts.delete(api, plan.users)
            _record(conn, run, plan, still_there=[])
    return Cleaned(run.world, run.seed, removed, plan.kept, dry_run)


def _plan(conn: Connection, run: SeedRun) -> _Plan:
    # Runs of an older chatctl have the time of the migration as started_at, and ended before it.
    since = min(run.started_at, run.finished_at or run.started_at)
    conversations = _read(
        conn,
        "conversations",
        world=run.world,
        seed=run.seed,
        organizations=run.organization_ids,
        since=since,
    )
    kept_conversations = [it for it in conversations if it.reason]
    removable = [it.id for it in conversations if not it.reason]
    organizations = _read(
        conn,
        "organizations",
        **run.scope,
        conversations=[it.id for it in kept_conversations],
        all_conversations=[it.id for it in conversations],
        since=since,
    )
    users = _read(
        conn,
        "users",
        users=run.user_ids,
        organizations=[it.id for it in organizations if not it.reason],
        all_organizations=run.organization_ids,
        conversations=removable,
        kept=[it.id for it in kept_conversations],
        since=since,
    )
    return _Plan(
        conversations=removable,
        organizations=[it.id for it in organizations if not it.reason],
        users=[it.id for it in users if not it.reason],
        kept=[
            *(Kept("organization", it.id, it.slug, it.reason) for it in organizations if it.reason),
            *(Kept("conversation", it.id, it.name or "", it.reason) for it in kept_conversations),
            *(Kept("user", it.id, it.email, it.reason) for it in users if it.reason),
        ],
        messages=[it.messages for it in kept_conversations],
    )


def _remove(conn: Connection, plan: _Plan, path: paths.Path, *, api: Client | None) -> dict[str, int]:
    scope = {"conversations": plan.conversations}
    files = [it.name for it in _read(conn, "files", **scope)]
    with paths.triggers_disabled(conn, path):
        rows = conn.execute(sql_statement("seed/clean/delete_conversations"), scope).fetchall()
    removed = {**dict(rows), "files": len(files)}
    # From here on, foreign keys cascade to the rows that depend on organizations and users.
    deleted = conn.execute(
        sql_statement("seed/clean/delete_organizations"), {"organizations": plan.organizations}
    )
    removed |= {"organizations": deleted.rowcount, "users": len(plan.users)}
    if path.users == "sql":
        conn.execute(sql_statement("seed/clean/delete_users"), {"users": plan.users})
    if api and files:
        from chatctl.api import bucket  # noqa: PLC0415 - the Supabase client is slow to import

        # Last, because it cannot be rolled back; after a kill, the rows still lead to the remaining files.
        bucket.remove(api, files)
    conn.execute(sql_statement("seed/clean/allow_file_deletion"))
    conn.execute(sql_statement("seed/clean/delete_files"), {"names": files})
    return removed


def _record(conn: Connection, run: SeedRun, plan: _Plan, *, still_there: list[UUID]) -> None:
    key = {"world": run.world, "seed": run.seed}
    if not plan.kept and not still_there:
        conn.execute(sql_statement("seed/clean/forget"), key)
        return
    remaining = {
        "organizations": plan.kept_ids("organization"),
        "conversations": plan.kept_ids("conversation"),
        "users": [*plan.kept_ids("user"), *still_there],
        "messages": plan.messages,
    }
    conn.execute(sql_statement("seed/clean/keep"), {**key, **remaining})


def _read(conn: Connection, what: str, **values: Any) -> list[Any]:
    with conn.cursor(row_factory=namedtuple_row) as cursor:
        return cursor.execute(query(f"seed/clean/{what}"), values).fetchall()
