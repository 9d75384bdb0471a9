"""A directory of SQL files written by a test, and the results of ``migrate``."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chatctl.db.connection import Connection
from chatctl.services import migrations
from chatctl.services.migrations.plan import MigrationPlan
from chatctl.services.migrations.steps import MigrationStep

TABLE = (
    "create table public.t (id int primary key, a int);\nalter table public.t enable row level security;\n"
)

SCHEMA = "create schema s;\ngrant usage on schema s to authenticated;\n"


def policy(name: str, *, on: str = "public.t", using: str = "true") -> str:
    """The text of an object file for a policy."""
    return (
        f"drop policy if exists {name} on {on};\n"
        f"create policy {name} on {on} for select to authenticated using ({using});\n"
    )


def function(name: str, arguments: str = "", *, body: str = "select true", returns: str = "boolean") -> str:
    """The text of an object file for a function in SQL."""
    return f"create or replace function {name}({arguments}) returns {returns} language sql as $${body}$$;\n"


def version(number: int) -> str:
    """The version for the short number used in a test."""
    return f"2026010100{number:04d}"


class SqlFiles:
    """``directory`` is the value of ``--directory``."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        (directory / "migrations").mkdir(parents=True)

    def version(self, number: int, text: str | bytes, *, name: str = "step") -> Path:
        return _written(self.directory / "migrations" / f"{version(number)}_{name}.sql", text)

    def object(self, path: str, text: str | bytes) -> Path:
        return _written(self.directory / "objects" / path, text)

    def remove(self, path: str) -> None:
        (self.directory / "objects" / path).unlink()


@dataclass(frozen=True)
class Ran:
    """The result and the messages of a run."""

    steps: list[MigrationStep]
    plans: list[MigrationPlan] = field(default_factory=list)
    waits: list[str] = field(default_factory=list)

    @property
    def paths(self) -> list[str]:
        """The names of the files, with ``-`` before those whose objects were dropped."""
        return [("-" if step.kind == "drop" else "") + Path(step.path).name for step in self.steps]

    @property
    def drops(self) -> list[str]:
        """The drops that the plan listed before anything ran."""
        return [drop for plan in self.plans for it in plan.obsolete for drop in it.drops]


def run(conn: Connection, files: SqlFiles, **how: Any) -> Ran:
    """Apply ``files``."""
    ran = Ran([])
    callbacks = migrations.Callbacks(plan=ran.plans.append, wait=ran.waits.append)
    ran.steps.extend(migrations.migrate(conn, directory=files.directory, on=callbacks, **how))
    return ran


def states(conn: Connection, files: SqlFiles) -> dict[str, str]:
    """The state of each file according to ``status``, by file name."""
    return {Path(line.path).name: line.state for line in migrations.status(conn, directory=files.directory)}


def names(conn: Connection, statement: str) -> list[Any]:
    return [name for (name,) in conn.execute(statement.encode())]


def functions(conn: Connection) -> list[Any]:
    return names(
        conn,
        "select p.oid::regprocedure::text from pg_proc p join pg_roles r on r.oid = p.proowner "
        "where r.rolname = 'postgres' order by 1",
    )


def policies(conn: Connection) -> list[Any]:
    return names(conn, "select polname from pg_policy where polrelid = 'public.t'::regclass order by 1")


def views(conn: Connection) -> list[Any]:
    return names(
        conn, "select relname from pg_class where relkind in ('v', 'm') and relowner = 'postgres'::regrole"
    )


def may(conn: Connection, privilege: str, table: str = "public.t") -> bool:
    row = conn.execute("select has_table_privilege('authenticated', %s, %s)", (table, privilege)).fetchone()
    return bool(row and row[0])


def _written(path: Path, text: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path
