"""The SQL that chatctl runs, each statement in a .sql file."""

from __future__ import annotations

from functools import cache

from chatctl.data import data_directory


@cache
def query(name: str) -> str:
    """The text of ``sql/queries/<name>.sql``, which reads, for example ``query("seed/runs")``."""
    return _text("queries", name)


@cache
def sql_statement(name: str) -> str:
    """The text of ``sql/statements/<name>.sql``, which changes something: rows, definitions or settings."""
    return _text("statements", name)


def _text(folder: str, name: str) -> str:
    return (data_directory("sql") / folder / f"{name}.sql").read_text(encoding="utf-8")
