"""Operators on conditions in any SQL text: policies, queries of views, bodies of functions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from chatctl.services.audit.mutation.conditions import BODY, Condition, conditions, in_parentheses
from chatctl.services.audit.mutation.edits import Edit
from chatctl.services.audit.mutation.nesting import Item, TokenGroup, tree
from chatctl.sqltext.tokens import Token

DROPPED = "(dropped)"

_OPPOSITE = {
    "=": "<>",
    "<>": "=",
    "!=": "=",
    "<": ">=",
    ">=": "<",
    ">": "<=",
    "<=": ">",
    "~": "!~",
    "!~": "~",
    "~*": "!~*",
    "!~*": "~*",
    "~~": "!~~",
    "!~~": "~~",
}
_COMPARES = frozenset({"=", "<>", "!=", "<", "<=", ">", ">="})
_MATCHES = frozenset({"~", "!~", "~*", "!~*"})
_NEGATABLE = frozenset({"in", "between", "like", "ilike", "similar"})
# In a body: the clauses that decide its control flow, and those of its queries.
_DECISIONS = frozenset({"if", "elsif", "elseif", "while", "when"})
_DECIDING = _DECISIONS | {"return"}
_CLAUSES = frozenset({"where", "on", "having"})
_NEGATED_WHOLE = frozenset({"whole", "if", "elsif", "elseif"})
_WHOLE_NUMBER = re.compile(r"\d++")


def edits(text: str) -> Iterator[Edit]:
    """The edits of the conditions in ``text``, which is a condition or a query."""
    root = tree(text)
    for condition in conditions(root, "whole"):
        for operator in (*_WEAKENING, *_INVERTING):
            yield from operator(condition, text)
    yield from _indexes_shifted(root, text)


def body_edits(text: str, *, procedural: bool, answers: bool) -> Iterator[Edit]:
    """The edits of the conditions in a function body, leaving out those that do not affect access.

    Conditions of queries are weakened, not inverted, which would break the function for everybody. Unless the
    function ``answers`` clients, only conditions that a branch or the result depends on are edited. In an SQL
    body, all conditions are.
    """
    for condition in conditions(tree(text, procedural=procedural), words=BODY):
        around = {*condition.within, condition.clause}
        if not procedural or around & _DECIDING or (answers and around & _CLAUSES):
            for operator in _WEAKENING:
                yield from operator(condition, text)
        if condition.clause in _DECISIONS:
            for operator in _INVERTING:
                yield from operator(condition, text)


def replacement(operator: str, text: str, start: int, end: int, new: str) -> Edit:
    """An edit that replaces a part of ``text`` by ``new``."""
    return Edit(start=start, end=end, operator=operator, new=new, was=text[start:end], now=new)


def removals(operator: str, operands: Sequence[tuple[Item, ...]], text: str) -> Iterator[Edit]:
    """Each of ``operands`` removed, with the word or comma that joins it to the others."""
    for position, operand in enumerate(operands):
        if position + 1 < len(operands):
            start, end = operand[0].start, operands[position + 1][0].start
        else:
            start, end = operands[position - 1][-1].end, operand[-1].end
        yield Edit(
            start=start,
            end=end,
            operator=operator,
            new="",
            was=text[operand[0].start : operand[-1].end],
            now=DROPPED,
        )


def _operands_dropped(condition: Condition, text: str) -> Iterator[Edit]:
    for conjuncts in condition.disjuncts:
        if len(conjuncts) > 1:
            yield from removals("conjunct-dropped", conjuncts, text)
    if len(condition.disjuncts) > 1:
        alternatives = [tuple(item for operand in each for item in operand) for each in condition.disjuncts]
        yield from removals("disjunct-dropped", alternatives, text)


def _and_to_or(condition: Condition, text: str) -> Iterator[Edit]:
    # Only the first two of several: a probe that detects a missing operand also detects this.
    for conjuncts in condition.disjuncts:
        for left, right in list(pairwise(conjuncts))[:1]:
            a, b = text[left[0].start : left[-1].end], text[right[0].start : right[-1].end]
            start, end = left[0].start, right[-1].end
            yield Edit(
                start=start,
                end=end,
                operator="and-to-or",
                new=f"({a}\nor {b}\n)",
                was=f"{a} and {b}",
                now=f"{a} or {b}",
            )


def _or_to_and(condition: Condition, text: str) -> Iterator[Edit]:
    for left, right in pairwise(condition.disjuncts):
        start, end = left[-1][-1].end, right[0][0].start
        a, b = text[left[0][0].start : start], text[end : right[-1][-1].end]
        yield Edit(
            start=start, end=end, operator="or-to-and", new="\nand ", was=f"{a} or {b}", now=f"{a} and {b}"
        )


def _clause_dropped(condition: Condition, text: str) -> Iterator[Edit]:
    # With several operands, each is dropped by itself.
    alone = condition.is_single and not in_parentheses(condition.disjuncts[0][0])
    if alone and condition.role in ("where", "on"):
        yield replacement(f"{condition.role}-true", text, condition.start, condition.end, "true")


def _comparisons_flipped(condition: Condition, text: str) -> Iterator[Edit]:
    """Comparisons inverted, except joins of two columns, and whole conditions, which are negated."""
    if condition.clause == "on" or (condition.is_single and condition.role in _NEGATED_WHOLE):
        return
    for operand in condition.operands:
        if _joins(operand):
            continue
        shown = text[operand[0].start : operand[-1].end]
        for item in operand:
            if isinstance(item, Token) and item.kind == "operator" and item.text in _OPPOSITE:
                new = _OPPOSITE[item.text]
                offset = item.start - operand[0].start
                now = shown[:offset] + new + shown[offset + len(item.text) :]
                yield Edit(
                    start=item.start, end=item.end, operator="comparison-flipped", new=new, was=shown, now=now
                )


def _tests_flipped(condition: Condition, text: str) -> Iterator[Edit]:
    """``is null`` and ``is distinct from`` with ``not`` added or removed."""
    if condition.is_single and condition.role in _NEGATED_WHOLE:
        return
    for operand in condition.operands:
        shown = text[operand[0].start : operand[-1].end]
        for position, item in enumerate(operand):
            if not item.is_word("is") or position + 1 == len(operand):
                continue
            negated = operand[position + 1].is_word("not")
            end = operand[position + 1].end if negated else item.end
            new = "is" if negated else "is not"
            offset = item.start - operand[0].start
            now = shown[:offset] + new + shown[end - operand[0].start :]
            yield Edit(start=item.start, end=end, operator="test-flipped", new=new, was=shown, now=now)


def _not_removed(condition: Condition, text: str) -> Iterator[Edit]:
    if condition.is_single and condition.role in _NEGATED_WHOLE:
        return
    for operand in condition.operands:
        for item, following in pairwise(operand):
            if item.is_word("not") and (item is operand[0] or following.is_word(*_NEGATABLE)):
                was = text[operand[0].start : operand[-1].end]
                now = text[operand[0].start : item.start] + text[following.start : operand[-1].end]
                yield Edit(
                    start=item.start, end=following.start, operator="not-removed", new="", was=was, now=now
                )


def _exists_to_true(condition: Condition, text: str) -> Iterator[Edit]:
    for conjuncts in condition.disjuncts:
        for operand in conjuncts:
            position = 1 if operand[0].is_word("not") else 0
            # A true AND operand is the same as a dropped one; a whole clause has its own operator.
            is_covered = len(conjuncts) > 1 or (
                condition.is_single and condition.role not in ("or", "not", "")
            )
            if (
                len(operand) == position + 2
                and operand[position].is_word("exists")
                and (position or not is_covered)
            ):
                yield replacement("exists-to-true", text, operand[position].start, operand[-1].end, "true")


def _literals_removed(condition: Condition, text: str) -> Iterator[Edit]:
    """A list of literals without its first or last element."""
    for operand in condition.operands:
        for group in _lists(operand):
            literals = _separated(group)
            if len(literals) > 1 and all(len(each) <= 3 and each[0].kind == "string" for each in literals):  # noqa: PLR2004 - 'a'::text
                single_removals = list(removals("literal-removed", literals, text))
                yield from (single_removals[0], single_removals[-1])


def _constants_shifted(condition: Condition, text: str) -> Iterator[Edit]:
    for operand in condition.operands:
        shown = text[operand[0].start : operand[-1].end]
        for position, item in enumerate(operand):
            before = operand[position - 1] if position else None
            bound = before is not None and (
                before.text in _COMPARES or before.is_word("between") or _ends_between(operand, position)
            )
            if bound and item.kind == "number" and _WHOLE_NUMBER.fullmatch(item.text):
                new = str(int(item.text) + 1)
                now = shown[: item.start - operand[0].start] + new + shown[item.end - operand[0].start :]
                yield Edit(
                    start=item.start, end=item.end, operator="constant-shifted", new=new, was=shown, now=now
                )


def _patterns_opened(condition: Condition, text: str) -> Iterator[Edit]:
    """Regular expressions without one of their anchors."""
    for operand in condition.operands:
        for operator, pattern in pairwise(operand):
            if operator.text in _MATCHES and pattern.kind == "string" and isinstance(pattern, Token):
                written = pattern.text
                if written.startswith("'^"):
                    new = "'" + written[2:]
                    yield replacement("pattern-opened", text, pattern.start, pattern.end, new)
                if written.endswith("$'"):
                    new = written[:-2] + "'"
                    yield replacement("pattern-opened", text, pattern.start, pattern.end, new)


def _indexes_shifted(root: TokenGroup, text: str) -> Iterator[Edit]:
    for group in root.groups:
        for array, index in pairwise(group.items):
            if isinstance(index, TokenGroup) and index.opener == "[" and len(index.items) == 1:
                written = text[index.items[0].start : index.items[0].end]
                was = text[array.start : index.end]
                for new in (int(written) - 1, int(written) + 1) if written.isdecimal() else ():
                    if new > 0:
                        now = f"{text[array.start : array.end]}[{new}]"
                        yield Edit(
                            start=index.start,
                            end=index.end,
                            operator="index-shifted",
                            new=f"[{new}]",
                            was=was,
                            now=now,
                        )


def _joins(operand: tuple[Item, ...]) -> bool:
    """Whether it compares two qualified columns."""
    kinds = [item.text if item.kind == "mark" else item.kind for item in operand]
    return [{"name": "word"}.get(kind, kind) for kind in kinds] == [
        "word",
        ".",
        "word",
        "operator",
        "word",
        ".",
        "word",
    ]


def _lists(operand: tuple[Item, ...]) -> Iterator[TokenGroup]:
    """The lists ``('a', 'b')`` after ``in``, and ``['a', 'b']`` in ``any`` and ``all``."""
    for item, following in pairwise(operand):
        if isinstance(following, TokenGroup):
            if item.is_word("in"):
                yield following
            if item.is_word("any", "all"):
                yield from (inner for inner in following.groups if inner.opener == "[")


def _separated(group: TokenGroup) -> list[tuple[Item, ...]]:
    parts: list[list[Item]] = [[]]
    for item in group.items:
        if item.text == ",":
            parts.append([])
        else:
            parts[-1].append(item)
    return [tuple(part) for part in parts if part]


def _ends_between(operand: tuple[Item, ...], position: int) -> bool:
    earlier = operand[:position]
    return earlier[-1].is_word("and") and any(item.is_word("between") for item in earlier)


_WEAKENING: Sequence[Callable[[Condition, str], Iterator[Edit]]] = (
    _operands_dropped,
    _clause_dropped,
    _exists_to_true,
    _literals_removed,
)
_INVERTING: Sequence[Callable[[Condition, str], Iterator[Edit]]] = (
    _and_to_or,
    _or_to_and,
    _comparisons_flipped,
    _tests_flipped,
    _not_removed,
    _constants_shifted,
    _patterns_opened,
)
