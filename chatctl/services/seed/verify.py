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
    world that was removed, with the rows that remain; ``differences`` are then about these rows.
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

    ``since`` is the time after which users may have changed them; None if they have not.
    """
    with conn.cursor(row_factory=class_row(CheckFinding)) as cursor:
        findings = cursor.execute(query(f"seed/checks/{check}"), {**scope, "since": since}).fetchmany(SHOWN)
        more = cursor.rowcount - len(findings)
    return [*findings, *([CheckFinding(f"{more} more", "of the same check")] if more else [])]


def verify(
    conn: Connection,
    run: SeedRun,
    *,
    sign_in: Callable[[str], None] | None = None,
) -> WorldVerdict:
    """Check one world. ``sign_in`` signs in with an email, and raises ChatctlError if that fails."""
    findings: list[tuple[str, CheckFinding]] = []
    for check in checks():
        findings += [(check, each) for each in find(conn, check, run.scope, since=run.started_at)]
    now = runs.fingerprint(conn, run.scope)
    findings += [("fingerprint", each) for each in _changed(run, now)]
    if sign_in:
        findings += [("sign-in", each) for each in _failed_sign_ins(conn, run, sign_in)]
    return WorldVerdict(
        world=run.world,
        seed=run.seed,
        fingerprint=run.fingerprint,
        now=now.total,
        checks=[*checks(), "fingerprint", *(["sign-in"] if sign_in else [])],
        differences=[
            SeedDifference(run.world, run.seed, check, it.object, it.detail) for check, it in findings
        ],
        cleaned=_cleaned(run, now),
    )


def _cleaned(run: SeedRun, now: Fingerprint) -> SeedDifference | None:
    if run.cleaned_at is None:
        return None
    remaining = ", ".join(f"{table}: {rows}" for table, rows in now.rows.items())
    addition = (
        f"except rows still in use ({remaining})"
        if remaining
        else "and the next `chatctl seed clean` drops its record"
    )
    detail = f"was removed by `chatctl seed clean`, {addition}"
    return SeedDifference(run.world, run.seed, "clean", f"world {run.world}", detail)


def _changed(run: SeedRun, now: Fingerprint) -> Iterator[CheckFinding]:
    if run.cleaned_at is not None:
        return
    if run.finished_at is None:
        yield CheckFinding(
            f"world {run.world}", "started but not finished; run the same `chatctl seed` to continue"
        )
        return
    if not run.tables:
        if now.total != run.fingerprint:
            yield CheckFinding(
                f"world {run.world}", "seeded by an older chatctl; its rows cannot be compared"
            )
        return
    tables = {table.name: table for table in now.tables}
    # Tables without rows are missing on both sides.
    for name in dict.fromkeys([*tables, *run.tables]):
        table, seeded = tables.get(name), run.tables.get(name)
        rows, seeded_rows = table.rows if table else 0, seeded["rows"] if seeded else 0
        if rows != seeded_rows:
            yield CheckFinding(name, f"{seeded_rows} rows were seeded, {rows} exist")
        elif table and seeded and table.checksum != seeded["checksum"]:
            yield CheckFinding(name, "rows differ from what was seeded")


def _failed_sign_ins(
    conn: Connection, run: SeedRun, sign_in: Callable[[str], None]
) -> Iterator[CheckFinding]:
    """Failed sign-ins; one user per organization is tried: its owner, or the first member."""
    for slug, email in conn.execute(query("seed/sign_ins"), run.scope):
        try:
            sign_in(email)
        except NotAllowed as error:
            yield CheckFinding(f"user {email} of {slug}", f"cannot sign in: {error.message}")
