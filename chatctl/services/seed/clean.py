"""Taking a world away again: exactly what its seed made, and nothing that users made since."""

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
from chatctl.services.seed import alone, paths
from chatctl.services.seed.runs import SeedRun

if TYPE_CHECKING:
    from supabase import Client

PATIENCE = 10.0  # seconds


@dataclass(frozen=True)
class Kept:
    """Something that a seed made and that has to stay, and why: users made something that hangs on it."""

    kind: Literal["conversation", "organization", "user"]
    id: UUID
    name: str
    reason: str


@dataclass(frozen=True)
class Cleaned:
    """What was taken away of a world, by table, and what was not."""

    world: str
    seed: int
    removed: dict[str, int]
    kept: list[Kept]
    dry_run: bool


@dataclass(frozen=True)
class _Plan:
    """What goes and what stays. ``messages`` are the seed's in each conversation that stays."""

    conversations: list[UUID]
    organizations: list[UUID]
    users: list[UUID]
    kept: list[Kept]
    messages: list[int]

    def staying(self, kind: str) -> list[UUID]:
        return [it.id for it in self.kept if it.kind == kind]


def clean(
    conn: Connection,
    run: SeedRun,
    *,
    api: Client | None = None,
    dry_run: bool = False,
    on_wait: Callable[[str], None] = lambda why: None,
) -> Cleaned:
    """Take ``run`` away, in one transaction; users that Auth has made go after it, through ``api``.

    What users wrote, changed or joined stays, with all that it hangs on, and is on record to be taken away
    another day. ``api`` takes the files out of the bucket, too. While others hold the tables it tries again
    and again, and says whom for; raises Conflict when that takes longer than ``PATIENCE``.
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

    with alone.seeding(conn, on_wait):
        plan, removed = retry_lock_timeouts(
            conn,
            attempt,
            deadline=PATIENCE,
            lock_timeout=LOCK_TIMEOUT,
            on_wait=on_wait,
            hint="end that session, or try again when nobody writes",
        )
        if by_api and api and not dry_run:
            from chatctl.services.seed import accounts  # noqa: PLC0415 - the client of Supabase

            # On record until they are gone: whoever is killed in between finds them there.
            accounts.delete(api, plan.users)
            _record(conn, run, plan, still_there=[])
    return Cleaned(run.world, run.seed, removed, plan.kept, dry_run)


def _plan(conn: Connection, run: SeedRun) -> _Plan:
    # An older chatctl did not say when it began: its runs are as of the migration, and ended before it.
    since = min(run.started_at, run.finished_at or run.started_at)
    conversations = _read(
        conn,
        "conversations",
        world=run.world,
        seed=run.seed,
        organizations=run.organization_ids,
        since=since,
    )
    staying = [it for it in conversations if it.reason]
    going = [it.id for it in conversations if not it.reason]
    organizations = _read(
        conn,
        "organizations",
        **run.scope,
        conversations=[it.id for it in staying],
        all_conversations=[it.id for it in conversations],
        since=since,
    )
    users = _read(
        conn,
        "users",
        users=run.user_ids,
        organizations=[it.id for it in organizations if not it.reason],
        all_organizations=run.organization_ids,
        conversations=going,
        kept=[it.id for it in staying],
        since=since,
    )
    return _Plan(
        conversations=going,
        organizations=[it.id for it in organizations if not it.reason],
        users=[it.id for it in users if not it.reason],
        kept=[
            *(Kept("organization", it.id, it.slug, it.reason) for it in organizations if it.reason),
            *(Kept("conversation", it.id, it.name or "", it.reason) for it in staying),
            *(Kept("user", it.id, it.email, it.reason) for it in users if it.reason),
        ],
        messages=[it.messages for it in staying],
    )


def _remove(conn: Connection, plan: _Plan, path: paths.Path, *, api: Client | None) -> dict[str, int]:
    going = {"conversations": plan.conversations}
    files = [it.name for it in _read(conn, "files", **going)]
    with paths.quiet(conn, path):
        rows = conn.execute(sql_statement("seed/clean/delete_conversations"), going).fetchall()
    removed = {**dict(rows), "files": len(files)}
    # From here on with foreign keys, which take along what hangs on organizations and users.
    gone = conn.execute(
        sql_statement("seed/clean/delete_organizations"), {"organizations": plan.organizations}
    )
    removed |= {"organizations": gone.rowcount, "users": len(plan.users)}
    if path.users == "sql":
        conn.execute(sql_statement("seed/clean/delete_users"), {"users": plan.users})
    if api and files:
        from chatctl.services.seed import bucket  # noqa: PLC0415 - the client of Supabase

        # Last, for it cannot be rolled back; whoever is killed after it finds the rest again by the rows.
        bucket.remove(api, files)
    conn.execute(sql_statement("seed/clean/allow_file_deletion"))
    conn.execute(sql_statement("seed/clean/delete_files"), {"names": files})
    return removed


def _record(conn: Connection, run: SeedRun, plan: _Plan, *, still_there: list[UUID]) -> None:
    key = {"world": run.world, "seed": run.seed}
    if not plan.kept and not still_there:
        conn.execute(sql_statement("seed/clean/forget"), key)
        return
    left = {
        "organizations": plan.staying("organization"),
        "conversations": plan.staying("conversation"),
        "users": [*plan.staying("user"), *still_there],
        "messages": plan.messages,
    }
    conn.execute(sql_statement("seed/clean/keep"), {**key, **left})


def _read(conn: Connection, what: str, **values: Any) -> list[Any]:
    with conn.cursor(row_factory=namedtuple_row) as cursor:
        return cursor.execute(query(f"seed/clean/{what}"), values).fetchall()
