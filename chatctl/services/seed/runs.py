"""The worlds recorded in a database, and the checksums of their rows."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from chatctl.db.connection import Connection
from chatctl.db.files import query, sql_statement
from chatctl.db.requirements import require_backend
from chatctl.services.seed.outline import Outline
from chatctl.services.seed.spec import RULES


@dataclass(frozen=True)
class SeedRun:
    """A recorded world; without ``finished_at``, its seed was started but not finished.

    With ``cleaned_at``, it was removed except for the rows in this record, which users still need.
    ``tables`` has the number of rows and the checksum of each table at the end of the seed.
    """

    world: str
    seed: int
    world_version: int
    spec_sha256: str | None
    fingerprint: str | None
    tables: dict[str, dict[str, Any]]
    organization_ids: list[UUID]
    user_ids: list[UUID]
    started_at: datetime
    finished_at: datetime | None
    cleaned_at: datetime | None

    @property
    def scope(self) -> dict[str, list[UUID]]:
        """Its organizations and users, as query parameters."""
        return {"organizations": self.organization_ids, "users": self.user_ids}

    def __str__(self) -> str:
        return named(self.world, self.seed)


@dataclass(frozen=True)
class TableChecksum:
    """The number of rows of a world in a table, and their checksum."""

    name: str
    rows: int
    checksum: str


@dataclass(frozen=True)
class Fingerprint:
    """A checksum of all rows of a world, independent of their order and of the PostgreSQL version."""

    tables: list[TableChecksum]

    @property
    def total(self) -> str:
        lines = "".join(f"{table.name} {table.rows} {table.checksum}\n" for table in self.tables)
        return hashlib.sha256(lines.encode()).hexdigest()[:16]

    @property
    def rows(self) -> dict[str, int]:
        return {table.name: table.rows for table in self.tables}


def named(world: str, seed: int) -> str:
    """How messages name a seeded world."""
    return f"{world} with seed {seed}"


def find(conn: Connection, world: str, seed: int) -> SeedRun | None:
    """The run of a world; None if it was never started."""
    return next(iter(of(conn, world, seed)), None)


def of(conn: Connection, world: str | None = None, seed: int | None = None) -> list[SeedRun]:
    """All runs, optionally of one world or one seed, oldest first. Raises NotFound without the backend."""
    require_backend(conn)
    with conn.cursor(row_factory=class_row(SeedRun), binary=True) as cursor:
        return cursor.execute(query("seed/runs"), {"world": world, "seed": seed}).fetchall()


def fingerprint(conn: Connection, scope: dict[str, list[UUID]]) -> Fingerprint:
    """The current checksums of the rows of these organizations and users."""
    with conn.cursor(row_factory=class_row(TableChecksum)) as cursor:
        return Fingerprint(cursor.execute(query("seed/fingerprint"), scope).fetchall())


def scope(outline: Outline) -> dict[str, list[UUID]]:
    """The organizations and users of a world, as query parameters."""
    return {
        "organizations": [organization.id for organization in outline.organizations],
        "users": [person.id for person in outline.people],
    }


def start(conn: Connection, outline: Outline) -> None:
    """Record the start of a run."""
    run = {**_key(outline), "world_version": RULES, "spec_sha256": outline.spec.sha256, **scope(outline)}
    conn.execute(sql_statement("seed/start_run"), run)


def finish(conn: Connection, outline: Outline, fingerprint: Fingerprint) -> None:
    """Record the end of a run, and the checksums of its rows."""
    tables = {table.name: {"rows": table.rows, "checksum": table.checksum} for table in fingerprint.tables}
    values = {**_key(outline), "fingerprint": fingerprint.total, "tables": Jsonb(tables)}
    conn.execute(sql_statement("seed/finish_run"), values)


def _key(outline: Outline) -> dict[str, str | int]:
    return {"world": outline.spec.name, "seed": outline.source.seed}
