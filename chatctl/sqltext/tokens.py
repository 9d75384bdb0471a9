"""SQL and PL/pgSQL as the tokens of PostgreSQL's own scanner, with their positions.

chatctl uses tokens instead of a parse tree for three reasons. The beginning of a statement shows its kind,
while a server of another version may allow other syntax after that. Tokens keep the original spelling. And
some statements have no usable tree: protobuf rejects messages with more than 100 levels, which fifty operands
of ``||`` reach, and libpg_query overflows the stack at about ten thousand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from string import ascii_lowercase, ascii_uppercase
from typing import Any, Literal

Kind = Literal["word", "name", "string", "number", "mark", "operator", "comment", "other"]

_MARKS = frozenset("()[],;.:")
_OPERATORS = frozenset("+-*/<>=%^")
_LAST_CHARACTER = 255  # one-character tokens are numbered by their code, keywords and names above
# PostgreSQL folds only these letters.
_FOLDING = str.maketrans(ascii_uppercase, ascii_lowercase)
# Levels of nested strings: a body, a statement that it executes, and a string in that statement.
_LEVELS = 3
_LONGEST_BODY = 1_000_000  # characters; a longer string is data


@dataclass(frozen=True, slots=True)
class Token:
    """A token: a ``word`` is a keyword, unquoted name or parameter, folded; a ``name`` is a quoted name."""

    kind: Kind
    text: str
    start: int
    end: int

    def is_word(self, *words: str) -> bool:
        return self.kind == "word" and self.text in words

    @property
    def is_identifier(self) -> bool:
        return self.kind in ("word", "name")

    @property
    def plain(self) -> str:
        """The name without quotes."""
        return self.text[1:-1].replace('""', '"') if self.text.startswith('"') else self.text

    @property
    def content(self) -> str:
        """The text inside the quotes of a string; escapes are not decoded."""
        if self.text.startswith("$"):
            tag = self.text.index("$", 1) + 1
            return self.text[tag:-tag]
        return self.text[self.text.index("'") + 1 : -1].replace("''", "'")


def tokens(text: str) -> list[Token]:
    """The tokens of ``text`` without its comments.

    If the scanner rejects the text, the rest from that point on is one token ``other``.
    """
    kinds = _kinds()
    scanned, readable = _scanned(text)
    result = []
    for each, (start, end) in zip(scanned, _positions(text, scanned), strict=True):
        written = text[start:end]
        kind = kinds.get(each.token) or _kind_of(each.token, written)
        if kind != "comment":
            result.append(Token(kind, written.translate(_FOLDING) if kind == "word" else written, start, end))
    if readable < len(text):
        result.append(Token("other", text[readable:], readable, len(text)))
    return result


def tokens_and_bodies(text: str, levels: int = _LEVELS) -> Iterator[Token]:
    """The tokens of ``text``, with each string, such as a function body, replaced by its tokens."""
    for token in tokens(text):
        if token.kind == "string" and levels and len(token.text) <= _LONGEST_BODY:
            yield from tokens_and_bodies(token.content, levels - 1)
        else:
            yield token


def _scanned(text: str) -> tuple[Sequence[Any], int]:
    """The scanner's own tokens, and the position up to which it could read ``text``."""
    from postgast import PgQueryError, scan  # noqa: PLC0415 - takes 60 ms, and most commands read no SQL

    end = len(text)
    while True:
        try:
            return scan(text[:end]).tokens, end
        except PgQueryError as error:
            # The position of the rejected token, or a position inside it.
            end = max(min(error.cursorpos, end) - 1, 0)


def _positions(text: str, scanned: Sequence[Any]) -> Iterator[tuple[int, int]]:
    """The start and end in ``text`` of the scanner's tokens, converted from its byte offsets."""
    if text.isascii():
        yield from ((each.start, each.end) for each in scanned)
        return
    encoded = text.encode()
    byte = end = 0
    for each in scanned:
        start = end + len(encoded[byte : each.start].decode())
        end = start + len(encoded[each.start : each.end].decode())
        byte = each.end
        yield start, end


@cache
def _kinds() -> Mapping[int, Kind]:
    """The kinds of the tokens whose kind does not depend on their text."""
    from postgast.pg_query_pb2 import Token as Number  # noqa: PLC0415 - see above

    kinds: dict[Kind, Sequence[int]] = {
        "string": (Number.SCONST, Number.USCONST, Number.BCONST, Number.XCONST),
        "number": (Number.ICONST, Number.FCONST),
        "mark": (Number.TYPECAST, Number.DOT_DOT, Number.COLON_EQUALS, Number.EQUALS_GREATER),
        "operator": (Number.Op, Number.LESS_EQUALS, Number.GREATER_EQUALS, Number.NOT_EQUALS),
        "word": (Number.PARAM,),
        "name": (Number.UIDENT,),
        "comment": (Number.SQL_COMMENT, Number.C_COMMENT),
    }
    return {number: kind for kind, numbers in kinds.items() for number in numbers}


def _kind_of(number: int, written: str) -> Kind:
    if number > _LAST_CHARACTER:
        return "name" if written.startswith('"') else "word"
    if written in _MARKS:
        return "mark"
    return "operator" if written in _OPERATORS else "other"
