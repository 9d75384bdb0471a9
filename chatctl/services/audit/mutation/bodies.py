"""Operators on the statements of a PL/pgSQL body: guards, calls, who the caller is, what a trigger does."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from chatctl.services.audit.mutation.edits import Edit
from chatctl.services.audit.mutation.expressions import DROPPED, replaced
from chatctl.services.audit.mutation.nesting import Group, Item, tree

_ACTOR = re.compile(r"user|person|actor|member|sender|author|owner|account|creator|recipient|profile", re.I)
_BRANCHES = {"if": ("elsif", "elseif", "else"), "case": ("when", "else")}
_NOTHING = "null;"


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What a body can name: who asks, by which functions, and what the caller says about itself.

    ``asks_who`` are the functions that tell the caller's user id, ``asks_whether`` those that tell a truth
    about it, both as schema.name; ``given`` the uuids that the request brings: parameters, ``new.column``.
    """

    asks_who: frozenset[str] = frozenset()
    asks_whether: frozenset[str] = frozenset()
    given: tuple[str, ...] = ()
    trigger: bool = False
    before_row: bool = False


def edits(text: str, around: Surroundings) -> Iterator[Edit]:
    """Every change that an operator makes to the statements of ``text``."""
    root = tree(text, procedural=True)
    for group in root.groups:
        if group.opener == "if":
            yield from _branches(group, text, around)
        for statements in _lists(group):
            yield from _statements(statements, text, around)
    yield from answers_replaced(text, around)


def answers_replaced(text: str, around: Surroundings) -> Iterator[Edit]:
    """Calls that tell who asks, replaced by what the request says or by ``true``; for SQL bodies, too."""
    for group in tree(text).groups:
        yield from _calls(group, text, around)


def speaks_of_a_user(name: str) -> bool:
    """Whether a parameter or column is named for a person."""
    return _ACTOR.search(name) is not None


@dataclass(frozen=True)
class _Statement:
    items: tuple[Item, ...]
    end: int  # after its semicolon

    @property
    def start(self) -> int:
        return self.items[0].start

    def starts(self, *words: str) -> bool:
        return self.items[0].is_word(*words)


def _branches(group: Group, text: str, around: Surroundings) -> Iterator[Edit]:
    """Each branch that refuses never taken, or taken when it should not be."""
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


def _statements(statements: Sequence[_Statement], text: str, around: Surroundings) -> Iterator[Edit]:
    for statement in statements:
        was = text[statement.start : statement.end]
        # Alone in its branch it goes with the branch.
        if _is_call(statement) and len(statements) > 1:
            yield Edit(
                start=statement.start,
                end=statement.end,
                operator="guard-call-removed",
                new=_NOTHING,
                was=was,
                now=DROPPED,
            )
        if around.trigger and _sets_column(statement):
            yield Edit(
                start=statement.start,
                end=statement.end,
                operator="assignment-removed",
                new=_NOTHING,
                was=was,
                now=DROPPED,
            )
        yield from _returns(statement, text, around)


def _returns(statement: _Statement, text: str, around: Surroundings) -> Iterator[Edit]:
    if len(statement.items) != 2 or not statement.starts("return"):  # noqa: PLR2004 - return and its value
        return
    opposite = {"true": "false", "false": "true"}
    if around.before_row:
        opposite |= {"null": "new", "new": "null"}
    value = statement.items[1]
    if new := opposite.get(value.text):
        was = text[statement.start : value.end]
        yield Edit(
            start=value.start, end=value.end, operator="return-changed", new=new, was=was, now=f"return {new}"
        )


def _calls(group: Group, text: str, around: Surroundings) -> Iterator[Edit]:
    for position, item in enumerate(group.items[3:], start=3):
        if not isinstance(item, Group) or item.opener != "(" or item.items:
            continue
        schema, dot, name = group.items[position - 3 : position]
        called = f"{schema.text}.{name.text}" if dot.text == "." else ""
        if called in around.asks_who:
            for given in around.given:
                yield replaced("actor-from-request", text, schema.start, item.end, given)
        if called in around.asks_whether:
            yield replaced("answer-to-true", text, schema.start, item.end, "true")


def _lists(group: Group) -> Iterator[list[_Statement]]:
    """The lists of statements of a block, or of the branches of an ``if`` or a ``case``."""
    if group.opener in ("begin", "loop"):
        yield _split(group.items)
    for position, item in enumerate(group.items if group.opener in _BRANCHES else ()):
        if item.is_word("then", "else"):
            yield _until_branch(group.items[position + 1 :], _BRANCHES[group.opener])


def _until_branch(items: Sequence[Item], others: Sequence[str]) -> list[_Statement]:
    end = next((position for position, item in enumerate(items) if item.is_word(*others)), len(items))
    return _split(items[:end])


def _split(items: Sequence[Item]) -> list[_Statement]:
    found = []
    parts: list[Item] = []
    for item in items:
        if item.text == ";":
            if parts:
                found.append(_Statement(tuple(parts), item.end))
            parts = []
        elif item.is_word("exception", "when", "then") and not any(each.is_word("raise") for each in parts):
            parts = []  # the handlers of a block
        else:
            parts.append(item)
    return found


def _refuses(statement: _Statement) -> bool:
    return statement.starts("raise", "return") or _is_call(statement)


def _is_call(statement: _Statement) -> bool:
    """``perform schema.function(…)``, and no query."""
    items = statement.items
    return statement.starts("perform") and isinstance(items[-1], Group) and all(
        item.kind in ("word", "name") or item.text == "." for item in items[1:-1]
    ) and not any(item.is_word("from", "exists") for item in items)  # fmt: skip


def _sets_column(statement: _Statement) -> bool:
    """``new.column := …``: what a client would have to be believed for without it."""
    first = [item.text for item in statement.items[:4]]
    return first[:2] == ["new", "."] and first[3:] in ([":="], ["="])
