"""Inserting where access.yaml lists no insert: copies of the rows on stage, which nobody may make.

A policy that lets one in would never be asked otherwise. A row that is there satisfies constraints; its copy
has another key, and, since policies are about people, also the id of whoever inserts it in place of others'.
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
from chatctl.services.audit.probes.context import UNKNOWN, TableStage
from chatctl.services.audit.probes.probe import Probe
from chatctl.services.audit.stage.contents import Column, Row

# So many rows are copied by each, those it can read first.
_MOST_ROWS = 12
_LARGEST = {"smallint": 2**15 - 1, "integer": 2**31 - 1, "bigint": 2**63 - 1}

Values = Mapping[str, str | None]


def probes(on: TableStage) -> Iterator[Probe]:
    """Copies by everybody, of one row where the privilege is missing."""
    for identity in on.writers:
        names, held = _columns(on, identity)
        rows = sorted(on.rows, key=lambda row: row.key not in on.readable[identity.name])
        seen = set[tuple[str | None, ...]]()
        for row in rows[: _MOST_ROWS if held else 1]:
            for subject, values in _copies(on, identity, row):
                given = tuple(values[name] for name in names)
                if given in seen:
                    continue
                seen.add(given)
                yield on.probe(
                    identity, "insert", subject=subject, statement=on.insert(names), args=given,
                    allowed=on.trusts(identity), count=1, privilege="insert", column=names[0],
                )  # fmt: skip
                if not held:
                    break


def _columns(on: TableStage, identity: Identity) -> tuple[list[str], bool]:
    """The columns that ``identity`` may fill, and whether there are any; else all."""
    every = [each.name for each in on.content.columns if not each.generated]
    held = [
        name for name in every
        if on.trusts(identity) or on.stage.holds(identity, on.table.name, "insert", name)
    ]  # fmt: skip
    return held or every, bool(held)


def _copies(on: TableStage, identity: Identity, row: Row) -> Iterator[tuple[str, Values]]:
    """What the copy is called, and its values."""
    name = f"a copy of {row.key}"
    copy = {**row.values, **_new(on, row)}
    yield name, copy
    people = [each.name for each in on.content.columns if on.names_people(each)]
    own = on.stage.actors.get(identity.name)
    if own:
        yield f"{name} with oneself as {', '.join(people)}", {**copy, **dict.fromkeys(people, own)}
        for column in people if len(people) > 1 else ():
            yield f"{name} with oneself as {column}", {**copy, column: own}
    elif on.trusts(identity) and (free := _unused(on, copy, people)):
        yield f"{name} for another", free


def _new(on: TableStage, row: Row) -> Values:
    """Another value for each column that has to be unique, where one can be made."""
    found = {}
    for each in on.content.columns:
        unique = each.is_unique or each.name in on.table.key
        if unique and not each.refers and not on.names_people(each):
            there = {other.values[each.name] for other in on.rows}
            if (value := _another(each, row.values[each.name], there)) is not None:
                found[each.name] = value
    return found


def _another(each: Column, value: str | None, there: set[str | None]) -> str | None:
    kind = each.type.partition("(")[0]
    taken = {other for other in there if other}
    if each.type == "uuid":
        return UNKNOWN
    if not value:
        return None
    if kind in ("smallint", "integer", "bigint", "numeric"):
        return _free_number(taken, _largest(each.type))
    if kind == "date":
        return _free_day(taken)
    if kind in ("text", "character varying", "character", "citext"):
        # A letter more, or another in place of the last: the length may be limited.
        made = (value + letter for letter in "xyz") if "(" not in each.type else ()
        return next((text for text in (*made, *(value[:-1] + x for x in "xyz")) if text not in taken), None)
    return None


def _largest(kind: str) -> int | None:
    """The largest integer that a column of this type can hold; None where it has no bound."""
    if limited := re.fullmatch(r"numeric\((\d+),(-?\d+)\)", kind):
        digits, scale = map(int, limited.groups())
        return int("9" * (digits - scale) or "0")
    return _LARGEST.get(kind)


def _free_number(taken: Collection[str], largest: int | None) -> str:
    """The next integer after all of them, or the first that is free."""
    numbers = {number for each in taken if (number := Decimal(each)).is_finite()}
    after = math.floor(max(numbers, default=Decimal(0))) + 1
    if largest is None or after <= largest:
        return str(after)
    return str(next(number for number in count(1) if number not in numbers))


def _free_day(taken: Collection[str]) -> str:
    """The day after the last of the calendar's, or the first of this century that is free."""
    days = set[date]()
    for each in taken:
        with suppress(ValueError):  # infinity, or a year that Python does not have
            days.add(date.fromisoformat(each))
    begin = max(days, default=date.max)
    begin = date(2000, 1, 1) if begin == date.max else begin + timedelta(days=1)
    return str(next(day for more in count() if (day := begin + timedelta(days=more)) not in days))


def _unused(on: TableStage, copy: Values, people: list[str]) -> Values | None:
    """The copy with somebody in the key for whom there is none yet."""
    keyed = [name for name in people if name in on.table.key]
    for actor in sorted(set(on.stage.actors.values())) if keyed else ():
        values = {**copy, **dict.fromkeys(keyed, actor)}
        if ",".join(str(values[part]) for part in on.table.key) not in on.keys:
            return values
    return None
