"""Writing SQL: quoting names and values, and filling placeholders."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from psycopg import sql

_PLACE = re.compile(r'(?<![\w"$])\$(\d++)')


def relation(name: str) -> str:
    """``schema.table`` quoted."""
    return sql.Identifier(*name.split(".", 1)).as_string(None)


def procedure(signature: str) -> str:
    """``schema.function(types)`` quoted; types are kept as the system catalogs write them."""
    name, types = signature.split("(", 1)
    return f"{relation(name)}({types}"


def column(name: str) -> str:
    """The name of a column, quoted."""
    return sql.Identifier(name).as_string(None)


def literal(value: str | None) -> str:
    """A value as a SQL literal of unknown type, so that the context decides its type."""
    return sql.Literal(value).as_string(None)


def array(values: Iterable[str]) -> str:
    """Strings as a PostgreSQL array in text form."""
    escaped = (value.replace("\\", "\\\\").replace('"', '\\"') for value in values)
    return "{" + ",".join(f'"{value}"' for value in escaped) + "}"


def fill_placeholders(statement: str, value: Callable[[int], str]) -> str:
    """``statement`` with ``$1``, ``$2`` and so on replaced by ``value(number)``."""
    return _PLACE.sub(lambda match: value(int(match.group(1))), statement)
