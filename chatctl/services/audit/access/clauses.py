"""Parts of statements that come from access.yaml: SQL text, conditions, and the key of a row."""

from __future__ import annotations

from collections.abc import Sequence

from psycopg import sql

from chatctl.services.audit.access.expectations import NEVER
from chatctl.sqltext.quoting import column


def raw_sql(text: str) -> sql.SQL:
    """SQL text from access.yaml, unchanged."""
    return sql.SQL(text)


def condition(text: str) -> sql.Composable:
    """A condition of access.yaml as a boolean expression that is never null."""
    return sql.SQL("false") if text == NEVER else sql.SQL("coalesce(({}), false)").format(raw_sql(text))


def key_expression(key: Sequence[str], alias: str = "this") -> str:
    """The SQL for the key of a row as one text, for expectations and for results alike."""
    return " || ',' || ".join(f"{column(alias)}.{column(part)}::text" for part in key)
