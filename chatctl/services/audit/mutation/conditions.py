"""Where in a text the conditions stand, and what they are made of."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from chatctl.services.audit.mutation.nesting import Group, Item

# What a stretch of a query begins with, and where an operand before it ends. All of them are reserved words.
QUERY = frozenset(
    """
    select from where having on join inner left right full cross natural lateral group order limit offset for
    union intersect except returning when then else as into using with window
    """.split()  # noqa: SIM905 - a list of words
)
# The same in a function's body, where a statement begins with words that a column might be called as well.
BODY = QUERY | frozenset(
    """
    if elsif elseif while return set values declare perform raise execute assert do update insert delete exit
    continue exception default
    """.split()  # noqa: SIM905 - a list of words
)
_MARKS = frozenset({",", ";", ":=", "=>", ".."})
_FUNCTIONS_TOO = frozenset({"left", "right"})
# What may stand after these is a condition or contains one; elsewhere an equals sign assigns.
_CONDITIONAL = frozenset({"", "(", "where", "having", "on", "when", "if", "elsif", "elseif", "while"})
_VALUES = frozenset({"return", "select", ":="})


@dataclass(frozen=True)
class Condition:
    """A condition, or an operand of one in parentheses, as OR operands of AND operands; most have one of one.

    ``clause`` is the word that it stands after, ``role`` what it is there: ``and``, ``or``, ``not``, or the
    clause itself where it is all of it. A condition among the arguments of something has neither. ``within``
    are the clauses around it, outermost first.
    """

    clause: str
    role: str
    within: tuple[str, ...]
    disjuncts: tuple[tuple[tuple[Item, ...], ...], ...]

    @property
    def start(self) -> int:
        return self.disjuncts[0][0][0].start

    @property
    def end(self) -> int:
        return self.disjuncts[-1][-1][-1].end

    @property
    def operands(self) -> Iterator[tuple[Item, ...]]:
        """Whichever way they are combined."""
        for conjuncts in self.disjuncts:
            yield from conjuncts

    @property
    def is_single(self) -> bool:
        return len(self.disjuncts) == len(self.disjuncts[0]) == 1


def conditions(root: Group, whole: str = "", words: Collection[str] = QUERY) -> Iterator[Condition]:
    """The conditions in ``root`` and all within it.

    ``whole`` is the clause that ``root`` is, if it is one; ``words`` are those that a clause begins with.
    """
    yield from _conditions(root, words, whole, whole, ())


def in_parentheses(operand: tuple[Item, ...]) -> bool:
    """Whether ``operand`` is a condition in parentheses and nothing else."""
    item = operand[0]
    return len(operand) == 1 and isinstance(item, Group) and item.opener == "(" and not item.is_select


def _conditions(
    group: Group, words: Collection[str], clause: str, role: str, within: tuple[str, ...]
) -> Iterator[Condition]:
    for word, items in _stretches(group, words):
        places: dict[int, tuple[str, str]] = {}
        if _is_conditional(word, group):
            disjuncts = _disjuncts(items)
            if all(operand for conjuncts in disjuncts for operand in conjuncts):
                inner = (clause, role) if word in ("", "(") else (word, word)
                condition = Condition(*inner, within, disjuncts)
                yield condition
                places = _places(condition)
        for item in items:
            if isinstance(item, Group):
                yield from _conditions(item, words, *places.get(id(item), ("", "")), (*within, word))


def _places(condition: Condition) -> dict[int, tuple[str, str]]:
    """Clause and role of the operands that are conditions in parentheses."""
    places = {}
    for conjuncts in condition.disjuncts:
        for operand in conjuncts:
            role = condition.role if condition.is_single else "and" if len(conjuncts) > 1 else "or"
            negated = operand[0].is_word("not")
            if in_parentheses(operand[1:] if negated and len(operand) > 1 else operand):
                places[id(operand[-1])] = (condition.clause, "not" if negated else role)
    return places


def _stretches(group: Group, words: Collection[str]) -> Iterator[tuple[str, list[Item]]]:
    """The clauses of ``group``, split at commas: with what word each begins, and what follows it."""
    clause, items = group.opener, list[Item]()
    for position, item in enumerate(group.items):
        mark = item.kind == "mark" and item.text in _MARKS
        if not mark and not _begins_clause(group.items, position, words):
            items.append(item)
            continue
        if items:
            yield clause, items
        items = []
        if item.text != ",":
            clause = _clause(group.items, position)
    if items:
        yield clause, items


def _clause(items: list[Item], position: int) -> str:
    following = items[position + 1 : position + 2]
    if items[position].is_word("on") and following and following[0].is_word("conflict", "constraint"):
        return "conflict"
    return items[position].text


def _begins_clause(items: list[Item], position: int, words: Collection[str]) -> bool:
    item = items[position]
    if not item.is_word(*words):
        return False
    following = items[position + 1] if position + 1 < len(items) else None
    if item.text in _FUNCTIONS_TOO and isinstance(following, Group) and following.opener == "(":
        return False
    before = [each.text for each in items[max(position - 3, 0) : position]]
    if item.text == "from" and before[-1:] == ["distinct"] and "is" in before:
        return False
    return before[-1:] != ["."]


def _is_conditional(clause: str, group: Group) -> bool:
    if clause in ("then", "else"):
        return group.opener == "case"
    return clause in _CONDITIONAL or clause in _VALUES


def _disjuncts(items: list[Item]) -> tuple[tuple[tuple[Item, ...], ...], ...]:
    disjuncts: list[list[list[Item]]] = [[[]]]
    between = False
    for item in items:
        if item.is_word("or"):
            disjuncts.append([[]])
        elif item.is_word("and") and not between:
            disjuncts[-1].append([])
        else:
            disjuncts[-1][-1].append(item)
            between = item.is_word("between") or (between and not item.is_word("and"))
    return tuple(tuple(tuple(operand) for operand in conjuncts) for conjuncts in disjuncts)
