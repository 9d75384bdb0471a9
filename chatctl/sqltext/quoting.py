"""Writing SQL: names and values are quoted, placeholders are filled."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from psycopg import sql

_PLACE = re.compile(r'(?<![\w"$])\$(\d++)')


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


def filled(statement: str, value: Callable[[int], str]) -> str:
    """``statement`` with ``$1``, ``$2`` and so on replaced."""
    return _PLACE.sub(lambda match: value(int(match.group(1))), statement)
