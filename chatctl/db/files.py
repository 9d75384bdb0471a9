"""The statements that chatctl runs, each in a .sql file."""

from __future__ import annotations

from functools import cache

from chatctl.data import data_directory


@cache
def query(name: str) -> str:
    """The text of ``sql/queries/<name>.sql``, for example ``query("seed/counts")``."""
    return (data_directory("sql") / "queries" / f"{name}.sql").read_text(encoding="utf-8")
