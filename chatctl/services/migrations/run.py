"""Running pending versions and applying changed objects."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from chatctl.data import data_directory
from chatctl.db.blockers import Blocker
from chatctl.db.connection import Connection
from chatctl.db.files import query
from chatctl.db.patience import (
    DEADLINE,
    LOCK_TIMEOUT,
    limit_lock_waits,
    lock_blocked_first,
    retry_lock_timeouts,
)
from chatctl.db.requirements import require_supabase
from chatctl.errors import Conflict
from chatctl.services.migrations import execute, history, lock, no_transaction, objectfiles
from chatctl.services.migrations.effects import Observer
from chatctl.services.migrations.files import SqlFile
from chatctl.services.migrations.history import Author
from chatctl.services.migrations.plan import MigrationBatch, MigrationPlan, plan
from chatctl.services.migrations.session import FileSession
from chatctl.services.migrations.steps import MigrationStep

T = TypeVar("T")


@dataclass(frozen=True)
class Callbacks:
    """Called during a run: ``plan`` before it starts, ``step`` after each file, ``wait`` while waiting."""

    plan: Callable[[MigrationPlan], None] = lambda plan: None
    step: Callable[[MigrationStep], None] = lambda step: None
    wait: Callable[[str], None] = lambda why: None


@dataclass(frozen=True)
class _Run:
    conn: Connection
    plan: MigrationPlan
    author: Author
    deadline: float
    lock_timeout: float
    on: Callbacks
    tables: dict[str, int | None]  # at the start of the run


def migrate(
    conn: Connection,
    *,
    directory: Path | None = None,
    to: str | None = None,
    include_all: bool = False,
    reapply: bool = False,
    dry_run: bool = False,
    deadline: float = DEADLINE,
    lock_timeout: float = LOCK_TIMEOUT,
    on: Callbacks = Callbacks(),
) -> list[MigrationStep]:
    """Run pending versions and apply changed objects in one transaction; returns the files that were run.

    ``dry_run`` does the same in the database, observes the effects, and rolls back. For ``to``,
    ``include_all`` and ``reapply`` see ``plan``. Waits up to ``deadline`` seconds for another migration to
    end, and as long again for table locks, with a timeout of ``lock_timeout`` seconds per attempt.
    Raises Conflict if files and history contradict each other, or if a lock times out; Invalid, with file,
    line and statement, if PostgreSQL rejects a statement, or if chatctl's own files run in a database that is
    not one of Supabase; Unavailable if a retry may help. After an error, the open transaction is rolled back.
    """
    directory = directory or data_directory("sql")
    # Statements prepared by psycopg would be discarded together with those that files prepare.
    conn.prepare_threshold = None
    with lock.held(conn, deadline, on.wait):
        pending = plan(conn, directory, to=to, include_all=include_all, reapply=reapply)
        if not pending:
            return []
        if directory.resolve() == data_directory("sql").resolve():
            require_supabase(conn)
        on.plan(pending)
        tables = objectfiles.granted_tables(conn, pending)
        run = _Run(conn, pending, Author.of(directory), deadline, lock_timeout, on, tables)
        return _dry_run(run) if dry_run else _perform(run)


def _perform(run: _Run) -> list[MigrationStep]:
    steps: list[MigrationStep] = []
    if not history.is_ready(run.conn):
        _retry(run, lambda _: _make_ready(run))
    for number, batch in enumerate(run.plan.batches):
        if number:
            lock.reacquire(run.conn)
        if batch.outside_transaction:
            step = no_transaction.run(
                run.conn,
                batch.versions[0],
                run.author,
                deadline=run.deadline,
                lock_timeout=run.lock_timeout,
                on_wait=run.on.wait,
            )
            run.on.step(step)
            steps.append(step)
        else:
            steps += _retry(run, partial(_transaction, run, batch))
    return steps


def _dry_run(run: _Run) -> list[MigrationStep]:
    def attempt(blocker: Blocker | None) -> list[MigrationStep]:
        steps: list[MigrationStep] = []
        with run.conn.transaction(force_rollback=True):
            session = FileSession.begun(run.conn, run.lock_timeout)
            lock_blocked_first(run.conn, blocker)
            history.make_ready(run.conn)
            observer = Observer(run.conn)
            for batch in run.plan.batches:
                if batch.outside_transaction:
                    batch_steps: Iterator[MigrationStep] = iter(
                        [MigrationStep("version", batch.versions[0].path, 0, tried=False)]
                    )
                else:
                    batch_steps = _files(run, session, batch)
                for step in batch_steps:
                    observed = replace(step, effects=observer.new_effects() if step.tried else None)
                    run.on.step(observed)
                    steps.append(observed)
            # A commit would check deferred constraints.
            run.conn.execute("set constraints all immediate")
        return steps

    return _retry(run, attempt)


def _retry(run: _Run, attempt: Callable[[Blocker | None], T]) -> T:
    return retry_lock_timeouts(
        run.conn,
        attempt,
        deadline=run.deadline,
        lock_timeout=run.lock_timeout,
        on_wait=run.on.wait,
        hint=lock.BLOCKED_HINT,
    )


def _make_ready(run: _Run) -> None:
    with run.conn.transaction():
        limit_lock_waits(run.conn, run.lock_timeout)
        history.make_ready(run.conn)


def _transaction(run: _Run, batch: MigrationBatch, blocker: Blocker | None) -> list[MigrationStep]:
    steps = []
    with run.conn.transaction():
        session = FileSession.begun(run.conn, run.lock_timeout)
        lock_blocked_first(run.conn, blocker)
        for step in _files(run, session, batch):
            run.on.step(step)
            steps.append(step)
    return steps


def _files(run: _Run, session: FileSession, batch: MigrationBatch) -> Iterator[MigrationStep]:
    open_before = set() if batch.last else _open_tables(run.conn)
    for file in batch.versions:
        milliseconds = execute.run(session, file)
        with execute.refusals(file.where):
            history.record_version(run.conn, file, run.author, milliseconds)
        yield MigrationStep("version", file.path, milliseconds)
    if batch.last:
        yield from objectfiles.apply_objects(session, run.plan, run.author, tables=run.tables)
    else:
        _refuse_open_tables(run.conn, open_before, batch.versions[-1])


def _open_tables(conn: Connection) -> set[str]:
    return {table for (table,) in conn.execute(query("migrate/open_tables"))}


def _refuse_open_tables(conn: Connection, before: set[str], last: SqlFile) -> None:
    # A later transaction creates the policies; until then the table must not be readable.
    if tables := sorted(_open_tables(conn) - before):
        raise Conflict(
            f"after {last.where} the API could read {', '.join(tables)}, whose policies are created later",
            hint="enable row-level security in the migration that creates the table",
        )
