"""Times in the fixture that are so close to now that a verdict may depend on how long the audit takes.

A rule that compares such a time with the clock may change its result while the audit runs. Most of these
times are a ``created_at`` that no rule reads, so the report only lists them. A result that did change is a
time-dependent finding, see ``verdicts.retrial``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import Any

from psycopg import sql

from chatctl.db.connection import Connection
from chatctl.db.files import query
from chatctl.services.audit.access.clauses import raw_sql
from chatctl.sqltext.quoting import relation

_NEAR = timedelta(days=1)
_ZONES = timedelta(hours=14)  # a time without a zone may be in any
_TIMES = re.compile(
    r"(?<!\d)(\d{4}-\d\d-\d\d)(?:([ T]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(Z|[+-]\d\d(?::?\d\d)?)?)?(?!\d)"
)


def near_now(conn: Connection) -> tuple[str, ...]:
    """The columns, as ``schema.table.column``, in which this transaction wrote a time within a day of now.

    Every table that it wrote to is searched, arrays, ranges, JSON and text included. A number counts as a
    time in seconds, milliseconds or microseconds since the epoch.
    """
    now = conn.execute("select now()", binary=True).fetchall()[0][0].astimezone(UTC)
    columns = dict.fromkeys(
        f"{table}.{column}"
        for table, intervals in conn.execute(query("audit/written").encode()).fetchall()
        for row in _rows(conn, table, intervals)
        for column in _near(row, intervals, now)
    )
    return tuple(sorted(columns))


def _rows(conn: Connection, table: str, intervals: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    """The rows that this transaction wrote, as JSON; intervals in seconds."""
    seconds = [
        sql.SQL("{}, extract(epoch from this.{})").format(sql.Literal(each), sql.Identifier(each))
        for each in intervals
    ]
    statement = sql.SQL(
        "select to_jsonb(this) || jsonb_build_object({}) from {} this "
        "where age(this.xmin) <= age(pg_current_xact_id()::xid)"
    ).format(sql.SQL(", ").join(seconds), raw_sql(relation(table)))
    yield from (row for (row,) in conn.execute(statement))


def _near(row: Mapping[str, Any], intervals: Sequence[str], now: datetime) -> Iterator[str]:
    times = {column: [*_times(value)] for column, value in row.items() if column not in intervals}
    for column, column_times in times.items():
        if any(abs(time - now) <= slack for time, slack in column_times):
            yield column
    for interval in intervals:
        length = _length(row[interval])
        for column, column_times in times.items():
            if any(_reaches(time, length, now, slack) for time, slack in column_times):
                yield f"{column} + {interval}"


def _length(seconds: float | str | None) -> timedelta:
    """The length of an interval; zero for one that is infinite or too long for Python."""
    with suppress(OverflowError, ValueError):
        return timedelta(seconds=float(seconds or 0))
    return timedelta(0)


def _reaches(time: datetime, length: timedelta, now: datetime, slack: timedelta) -> bool:
    with suppress(OverflowError):
        return abs(time + length - now) <= slack < abs(time - now)
    return False


def _times(value: Any) -> Iterator[tuple[datetime, timedelta]]:
    """Every time in ``value``, with the distance from now within which it counts as near."""
    match value:
        case Mapping():
            yield from (time for each in value.values() for time in _times(each))
        case list():
            yield from (time for each in value for time in _times(each))
        case str():
            yield from (time for match in _TIMES.finditer(value) if (time := _time(*match.groups())))
        case int() | float() if not isinstance(value, bool):
            for unit in (1, 1_000, 1_000_000):
                with suppress(OverflowError, ValueError, OSError):
                    yield datetime.fromtimestamp(value / unit, UTC), _NEAR


def _time(day: str, clock: str | None, zone: str | None) -> tuple[datetime, timedelta] | None:
    try:
        if clock is None:  # a date: its whole day
            noon = datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC) + timedelta(hours=12)
            return noon, _NEAR + _ZONES + timedelta(hours=12)
        moment = datetime.fromisoformat(day + clock + (zone or "+00"))
    except ValueError:  # not a date of the calendar
        return None
    return moment, _NEAR if zone else _NEAR + _ZONES
