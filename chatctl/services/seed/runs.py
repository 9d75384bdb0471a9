"""The worlds that a database has on record, and the checksums over their rows."""

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
from chatctl.errors import Conflict
from chatctl.services.seed.outline import Outline
from chatctl.services.seed.spec import RULES


@dataclass(frozen=True)
class SeedRun:
    """A world as the database has it on record; without ``finished_at`` it was begun and not finished.

    With ``cleaned_at`` it was taken away, and this is what users still need of it.
    ``tables`` has the rows and the checksum of each table as they were then.
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
        """Its organizations and users, as queries take them."""
        return {"organizations": self.organization_ids, "users": self.user_ids}

    def __str__(self) -> str:
        return f"{self.world} with seed {self.seed}"


@dataclass(frozen=True)
class TableChecksum:
    """How many rows of a world a table has, and their checksum."""

    name: str
    rows: int
    checksum: str


@dataclass(frozen=True)
class Fingerprint:
    """A checksum over all rows of a world: whatever order they came in, and on any PostgreSQL."""

    tables: list[TableChecksum]

    @property
    def total(self) -> str:
        lines = "".join(f"{table.name} {table.rows} {table.checksum}\n" for table in self.tables)
        return hashlib.sha256(lines.encode()).hexdigest()[:16]

    @property
    def rows(self) -> dict[str, int]:
        return {table.name: table.rows for table in self.tables}


def require_tables(conn: Connection) -> None:
    """Raises Conflict where the tables are missing that a seed needs."""
    row = conn.execute("select to_regclass('private.seed_chunks')").fetchone()
    if row is None or row[0] is None:
        raise Conflict("this database has not the tables to seed", hint="run `chatctl migrate` first")


def find(conn: Connection, world: str, seed: int) -> SeedRun | None:
    """The run of a world; None when it was never begun."""
    return next(iter(of(conn, world, seed)), None)


def of(conn: Connection, world: str | None = None, seed: int | None = None) -> list[SeedRun]:
    """All runs, or those of one world, of one seed; the oldest first."""
    require_tables(conn)
    with conn.cursor(row_factory=class_row(SeedRun), binary=True) as cursor:
        return cursor.execute(query("seed/runs"), {"world": world, "seed": seed}).fetchall()


def fingerprint(conn: Connection, scope: dict[str, list[UUID]]) -> Fingerprint:
    """The checksums over the rows of these organizations and users as they are now."""
    with conn.cursor(row_factory=class_row(TableChecksum)) as cursor:
        return Fingerprint(cursor.execute(query("seed/fingerprint"), scope).fetchall())


def scope(outline: Outline) -> dict[str, list[UUID]]:
    """The organizations and users of a world, as queries take them."""
    return {
        "organizations": [organization.id for organization in outline.organizations],
        "users": [person.id for person in outline.people],
    }


def start(conn: Connection, outline: Outline) -> None:
    """Record that a world is begun."""
    run = {**_key(outline), "world_version": RULES, "spec_sha256": outline.spec.sha256, **scope(outline)}
    conn.execute(sql_statement("seed/start_run"), run)


def finish(conn: Connection, outline: Outline, made: Fingerprint) -> None:
    """Record that a world is there, and what its rows are."""
    tables = {table.name: {"rows": table.rows, "checksum": table.checksum} for table in made.tables}
    values = {**_key(outline), "fingerprint": made.total, "tables": Jsonb(tables)}
    conn.execute(sql_statement("seed/finish_run"), values)


def _key(outline: Outline) -> dict[str, str | int]:
    return {"world": outline.spec.name, "seed": outline.source.seed}
