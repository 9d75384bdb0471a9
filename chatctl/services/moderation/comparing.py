"""``chatctl as --compare``: what one user sees and another does not."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from chatctl.services.moderation.impersonation import Row, ViewedRows


@dataclass(frozen=True)
class Comparison:
    """The rows that only one user sees or that are different for the other; ``identical`` counts the rest.

    A row has ``seen_by``, and in ``differs`` the columns in which the two see other values.
    """

    rows: list[Row]
    identical: int
    only: dict[str, int]
    different: int


def compare(one: ViewedRows, other: ViewedRows, *, personal: Collection[str] = ()) -> Comparison:
    """Compare by id; ``personal`` columns belong to each viewer, and do not count as a difference."""
    theirs: dict[Any, Row] = {row["id"]: row for row in other.rows}
    rows: list[Row] = []
    identical = different = 0
    for row in one.rows:
        match = theirs.pop(row["id"], None)
        if match is None:
            rows.append(_labelled(one, [], row))
            continue
        differs = [name for name in row if name not in personal and row[name] != match[name]]
        if differs:
            different += 1
            rows += [_labelled(one, differs, row), _labelled(other, differs, match)]
        else:
            identical += 1
    rows += [_labelled(other, [], row) for row in theirs.values()]
    only = {
        one.viewer.name: len(one.rows) - identical - different,
        other.viewer.name: len(theirs),
    }
    return Comparison(rows, identical, only, different)


def _labelled(view: ViewedRows, differs: list[str], row: Row) -> Row:
    return {"seen_by": view.viewer.name, "differs": differs, **row}
