"""The parts of a statement that access.yaml decides: its own SQL, conditions, and the key of a row."""

from __future__ import annotations

from collections.abc import Sequence

from psycopg import sql

from chatctl.services.audit.access.expectations import NEVER
from chatctl.sqltext.quoting import column


def written(text: str) -> sql.SQL:
    """SQL that the author of access.yaml wrote, as it is."""
    return sql.SQL(text)


def condition(text: str) -> sql.Composable:
    """A condition of access.yaml as a boolean that is never null."""
    return sql.SQL("false") if text == NEVER else sql.SQL("coalesce(({}), false)").format(written(text))


def key_text(key: Sequence[str], alias: str = "this") -> str:
    """The key of a row as one text, the same in an expectation and in what comes back."""
    return " || ',' || ".join(f"{column(alias)}.{column(part)}::text" for part in key)
