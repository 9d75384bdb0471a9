"""Operators on the statements of function bodies: guards, calls, the caller, assignments of triggers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from chatctl.services.audit.mutation.edits import Edit
from chatctl.services.audit.mutation.expressions import DROPPED, replacement
from chatctl.services.audit.mutation.nesting import Item, TokenGroup, tree

_ACTOR = re.compile(r"user|person|actor|member|sender|author|owner|account|creator|recipient|profile", re.I)
_BRANCHES = {"if": ("elsif", "elseif", "else"), "case": ("when", "else")}
_NOTHING = "null;"


@dataclass(frozen=True, kw_only=True)
class BodyContext:
    """What the operators need to know about a function.

    ``user_functions`` return the caller's user id, ``predicate_functions`` a boolean about the caller, as
    schema.name. ``request_values`` are uuids from the request: parameters, or ``new.column``.
    """

    user_functions: frozenset[str] = frozenset()
    predicate_functions: frozenset[str] = frozenset()
    request_values: tuple[str, ...] = ()
    trigger: bool = False
    before_row: bool = False


def edits(text: str, context: BodyContext) -> Iterator[Edit]:
    """The edits of the statements in ``text``, a PL/pgSQL body."""
    root = tree(text, procedural=True)
    for group in root.groups:
        if group.opener == "if":
            yield from _branches(group, text, context)
        for statements in _lists(group):
            yield from _statements(statements, text, context)
    yield from caller_edits(text, context)


def caller_edits(text: str, context: BodyContext) -> Iterator[Edit]:
    """Calls that return or check the caller, replaced by a value of the request or ``true``; also for SQL."""
    for group in tree(text).groups:
        yield from _calls(group, text, context)


def names_a_person(name: str) -> bool:
    """Whether the name of a parameter or column suggests a user."""
    return _ACTOR.search(name) is not None


@dataclass(frozen=True)
class _Statement:
    items: tuple[Item, ...]
    end: int  # of its semicolon

    @property
    def start(self) -> int:
        return self.items[0].start

    def starts(self, *words: str) -> bool:
        return self.items[0].is_word(*words)


def _branches(group: TokenGroup, text: str, context: BodyContext) -> Iterator[Edit]:
    """Branches that refuse or return: never taken, always taken, or taken in the opposite case."""
    start = 0
    for position, item in enumerate(group.items):
        if item.is_word("elsif", "elseif"):
            start = position + 1
        if not item.is_word("then") or position == start:
            continue
        condition = group.items[start:position]
        branch = _until_branch(group.items[position + 1 :], _BRANCHES["if"])
        refuses = bool(branch) and all(_refuses(each) for each in branch)
        begin, end = condition[0].start, condition[-1].end
        was = f"if {text[begin:end]}"
        if refuses:
            yield Edit(start=begin, end=end, operator="guard-removed", new="false", was=was, now="if false")
        if all(each.starts("return") for each in branch):
            yield Edit(start=begin, end=end, operator="guard-passed", new="true", was=was, now="if true")
        elif refuses:
            inverted = f"not ({text[begin:end]}\n)"
            yield Edit(
                start=begin,
                end=end,
                operator="guard-inverted",
                new=inverted,
                was=was,
                now=f"if not ({text[begin:end]})",
            )


def _statements(statements: Sequence[_Statement], text: str, context: BodyContext) -> Iterator[Edit]:
    for statement in statements:
        was = text[statement.start : statement.end]
        # The only call of a branch is covered by removing the branch.
        if _is_call(statement) and len(statements) > 1:
            yield Edit(
                start=statement.start,
                end=statement.end,
                operator="guard-call-removed",
                new=_NOTHING,
                was=was,
                now=DROPPED,
            )
        if context.trigger and _sets_column(statement):
            yield Edit(
                start=statement.start,
                end=statement.end,
                operator="assignment-removed",
                new=_NOTHING,
                was=was,
                now=DROPPED,
            )
        yield from _returns(statement, text, context)


def _returns(statement: _Statement, text: str, context: BodyContext) -> Iterator[Edit]:
    if len(statement.items) != 2 or not statement.starts("return"):  # noqa: PLR2004 - return and its value
        return
    opposite = {"true": "false", "false": "true"}
    if context.before_row:
        opposite |= {"null": "new", "new": "null"}
    value = statement.items[1]
    if new := opposite.get(value.text):
        was = text[statement.start : value.end]
        yield Edit(
            start=value.start, end=value.end, operator="return-changed", new=new, was=was, now=f"return {new}"
        )


def _calls(group: TokenGroup, text: str, context: BodyContext) -> Iterator[Edit]:
    for position, item in enumerate(group.items[3:], start=3):
        if not isinstance(item, TokenGroup) or item.opener != "(" or item.items:
            continue
        schema, dot, name = group.items[position - 3 : position]
        called = f"{schema.text}.{name.text}" if dot.text == "." else ""
        if called in context.user_functions:
            for value in context.request_values:
                yield replacement("actor-from-request", text, schema.start, item.end, value)
        if called in context.predicate_functions:
            yield replacement("answer-to-true", text, schema.start, item.end, "true")


def _lists(group: TokenGroup) -> Iterator[list[_Statement]]:
    """The statements of a block, or of each branch of an ``if`` or ``case``."""
    if group.opener in ("begin", "loop"):
        yield _split(group.items)
    for position, item in enumerate(group.items if group.opener in _BRANCHES else ()):
        if item.is_word("then", "else"):
            yield _until_branch(group.items[position + 1 :], _BRANCHES[group.opener])


def _until_branch(items: Sequence[Item], branch_words: Sequence[str]) -> list[_Statement]:
    end = next((position for position, item in enumerate(items) if item.is_word(*branch_words)), len(items))
    return _split(items[:end])


def _split(items: Sequence[Item]) -> list[_Statement]:
    statements = []
    parts: list[Item] = []
    for item in items:
        if item.text == ";":
            if parts:
                statements.append(_Statement(tuple(parts), item.end))
            parts = []
        elif item.is_word("exception", "when", "then") and not any(each.is_word("raise") for each in parts):
            parts = []  # the handlers of a block
        else:
            parts.append(item)
    return statements


def _refuses(statement: _Statement) -> bool:
    return statement.starts("raise", "return") or _is_call(statement)


def _is_call(statement: _Statement) -> bool:
    """Whether it is ``perform schema.function(…)`` rather than a query."""
    items = statement.items
    return statement.starts("perform") and isinstance(items[-1], TokenGroup) and all(
        item.kind in ("word", "name") or item.text == "." for item in items[1:-1]
    ) and not any(item.is_word("from", "exists") for item in items)  # fmt: skip


def _sets_column(statement: _Statement) -> bool:
    """Whether it is ``new.column := …``, which overrides a value of the client."""
    first = [item.text for item in statement.items[:4]]
    return first[:2] == ["new", "."] and first[3:] in ([":="], ["="])
