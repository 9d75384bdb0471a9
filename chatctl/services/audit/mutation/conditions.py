"""Finding the conditions in SQL text, and their operands."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from chatctl.services.audit.mutation.nesting import Item, TokenGroup

# Words that begin a clause of a query, and so end the operand before. All are reserved words.
QUERY = frozenset(
    """
    select from where having on join inner left right full cross natural lateral group order limit offset for
    union intersect except returning when then else as into using with window
    """.split()  # noqa: SIM905 - a list of words
)
# In a function body, also words that begin a statement; elsewhere they may be names of columns.
BODY = QUERY | frozenset(
    """
    if elsif elseif while return set values declare perform raise execute assert do update insert delete exit
    continue exception default
    """.split()  # noqa: SIM905 - a list of words
)
_MARKS = frozenset({",", ";", ":=", "=>", ".."})
_FUNCTIONS_TOO = frozenset({"left", "right"})
# Clauses that are conditions or contain them; elsewhere an equals sign is an assignment.
_CONDITIONAL = frozenset({"", "(", "where", "having", "on", "when", "if", "elsif", "elseif", "while"})
_VALUES = frozenset({"return", "select", ":="})


@dataclass(frozen=True)
class Condition:
    """A condition, or a parenthesized operand of one, as OR operands that consist of AND operands.

    ``clause`` is the word before it. ``role`` is ``and``, ``or`` or ``not`` for an operand, and the clause
    for a whole condition. Both are empty for a condition in an argument list. ``within`` are the clauses
    around it, outermost first.
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
        """All operands, of AND and OR alike."""
        for conjuncts in self.disjuncts:
            yield from conjuncts

    @property
    def is_single(self) -> bool:
        return len(self.disjuncts) == len(self.disjuncts[0]) == 1


def conditions(root: TokenGroup, whole: str = "", words: Collection[str] = QUERY) -> Iterator[Condition]:
    """The conditions in ``root`` and in its nested groups.

    ``whole`` is the clause that ``root`` as a whole is, if any; ``words`` begin a clause.
    """
    yield from _conditions(root, words, whole, whole, ())


def in_parentheses(operand: tuple[Item, ...]) -> bool:
    """Whether ``operand`` is a parenthesized condition."""
    item = operand[0]
    return len(operand) == 1 and isinstance(item, TokenGroup) and item.opener == "(" and not item.is_select


def _conditions(
    group: TokenGroup, words: Collection[str], clause: str, role: str, within: tuple[str, ...]
) -> Iterator[Condition]:
    for word, items in _clauses(group, words):
        roles: dict[int, tuple[str, str]] = {}
        if _is_conditional(word, group):
            disjuncts = _disjuncts(items)
            if all(operand for conjuncts in disjuncts for operand in conjuncts):
                inner = (clause, role) if word in ("", "(") else (word, word)
                condition = Condition(*inner, within, disjuncts)
                yield condition
                roles = _nested_roles(condition)
        for item in items:
            if isinstance(item, TokenGroup):
                yield from _conditions(item, words, *roles.get(id(item), ("", "")), (*within, word))


def _nested_roles(condition: Condition) -> dict[int, tuple[str, str]]:
    """The clause and role of each parenthesized operand, by the id of its group."""
    roles = {}
    for conjuncts in condition.disjuncts:
        for operand in conjuncts:
            role = condition.role if condition.is_single else "and" if len(conjuncts) > 1 else "or"
            negated = operand[0].is_word("not")
            if in_parentheses(operand[1:] if negated and len(operand) > 1 else operand):
                roles[id(operand[-1])] = (condition.clause, "not" if negated else role)
    return roles


def _clauses(group: TokenGroup, words: Collection[str]) -> Iterator[tuple[str, list[Item]]]:
    """The clauses of ``group``, split at commas: the word that begins each, and its items."""
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
    if item.text in _FUNCTIONS_TOO and isinstance(following, TokenGroup) and following.opener == "(":
        return False
    before = [each.text for each in items[max(position - 3, 0) : position]]
    if item.text == "from" and before[-1:] == ["distinct"] and "is" in before:
        return False
    return before[-1:] != ["."]


def _is_conditional(clause: str, group: TokenGroup) -> bool:
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
