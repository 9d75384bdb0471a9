"""Checking that a world in a database is unchanged since its seed, and valid for the backend."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from chatctl.data import data_directory
from chatctl.db.connection import Connection
from chatctl.db.files import query
from chatctl.errors import NotAllowed
from chatctl.services.seed import runs
from chatctl.services.seed.runs import Fingerprint, SeedRun

# Findings per check of a world; one mistake may affect a million rows.
SHOWN = 20


@dataclass(frozen=True)
class CheckFinding:
    """One finding of a check in ``sql/queries/seed/checks``."""

    object: str
    detail: str


@dataclass(frozen=True)
class SeedDifference:
    """A finding about one world; ``check`` is the name of the check that reported it."""

    world: str
    seed: int
    check: str
    object: str
    detail: str


@dataclass(frozen=True)
class WorldVerdict:
    """The result for one world: its ``differences``, at most ``SHOWN`` of each check.

    ``fingerprint`` is the checksum at the end of the seed, ``now`` the current one. ``cleaned`` is set for a
    world that was removed, and says what is left of it; then ``differences`` are about these rows.
    """

    world: str
    seed: int
    fingerprint: str | None
    now: str
    checks: list[str]
    differences: list[SeedDifference]
    cleaned: SeedDifference | None


def checks() -> list[str]:
    """The names of the SQL checks, one file each in ``sql/queries/seed/checks``."""
    return sorted(path.stem for path in (data_directory("sql") / "queries/seed/checks").glob("*.sql"))


def find(
    conn: Connection, check: str, scope: dict[str, list[UUID]], *, since: datetime | None = None
) -> list[CheckFinding]:
    """The findings of one check for these organizations and users; empty if there are none.

    Users may have used them after ``since``; None if nobody has.
    """
    with conn.cursor(row_factory=class_row(CheckFinding)) as cursor:
        found = cursor.execute(query(f"seed/checks/{check}"), {**scope, "since": since}).fetchmany(SHOWN)
        more = cursor.rowcount - len(found)
    return [*found, *([CheckFinding(f"{more} more", "of the same check")] if more else [])]


def verify(
    conn: Connection,
    run: SeedRun,
    *,
    sign_in: Callable[[str], None] | None = None,
) -> WorldVerdict:
    """Check one world. ``sign_in`` signs in with an email, and raises ChatctlError if that fails."""
    found: list[tuple[str, CheckFinding]] = []
    for check in checks():
        found += [(check, each) for each in find(conn, check, run.scope, since=run.started_at)]
    now = runs.fingerprint(conn, run.scope)
    found += [("fingerprint", each) for each in _changed(run, now)]
    if sign_in:
        found += [("sign-in", each) for each in _refused(conn, run, sign_in)]
    return WorldVerdict(
        world=run.world,
        seed=run.seed,
        fingerprint=run.fingerprint,
        now=now.total,
        checks=[*checks(), "fingerprint", *(["sign-in"] if sign_in else [])],
        differences=[SeedDifference(run.world, run.seed, check, it.object, it.detail) for check, it in found],
        cleaned=_cleaned(run, now),
    )


def _cleaned(run: SeedRun, now: Fingerprint) -> SeedDifference | None:
    if run.cleaned_at is None:
        return None
    left = ", ".join(f"{table}: {rows}" for table, rows in now.rows.items())
    what = (
        f"except rows still in use ({left})" if left else "and the next `chatctl seed clean` drops its record"
    )
    detail = f"was removed by `chatctl seed clean`, {what}"
    return SeedDifference(run.world, run.seed, "clean", f"world {run.world}", detail)


def _changed(run: SeedRun, now: Fingerprint) -> Iterator[CheckFinding]:
    if run.cleaned_at is not None:
        return
    if run.finished_at is None:
        yield CheckFinding(
            f"world {run.world}", "begun and not finished; the same `chatctl seed` continues it"
        )
        return
    if not run.tables:
        if now.total != run.fingerprint:
            yield CheckFinding(f"world {run.world}", "made by an older chatctl; its rows cannot be compared")
        return
    there = {table.name: table for table in now.tables}
    # Tables without rows are missing on both sides.
    for name in dict.fromkeys([*there, *run.tables]):
        table, made = there.get(name), run.tables.get(name)
        rows, rows_made = table.rows if table else 0, made["rows"] if made else 0
        if rows != rows_made:
            yield CheckFinding(name, f"{rows_made} rows were made, {rows} are there")
        elif table and made and table.checksum != made["checksum"]:
            yield CheckFinding(name, "rows are not as they were made")


def _refused(conn: Connection, run: SeedRun, sign_in: Callable[[str], None]) -> Iterator[CheckFinding]:
    """Failed sign-ins; one user per organization is tried: its owner, or the first member."""
    for slug, email in conn.execute(query("seed/sign_ins"), run.scope):
        try:
            sign_in(email)
        except NotAllowed as error:
            yield CheckFinding(f"user {email} of {slug}", f"cannot sign in: {error.message}")
