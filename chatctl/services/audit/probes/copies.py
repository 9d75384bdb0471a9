"""Inserting where access.yaml lists no insert: copies of existing rows, which no identity may insert.

Otherwise no probe would show an insert policy that is too wide. An existing row satisfies the constraints;
its copy gets another key and, since policies compare user ids, also the id of the identity that inserts it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from datetime import date, timedelta
from decimal import Decimal
from itertools import count

from chatctl.services.audit.access.expectations import Identity
from chatctl.services.audit.probes.context import UNKNOWN, TableContext
from chatctl.services.audit.probes.probe import Probe
from chatctl.services.audit.stage.contents import Column, TableRow

# How many rows each identity copies, those that it can read first.
_MOST_ROWS = 12
_LARGEST = {"smallint": 2**15 - 1, "integer": 2**31 - 1, "bigint": 2**63 - 1}

Values = Mapping[str, str | None]


def probes(table: TableContext) -> Iterator[Probe]:
    """Copies by each identity; of one row only where the privilege is missing."""
    for identity in table.writers:
        names, has_privilege = _columns(table, identity)
        rows = sorted(table.rows, key=lambda row: row.key not in table.readable[identity.name])
        tried = set[tuple[str | None, ...]]()
        for row in rows[: _MOST_ROWS if has_privilege else 1]:
            for subject, values in _copies(table, identity, row):
                key_values = tuple(values[name] for name in names)
                if key_values in tried:
                    continue
                tried.add(key_values)
                yield table.probe(
                    identity, "insert", subject=subject, statement=table.insert(names), args=key_values,
                    allowed=table.trusts(identity), count=1, privilege="insert", column=names[0],
                )  # fmt: skip
                if not has_privilege:
                    break


def _columns(table: TableContext, identity: Identity) -> tuple[list[str], bool]:
    """The columns that ``identity`` may fill and True; all columns and False if there are none."""
    all_columns = [each.name for each in table.content.columns if not each.generated]
    allowed = [
        name for name in all_columns
        if table.trusts(identity) or table.context.holds(identity, table.rules.name, "insert", name)
    ]  # fmt: skip
    return allowed or all_columns, bool(allowed)


def _copies(table: TableContext, identity: Identity, row: TableRow) -> Iterator[tuple[str, Values]]:
    """The name of each copy, and its values."""
    name = f"a copy of {row.key}"
    copy = {**row.values, **_unique_values(table, row)}
    yield name, copy
    people = [each.name for each in table.content.columns if table.holds_user_ids(each)]
    own = table.context.actors.get(identity.name)
    if own:
        yield f"{name} with oneself as {', '.join(people)}", {**copy, **dict.fromkeys(people, own)}
        for column in people if len(people) > 1 else ():
            yield f"{name} with oneself as {column}", {**copy, column: own}
    elif table.trusts(identity) and (unused := _for_another_user(table, copy, people)):
        yield f"{name} for another", unused


def _unique_values(table: TableContext, row: TableRow) -> Values:
    """New values for the unique columns, as far as they can be generated."""
    values = {}
    for each in table.content.columns:
        unique = each.is_unique or each.name in table.rules.key
        if unique and not each.refers and not table.holds_user_ids(each):
            used = {other.values[each.name] for other in table.rows}
            if (value := _unused_value(each, row.values[each.name], used)) is not None:
                values[each.name] = value
    return values


def _unused_value(each: Column, value: str | None, existing: set[str | None]) -> str | None:
    kind = each.type.partition("(")[0]
    used = {value for value in existing if value}
    if each.type == "uuid":
        return UNKNOWN
    if not value:
        return None
    if kind in ("smallint", "integer", "bigint", "numeric"):
        return _free_number(used, _largest(each.type))
    if kind == "date":
        return _free_day(used)
    if kind in ("text", "character varying", "character", "citext"):
        # One letter more; or another last letter, because the length may be limited.
        lengthened = (value + letter for letter in "xyz") if "(" not in each.type else ()
        return next(
            (text for text in (*lengthened, *(value[:-1] + x for x in "xyz")) if text not in used), None
        )
    return None


def _largest(kind: str) -> int | None:
    """The largest integer that a column of this type can hold; None where it has no bound."""
    if limited := re.fullmatch(r"numeric\((\d+),(-?\d+)\)", kind):
        digits, scale = map(int, limited.groups())
        return int("9" * (digits - scale) or "0")
    return _LARGEST.get(kind)


def _free_number(used: Collection[str], largest: int | None) -> str:
    """The integer after the largest; beyond the type's range, the first unused one."""
    numbers = {number for each in used if (number := Decimal(each)).is_finite()}
    after = math.floor(max(numbers, default=Decimal(0))) + 1
    if largest is None or after <= largest:
        return str(after)
    return str(next(number for number in count(1) if number not in numbers))


def _free_day(used: Collection[str]) -> str:
    """The day after the last one; at the end of the calendar, the first unused day of this century."""
    days = set[date]()
    for each in used:
        with suppress(ValueError):  # infinity, or a year that Python does not have
            days.add(date.fromisoformat(each))
    begin = max(days, default=date.max)
    begin = date(2000, 1, 1) if begin == date.max else begin + timedelta(days=1)
    return str(next(day for more in count() if (day := begin + timedelta(days=more)) not in days))


def _for_another_user(table: TableContext, copy: Values, people: list[str]) -> Values | None:
    """The copy with the user ids in its key replaced by those of a user who has no such row yet."""
    key_columns = [name for name in people if name in table.rules.key]
    for actor in sorted(set(table.context.actors.values())) if key_columns else ():
        values = {**copy, **dict.fromkeys(key_columns, actor)}
        if ",".join(str(values[part]) for part in table.rules.key) not in table.keys:
            return values
    return None
