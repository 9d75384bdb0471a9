"""SQL and PL/pgSQL tokens, nested by parentheses and blocks.

Mutants replace parts of the original text by position, so comments and layout stay.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from chatctl.sqltext.tokens import Token, tokens

_PAIRS = {"(": ")", "[": "]"}
# After these an `if` begins a statement; elsewhere it belongs to `if exists`.
_BEFORE_STATEMENT = frozenset({";", "begin", "then", "else", "loop", ">>"})
_BLOCKS = frozenset({"begin", "case", "if", "loop"})


@dataclass(kw_only=True)
class TokenGroup:
    """The tokens in parentheses or brackets, or from ``begin``, ``case``, ``if`` or ``loop`` to its end."""

    opener: str
    start: int
    end: int = 0
    items: list[Item] = field(default_factory=list)
    kind: str = "group"

    @property
    def text(self) -> str:
        """Empty, so that a group matches no word."""
        return ""

    @property
    def plain(self) -> str:
        return ""

    def is_word(self, *_words: str) -> bool:
        return False

    @property
    def groups(self) -> Iterator[TokenGroup]:
        """This group and all nested ones, in order."""
        yield self
        for item in self.items:
            if isinstance(item, TokenGroup):
                yield from item.groups

    @property
    def is_select(self) -> bool:
        return bool(self.items) and self.items[0].is_word("select", "with")


Item = Token | TokenGroup


def tree(text: str, *, procedural: bool = False) -> TokenGroup:
    """``text`` as a group of groups. An unclosed group ends with the text.

    Blocks of PL/pgSQL are recognised if ``procedural``; otherwise their words may be names of columns.
    """
    blocks = _BLOCKS if procedural else frozenset({"case"})
    root = TokenGroup(opener="", start=0, end=len(text))
    open_groups = [root]
    previous = ""
    token_iterator = iter(tokens(text))
    for token in token_iterator:
        group = open_groups[-1]
        if token.text in _PAIRS or (token.is_word(*blocks) and _opens(token, previous)):
            inner = TokenGroup(opener=token.text, start=token.start, end=len(text))
            group.items.append(inner)
            open_groups.append(inner)
        elif token.text == _PAIRS.get(group.opener) or (token.is_word("end") and group.opener in blocks):
            group.end = token.end
            if group.opener in ("if", "loop"):
                group.end = next(token_iterator, token).end  # `end if`, `end loop`
            open_groups.pop()
        else:
            group.items.append(token)
        previous = token.text
    return root


def _opens(token: Token, previous: str) -> bool:
    if token.is_word("if"):
        return previous in _BEFORE_STATEMENT
    return previous not in ("end", ".")  # in `end case` it begins nothing
