"""Operators that need the tables in scope: columns of another table, other user columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from chatctl.services.audit.mutation.catalogue import Catalogue
from chatctl.services.audit.mutation.conditions import QUERY
from chatctl.services.audit.mutation.edits import Edit
from chatctl.services.audit.mutation.nesting import Item, TokenGroup, tree
from chatctl.sqltext.quoting import column as quoted

Sources = Mapping[str, str]  # alias -> schema.table


def edits(text: str, catalogue: Catalogue, outer: Sources) -> Iterator[Edit]:
    """The edits of a condition or query; ``outer`` are the tables whose rows it is evaluated for."""
    root = tree(text)
    yield from _edits(root, text, catalogue, {} if root.is_select else outer, outer)


def _edits(
    group: TokenGroup, text: str, catalogue: Catalogue, local: Sources, outer: Sources
) -> Iterator[Edit]:
    for query in _combined_queries(group):
        yield from _edits_of_one(query, text, catalogue, local, outer)


def _combined_queries(group: TokenGroup) -> Iterator[TokenGroup]:
    """The queries that UNION, INTERSECT or EXCEPT combine, each with tables of its own."""
    start = 0
    for position, item in enumerate(group.items):
        if item.is_word("union", "intersect", "except"):
            yield replace(group, items=group.items[start:position])
            start = position + 1
            if start < len(group.items) and group.items[start].is_word("all", "distinct"):
                start += 1
    yield replace(group, items=group.items[start:])


def _edits_of_one(
    group: TokenGroup, text: str, catalogue: Catalogue, local: Sources, outer: Sources
) -> Iterator[Edit]:
    if group.is_select:
        outer, local = {**outer, **local}, sources(group)
        yield from _captured(group, catalogue, local, outer)
    yield from _swapped(group, text, catalogue, {**outer, **local})
    for item in group.items:
        if isinstance(item, TokenGroup):
            yield from _edits(item, text, catalogue, local, outer)


def sources(group: TokenGroup) -> dict[str, str]:
    """The tables in the FROM clause of a query, by alias."""
    tables: dict[str, str] = {}
    _read_sources(group.items, tables)
    return tables


def _read_sources(items: Sequence[Item], tables: dict[str, str]) -> None:
    for before, item in pairwise(enumerate(items)):
        if before[1].is_word("from", "join", "lateral", "only"):
            _read_source(items[item[0] :], tables)


def _read_source(items: Sequence[Item], tables: dict[str, str]) -> None:
    first = items[0]
    if isinstance(first, TokenGroup):
        if not first.is_select and first.items:  # a parenthesized join
            _read_source(first.items, tables)
            _read_sources(first.items, tables)
        return
    if len(items) < 3 or items[1].text != "." or isinstance(items[2], TokenGroup):  # noqa: PLR2004 - schema.table
        return
    name = f"{first.plain}.{items[2].plain}"
    rest = [item for item in items[3:5] if not item.is_word("as")]
    alias = rest[0] if rest and rest[0].kind in ("word", "name") and not rest[0].is_word(*QUERY) else items[2]
    tables[alias.plain] = name


def _captured(group: TokenGroup, catalogue: Catalogue, local: Sources, outer: Sources) -> Iterator[Edit]:
    """A column of the outer row, replaced by the column of the same name of an inner table."""
    for inner in _without_queries(group):
        for alias, dot, column in zip(inner.items, inner.items[1:], inner.items[2:], strict=False):
            if (
                dot.text != "."
                or isinstance(column, TokenGroup)
                or alias.plain not in set(outer) - set(local)
            ):
                continue
            for own, relation in local.items():
                if column.plain in _columns(catalogue, relation):
                    was, now = f"{alias.text}.{column.text}", f"{own}.{column.text}"
                    new = f"{quoted(own)}.{column.text}"
                    yield Edit(
                        start=alias.start,
                        end=column.end,
                        operator="column-captured",
                        new=new,
                        was=was,
                        now=now,
                    )


def _swapped(group: TokenGroup, text: str, catalogue: Catalogue, scope: Sources) -> Iterator[Edit]:
    """A column that is compared with the caller, replaced by another user column in scope."""
    items = group.items
    for position, item in enumerate(items):
        if item.text != "=":
            continue
        left, right = items[max(position - 3, 0) : position], items[position + 1 : position + 5]
        column = []
        if _calls_user_function(right, catalogue):
            column = left if len(left) == 3 and left[1].text == "." else left[-1:]  # noqa: PLR2004 - table.column
        elif _calls_user_function(left[-1:], catalogue):
            column = right[:3] if len(right) > 1 and right[1].text == "." else right[:1]
        if column and not any(isinstance(each, TokenGroup) for each in column):
            yield from _replacements(column, text, catalogue, scope)


def _replacements(column: Sequence[Item], text: str, catalogue: Catalogue, scope: Sources) -> Iterator[Edit]:
    name = column[-1].plain
    table = column[0].plain if len(column) > 1 else ""
    for alias, relation in scope.items():
        known = catalogue.relations.get(relation)
        for other in known.principals if known else ():
            if other != name or table not in ("", alias):
                new = f"{quoted(alias)}.{quoted(other)}"
                start, end = column[0].start, column[-1].end
                yield Edit(
                    start=start,
                    end=end,
                    operator="principal-swapped",
                    new=new,
                    was=text[start:end],
                    now=f"{alias}.{other}",
                )


def _calls_user_function(items: Sequence[Item], catalogue: Catalogue) -> bool:
    """Whether ``items`` begin with a call of a user function, or with one in ``(select …)``."""
    if items and isinstance(items[0], TokenGroup):
        return items[0].is_select and _calls_user_function(items[0].items[1:], catalogue)
    called = "".join(item.text for item in items[:3])
    return called in catalogue.user_functions


def _without_queries(group: TokenGroup) -> Iterator[TokenGroup]:
    yield group
    for item in group.items:
        if isinstance(item, TokenGroup) and not item.is_select:
            yield from _without_queries(item)


def _columns(catalogue: Catalogue, relation: str) -> Sequence[str]:
    known = catalogue.relations.get(relation)
    return known.columns if known else ()
