"""Writing SQL: what access.yaml says stays as it was written, names and values are quoted."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from psycopg import sql

from chatctl.services.audit.expectations import NEVER

_PLACE = re.compile(r'(?<![\w"$])\$(\d+)')


def written(text: str) -> sql.SQL:
    """SQL that the author of access.yaml wrote, as it is."""
    return sql.SQL(text)


def condition(text: str) -> sql.Composable:
    """A condition of access.yaml as a boolean that is never null."""
    return sql.SQL("false") if text == NEVER else sql.SQL("coalesce(({}), false)").format(written(text))


def relation(name: str) -> str:
    """``schema.table`` quoted."""
    return sql.Identifier(*name.split(".", 1)).as_string(None)


def procedure(signature: str) -> str:
    """``schema.function(types)`` quoted; the types stand in it as the catalogue writes them."""
    name, types = signature.split("(", 1)
    return f"{relation(name)}({types}"


def column(name: str) -> str:
    """A column's name quoted."""
    return sql.Identifier(name).as_string(None)


def literal(value: str | None) -> str:
    """A value as SQL text that takes the type of where it stands."""
    return sql.Literal(value).as_string(None)


def array(values: Iterable[str]) -> str:
    """Texts as the text of an array."""
    escaped = (value.replace("\\", "\\\\").replace('"', '\\"') for value in values)
    return "{" + ",".join(f'"{value}"' for value in escaped) + "}"


def key_text(key: Sequence[str], alias: str = "this") -> str:
    """The key of a row as one text, the same in an expectation and in what comes back."""
    return " || ',' || ".join(f"{column(alias)}.{column(part)}::text" for part in key)


def filled(statement: str, value: Callable[[int], str]) -> str:
    """``statement`` with ``$1``, ``$2`` and so on replaced."""
    return _PLACE.sub(lambda match: value(int(match.group(1))), statement)
