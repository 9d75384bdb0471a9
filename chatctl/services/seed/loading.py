"""Loading a world into a database in chunks, one transaction each; an interrupted load can be continued."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from psycopg import sql

from chatctl.db.connection import Connection
from chatctl.db.files import query
from chatctl.errors import ChatctlError, Conflict, Invalid
from chatctl.formats.counting import counted
from chatctl.services.seed import attachments, chunks, lock, paths, people, runs, verify
from chatctl.services.seed.chunkwriter import ChunkWriter, SeedProgress
from chatctl.services.seed.estimate import Estimate, estimate
from chatctl.services.seed.outline import Outline
from chatctl.services.seed.paths import Path
from chatctl.services.seed.people import PASSWORD, Login
from chatctl.services.seed.runs import Fingerprint, SeedRun, named
from chatctl.services.seed.spec import RULES

if TYPE_CHECKING:
    from supabase import Client

_ANALYZED = (
    sql.Identifier("public", "organizations"),
    sql.Identifier("public", "organization_members"),
    sql.Identifier("public", "user_profiles"),
    sql.Identifier("public", "conversations"),
    sql.Identifier("public", "conversation_participants"),
    sql.Identifier("public", "messages"),
    sql.Identifier("private", "deleted_messages"),
    sql.Identifier("private", "deleted_attachments"),
    sql.Identifier("private", "read_states"),
    sql.Identifier("private", "direct_conversations"),
)

State = Literal["created", "continued", "unchanged", "changed", "planned"]


@dataclass(frozen=True)
class LoadedWorld:
    """The result of a load: the world was created, continued, or found unchanged or changed.

    ``path`` is how rows were written; null if none were. For a dry run, ``state`` is ``planned``, ``rows``
    and ``bytes`` are estimates, and ``fingerprint`` is null. ``files`` is the number of uploaded files; null
    without Storage.
    """

    world: str
    seed: int
    rules: int
    state: State
    path: str | None
    fingerprint: str | None
    rows: dict[str, int]
    bytes: int | None
    files: int | None
    password: str
    logins: list[Login]


@dataclass(frozen=True)
class LoadOptions:
    """How a world is loaded.

    ``users`` forces one way to create users; ``api`` is the client of the Auth Admin API. ``storage_rows``
    adds files as rows of storage.objects, without content. ``allow_other_rows`` allows a database with
    organizations or users that were not seeded. A kill loses at most ``chunk_size`` messages, except for a
    large load into an empty table.
    """

    users: Literal["sql", "api"] | None = None
    api: Client | None = None
    storage_rows: bool = False
    allow_other_rows: bool = False
    chunk_size: int = chunks.SIZE


def load(
    conn: Connection,
    outline: Outline,
    options: LoadOptions = LoadOptions(),
    *,
    dry_run: bool = False,
    on_wait: Callable[[str], None] = lambda why: None,
    on_path: Callable[[Path], None] = lambda path: None,
    on_progress: Callable[[SeedProgress], None] = lambda progress: None,
) -> LoadedWorld:
    """Load the world of ``outline`` unless it already exists; continues an interrupted load.

    ``dry_run`` makes all possible checks, loads the people and the first chunk, and rolls back.
    Raises NotFound if the database is not migrated, Conflict if other rows conflict, Invalid if it contains
    other data, NotAllowed if the role is not allowed to disable triggers.
    """
    _refuse_future(outline)
    with lock.seeding(conn, on_wait):
        run = _prepare(conn, outline)
        if run and run.finished_at:
            outcome = _existing(conn, outline, run)
        else:
            path = paths.probe(conn, users=options.users, api=options.api is not None)
            on_path(path)
            if run is None:
                _refuse_conflicts(conn, outline, options)
            if dry_run:
                return _dry_run(conn, outline, path, options, started=run is not None)
            if run is None:
                _begin(conn, outline, path, options, on_progress)
            _chunk_writer(conn, outline, path, options, on_progress).write()
            outcome = _finish(conn, outline, path, "continued" if run else "created")
        if options.api and not dry_run:
            files = attachments.upload(conn, runs.scope(outline), options.api, on_progress)
            outcome = replace(outcome, files=files)
        return outcome


def _prepare(conn: Connection, outline: Outline) -> SeedRun | None:
    run = runs.find(conn, outline.spec.name, outline.source.seed)
    hint = "remove it with `chatctl seed clean`, or use another --seed"
    if run and run.cleaned_at:
        raise Conflict(f"{run} was removed, except for rows in use", hint=hint)
    if run and run.world_version != RULES:
        versions = f"version {run.world_version} of the rules; this chatctl has version {RULES}"
        raise Conflict(f"{run} was seeded here with {versions}", hint=hint)
    if run and run.spec_sha256 not in (None, outline.spec.sha256):
        raise Conflict(f"{run} was seeded here with another spec or scale", hint=hint)
    return run


def _refuse_future(outline: Outline) -> None:
    if outline.spec.last_day >= datetime.now(UTC).date():
        raise Invalid(
            f"{outline.spec.name} ends on {outline.spec.last_day}, which is not in the past",
            hint="set last_day to an earlier day",
        )


def _refuse_conflicts(conn: Connection, outline: Outline, options: LoadOptions) -> None:
    names = {
        "slugs": [organization.slug for organization in outline.organizations],
        "emails": [person.email for person in outline.people],
        **runs.scope(outline),
    }
    existing = conn.execute(query("seed/clashes"), names).fetchall()
    # Users created by Auth exist before the run is recorded.
    clashes = [
        f"{kind} {name} ({f'of {named(world, seed)}' if world else 'not seeded'})"
        for kind, name, same, world, seed in existing
        if not (same and options.api)
    ]
    if clashes:
        shown = ", ".join(clashes[:3]) + (f" and {len(clashes) - 3} more" if len(clashes) > 3 else "")  # noqa: PLR2004
        seeded = any(world for *_, world, _ in existing)
        hint = "remove the other world with `chatctl seed clean`, or use another --seed"
        raise Conflict(f"already exists: {shown}", hint=hint if seeded else "use another --seed")
    if not options.allow_other_rows:
        organizations, users = conn.execute(query("seed/strangers"), names).fetchone() or (0, 0)
        if organizations or users:
            raise Invalid(
                f"this database has {counted(organizations, 'organization')} and {counted(users, 'user')} "
                "that were not seeded",
                hint="to seed anyway, use --yes",
            )


def _begin(
    conn: Connection,
    outline: Outline,
    path: Path,
    options: LoadOptions,
    on_progress: Callable[[SeedProgress], None],
) -> None:
    if path.users == "api":
        if options.api is None:
            raise Invalid("the Auth Admin API requires a target with api_url and secret_key")
        sign_up(outline, options.api, on_progress)
    with conn.transaction():
        with paths.triggers_disabled(conn, path):
            people.write(conn, outline, users=path.users == "sql")
        runs.start(conn, outline)


def sign_up(outline: Outline, api: Client, on_progress: Callable[[SeedProgress], None]) -> None:
    """Create the missing users of a world with the Auth Admin API."""
    from chatctl.services.seed import accounts  # noqa: PLC0415 - the Supabase client is slow to import

    total = len(outline.people)
    accounts.create(
        api,
        outline.people,
        password_hash=people.PASSWORD_HASH,
        on_created=lambda existing: on_progress(SeedProgress("users", existing, total)),
    )


def _dry_run(
    conn: Connection, outline: Outline, path: Path, options: LoadOptions, *, started: bool
) -> LoadedWorld:
    planned = estimate(outline)
    if path.users == "sql" or started:
        with conn.transaction(force_rollback=True):
            if not started:
                _begin(conn, outline, path, options, lambda progress: None)
            _chunk_writer(conn, outline, path, options, lambda progress: None).write_first()
    return _outcome(outline, "planned", None, path, planned=planned)


def _chunk_writer(
    conn: Connection,
    outline: Outline,
    path: Path,
    options: LoadOptions,
    on_progress: Callable[[SeedProgress], None],
) -> ChunkWriter:
    return ChunkWriter(conn, outline, path, options.chunk_size, options.storage_rows, on_progress)


def _finish(conn: Connection, outline: Outline, path: Path, state: State) -> LoadedWorld:
    with conn.transaction():
        for orphan in verify.find(conn, "orphans", runs.scope(outline)):
            raise ChatctlError(f"the world is incomplete: in {orphan.object} {orphan.detail}")
        fingerprint = runs.fingerprint(conn, runs.scope(outline))
        runs.finish(conn, outline, fingerprint)
        for table in _ANALYZED:
            conn.execute(sql.SQL("analyze (skip_locked) {}").format(table))
    return _outcome(outline, state, fingerprint, path)


def _existing(conn: Connection, outline: Outline, run: SeedRun) -> LoadedWorld:
    now = runs.fingerprint(conn, run.scope)
    return _outcome(outline, "unchanged" if now.total == run.fingerprint else "changed", now, None)


def _outcome(
    outline: Outline,
    state: State,
    fingerprint: Fingerprint | None,
    path: Path | None,
    *,
    planned: Estimate | None = None,
) -> LoadedWorld:
    return LoadedWorld(
        world=outline.spec.name,
        seed=outline.source.seed,
        rules=RULES,
        state=state,
        path=str(path) if path else None,
        fingerprint=fingerprint.total if fingerprint else None,
        rows=fingerprint.rows if fingerprint else planned.rows if planned else {},
        bytes=planned.bytes if planned else None,
        files=None,
        password=PASSWORD,
        logins=people.logins(outline),
    )
