"""Reading a statement from its beginning, token by token."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from chatctl.sqltext.tokens import Token


@dataclass(frozen=True)
class Name:
    """A name with optional qualification, as written in SQL; unquoted parts are folded to lower case."""

    tokens: tuple[Token, ...]

    @property
    def sql(self) -> str:
        return ".".join(token.text for token in self.tokens)

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts of the name without quotes."""
        return tuple(token.plain for token in self.tokens)


class Reader:
    """A position in the tokens of a statement; taking tokens advances it."""

    def __init__(self, tokens: Iterable[Token]) -> None:
        self._tokens = list(tokens)
        self._position = 0

    @property
    def rest(self) -> list[Token]:
        """The tokens that have not been taken yet."""
        return self._tokens[self._position :]

    def take(self, *texts: str) -> bool:
        """Take the tokens ``texts`` if all of them come next; returns whether they did."""
        following = self._tokens[self._position : self._position + len(texts)]
        if [token.text for token in following] != list(texts):
            return False
        self._position += len(texts)
        return True

    def take_one_of(self, *texts: str) -> str:
        """Take and return the one of ``texts`` that comes next; empty if none does."""
        token = self._next()
        if token is None or token.text not in texts:
            return ""
        self._position += 1
        return token.text

    def take_until(self, text: str) -> bool:
        """Take everything up to and including ``text``; take nothing if it does not occur."""
        count = next((number for number, token in enumerate(self.rest, 1) if token.text == text), 0)
        self._position += count
        return bool(count)

    def take_any(self) -> Token | None:
        """Take the next token; None at the end."""
        token = self._next()
        self._position += 1
        return token

    def name(self) -> Name | None:
        """Take a name with its qualification; None if something else comes next."""
        parts = []
        while (token := self._next()) and token.is_identifier:
            parts.append(token)
            self._position += 1
            if not self.take("."):
                break
        return Name(tuple(parts)) if parts else None

    def _next(self) -> Token | None:
        return self._tokens[self._position] if self._position < len(self._tokens) else None


def separated(tokens: Iterable[Token]) -> Iterator[list[Token]]:
    """The items of a comma-separated list, up to the closing parenthesis around it or to the end."""
    depth = 0
    item: list[Token] = []
    for token in tokens:
        if token.text in ("(", "["):
            depth += 1
        elif token.text in (")", "]"):
            depth -= 1
        if depth < 0:
            break
        if token.text == "," and not depth:
            yield item
            item = []
        else:
            item.append(token)
    yield item
