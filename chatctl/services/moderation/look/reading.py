"""Reading for operators: in a snapshot that cannot change anything, a page at a time."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import psycopg
from psycopg.rows import class_row, dict_row
from psycopg.types.json import Jsonb

from chatctl.db.connection import Connection
from chatctl.db.files import query
from chatctl.errors import Invalid
from chatctl.services.moderation import transaction
from chatctl.services.moderation.operators import OperatorAct

Row = TypeVar("Row")


@contextmanager
def snapshot(conn: Connection) -> Iterator[None]:
    """A read-only transaction in which all queries see the same data."""
    with transaction.migrated(), conn.transaction():
        conn.execute("set transaction isolation level repeatable read, read only")
        yield


def rows(conn: Connection, kind: type[Row], name: str, parameters: Mapping[str, Any]) -> list[Row]:
    """The rows of ``sql/queries/moderation/look/<name>.sql``."""
    with conn.cursor(row_factory=class_row(kind)) as cursor:
        return cursor.execute(query(f"moderation/look/{name}"), parameters).fetchall()


def log_read(
    conn: Connection,
    command: str,
    targets: Sequence[str],
    arguments: Mapping[str, Any],
    act: OperatorAct,
    *,
    on_wait: Callable[[str], None],
) -> None:
    """Commit a row of the log that says who is about to read messages, and why.

    ``targets`` are as the log has them, for example ``conversation:6f…``.
    """
    transaction.run(
        conn,
        "log_read",
        {"command": command, "targets": list(targets), "arguments": Jsonb(dict(arguments)), **act.parameters},
        dry_run=False,
        on_wait=on_wait,
    )


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Some of ``total`` rows; ``cursor`` leads to the next page, and is None after the last one."""

    rows: list[Row]
    total: int
    cursor: str | None


def page(
    conn: Connection,
    kind: type[Row],
    name: str,
    parameters: Mapping[str, Any],
    *,
    key: Sequence[str],
    cursor: str | None,
    limit: int,
) -> Page[Row]:
    """One page of the query ``name``, which takes the last row's columns ``key`` as ``after_<column>``.

    Raises Invalid for a cursor that is not one of this list.
    """
    after = dict.fromkeys(key) if cursor is None else _decoded(cursor, name, key)
    bound = {**parameters, **{f"after_{column}": value for column, value in after.items()}}
    with snapshot(conn), conn.cursor(row_factory=dict_row) as result:
        try:
            found = result.execute(query(f"moderation/look/{name}"), {**bound, "count": limit + 1}).fetchall()
        except psycopg.errors.DataError:
            if cursor is None:
                raise
            raise _not_a_cursor(cursor) from None
    total = found[0]["total"] if found else 0
    shown = [kind(**{column: row[column] for column in row if column != "total"}) for row in found[:limit]]
    more = len(found) > limit
    return Page(shown, total, _encoded(name, [found[limit - 1][column] for column in key]) if more else None)


def _encoded(name: str, values: Sequence[Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps([name, *map(str, values)]).encode()).decode().rstrip("=")


def _decoded(cursor: str, name: str, key: Sequence[str]) -> dict[str, str]:
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError):
        raise _not_a_cursor(cursor) from None
    if not isinstance(values, list) or values[:1] != [name] or len(values) != len(key) + 1:
        raise _not_a_cursor(cursor)
    if not all(isinstance(value, str) and "\0" not in value for value in values):
        raise _not_a_cursor(cursor)
    return dict(zip(key, values[1:], strict=True))


def _not_a_cursor(cursor: str) -> Invalid:
    return Invalid(
        f"--cursor {cursor!r} was not printed by this command",
        hint="leave it out to start with the first page",
    )
