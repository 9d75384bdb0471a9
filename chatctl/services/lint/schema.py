"""The rules about the schema of a database, one file of sql/lints each."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import takewhile
from pathlib import Path

from psycopg.rows import dict_row

from chatctl.data import data_directory
from chatctl.db.connection import Connection
from chatctl.db.files import query
from chatctl.services.lint.findings import Level, LintFinding, LintRule

_LEVELS: dict[str, Level] = {"level: error": "error", "level: warning": "warning"}


def check_schema(conn: Connection, roles: Sequence[str] = ("anon", "authenticated")) -> list[LintFinding]:
    """The findings of the rules of sql/lints in the database of ``conn``; read-only.

    ``roles`` are the roles that the API assumes for its callers; missing ones are ignored.
    """
    # Rolled back, so that the settings do not leak into an open transaction of the caller.
    with conn.transaction(force_rollback=True), conn.cursor(row_factory=dict_row) as cursor:
        # The queries require it: names in expressions are then schema-qualified.
        cursor.execute("select set_config('search_path', '', true)")
        cursor.execute("select set_config('chatctl.api_roles', %s, true)", [",".join(roles)])
        cursor.execute(query("platform"))
        return [
            rule(path).finding(**row)
            for path in queries()
            for row in cursor.execute(path.read_bytes()).fetchall()
        ]


def queries() -> list[Path]:
    """The files of the rules; each is named after its rule."""
    return sorted((data_directory("sql") / "lints").glob("*.sql"))


@cache
def rule(path: Path) -> LintRule:
    """The rule in ``path``, parsed from its first comment: title, level, explanation."""
    lines = path.read_text(encoding="utf-8").splitlines()
    comment = takewhile(lambda line: line.startswith("--"), lines)
    title, level, *explanation = (line.removeprefix("--").strip() for line in comment)
    return LintRule(path.stem, _LEVELS[level], "schema", title, "\n".join(explanation))
