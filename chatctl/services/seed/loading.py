"""Putting a world into a database: part by part, each in a transaction, and continued where it was killed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from psycopg import sql

from chatctl.db.connection import Connection
from chatctl.db.files import query
from chatctl.errors import ChatctlError, Conflict, Invalid
from chatctl.services.seed import alone, attachments, chunks, paths, people, runs, verify
from chatctl.services.seed.estimate import Estimate, estimate
from chatctl.services.seed.outline import Outline
from chatctl.services.seed.parts import Parts, SeedProgress
from chatctl.services.seed.paths import Path
from chatctl.services.seed.people import PASSWORD, Login
from chatctl.services.seed.runs import Fingerprint, SeedRun
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
    """A world that is in the database: made now, continued, or found as it was made or changed since.

    ``path`` says how rows went in; null when none did. ``planned`` is a dry run's: ``rows`` and ``bytes`` are
    what there would be, and ``fingerprint`` is null. ``files``: how many were uploaded; null without Storage.
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

    ``users`` insists on one way to make users, with ``api`` where it is the Auth Admin API. ``storage_rows``
    adds files as rows of storage.objects, without bytes behind them. ``beside_others`` allows a database that
    holds organizations or users that no seed made. A kill takes away at most ``chunk_size`` messages, but
    where many go into an empty table.
    """

    users: Literal["sql", "api"] | None = None
    api: Client | None = None
    storage_rows: bool = False
    beside_others: bool = False
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
    """Load the world of ``outline`` unless it is there; what a killed run left undone is done.

    ``dry_run`` checks all that can be checked, loads people and the first part, and rolls back.
    Raises Conflict when other rows are in the way or the database is not migrated, Invalid when it holds
    other people's data, NotAllowed when the role may not switch triggers off.
    """
    _refuse_the_future(outline)
    with alone.seeding(conn, on_wait):
        run = _prepare(conn, outline)
        if run and run.finished_at:
            outcome = _found(conn, outline, run)
        else:
            path = paths.probe(conn, users=options.users, api=options.api is not None)
            on_path(path)
            if run is None:
                _refuse_what_is_there(conn, outline, options)
            if dry_run:
                return _tried(conn, outline, path, options, begun=run is not None)
            if run is None:
                _begin(conn, outline, path, options, on_progress)
            _parts(conn, outline, path, options, on_progress).write()
            outcome = _finish(conn, outline, path, "continued" if run else "created")
        if options.api and not dry_run:
            files = attachments.upload(conn, runs.scope(outline), options.api, on_progress)
            outcome = replace(outcome, files=files)
        return outcome


def _prepare(conn: Connection, outline: Outline) -> SeedRun | None:
    runs.require_tables(conn)
    run = runs.find(conn, outline.spec.name, outline.source.seed)
    way_out = "take it away with `chatctl seed clean`, or take another --seed"
    if run and run.cleaned_at:
        raise Conflict(f"{run} was removed, except rows still in use", hint=way_out)
    if run and run.world_version != RULES:
        made = f"version {run.world_version} of the rules, and this chatctl has {RULES}"
        raise Conflict(f"{run} was made here by {made}", hint=way_out)
    if run and run.spec_sha256 not in (None, outline.spec.sha256):
        raise Conflict(f"{run} was begun here with another spec or scale", hint=way_out)
    return run


def _refuse_the_future(outline: Outline) -> None:
    if outline.spec.last_day >= datetime.now(UTC).date():
        raise Invalid(
            f"{outline.spec.name} ends on {outline.spec.last_day}, which is not over yet",
            hint="nobody has written tomorrow's messages: set last_day to an earlier day",
        )


def _refuse_what_is_there(conn: Connection, outline: Outline, options: LoadOptions) -> None:
    wanted = {
        "slugs": [organization.slug for organization in outline.organizations],
        "emails": [person.email for person in outline.people],
        **runs.scope(outline),
    }
    found = conn.execute(query("seed/clashes"), wanted).fetchall()
    # Where Auth makes the users, they are there before the run is on record.
    clashes = [f"{kind} {name}" for kind, name, same in found if not (same and options.api)]
    if clashes:
        shown = ", ".join(clashes[:3]) + (f" and {len(clashes) - 3} more" if len(clashes) > 3 else "")  # noqa: PLR2004
        raise Conflict(f"already there, but not made by a seed: {shown}", hint="take another --seed")
    if not options.beside_others:
        organizations, users = conn.execute(query("seed/strangers"), wanted).fetchone() or (0, 0)
        if organizations or users:
            raise Invalid(
                f"this database holds {organizations} organizations and {users} users that no seed made",
                hint="seed beside them with --yes",
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
            raise Invalid("the Auth Admin API needs api_url and secret_key of the target")
        sign_up(outline, options.api, on_progress)
    with conn.transaction():
        with paths.quiet(conn, path):
            people.write(conn, outline, users=path.users == "sql")
        runs.start(conn, outline)


def sign_up(outline: Outline, api: Client, on_progress: Callable[[SeedProgress], None]) -> None:
    """Have the Auth Admin API make the users of a world, as far as they are not there."""
    from chatctl.services.seed import accounts  # noqa: PLC0415 - the client of Supabase; mostly SQL does it

    total = len(outline.people)
    accounts.create(
        api,
        outline.people,
        password_hash=people.PASSWORD_HASH,
        on_made=lambda made: on_progress(SeedProgress("users", made, total)),
    )


def _tried(
    conn: Connection, outline: Outline, path: Path, options: LoadOptions, *, begun: bool
) -> LoadedWorld:
    planned = estimate(outline)
    if path.users == "sql" or begun:
        with conn.transaction(force_rollback=True):
            if not begun:
                _begin(conn, outline, path, options, lambda progress: None)
            _parts(conn, outline, path, options, lambda progress: None).write_first()
    return _outcome(outline, "planned", None, path, planned=planned)


def _parts(
    conn: Connection,
    outline: Outline,
    path: Path,
    options: LoadOptions,
    on_progress: Callable[[SeedProgress], None],
) -> Parts:
    return Parts(conn, outline, path, options.chunk_size, options.storage_rows, on_progress)


def _finish(conn: Connection, outline: Outline, path: Path, state: State) -> LoadedWorld:
    with conn.transaction():
        for orphan in verify.find(conn, "orphans", runs.scope(outline)):
            raise ChatctlError(f"the world is not finished: in {orphan.object} {orphan.detail}")
        made = runs.fingerprint(conn, runs.scope(outline))
        runs.finish(conn, outline, made)
        for table in _ANALYZED:
            conn.execute(sql.SQL("analyze (skip_locked) {}").format(table))
    return _outcome(outline, state, made, path)


def _found(conn: Connection, outline: Outline, run: SeedRun) -> LoadedWorld:
    now = runs.fingerprint(conn, run.scope)
    return _outcome(outline, "unchanged" if now.total == run.fingerprint else "changed", now, None)


def _outcome(
    outline: Outline,
    state: State,
    found: Fingerprint | None,
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
        fingerprint=found.total if found else None,
        rows=found.rows if found else planned.rows if planned else {},
        bytes=planned.bytes if planned else None,
        files=None,
        password=PASSWORD,
        logins=people.logins(outline),
    )
