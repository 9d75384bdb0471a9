"""A YAML file read so that every complaint names its line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chatctl.errors import Invalid


@dataclass(frozen=True)
class Node:
    """A part of the file; ``value`` is the parser's own."""

    path: Path
    value: Any
    line: int

    def wrong(self, what: str) -> Invalid:
        """The error for this part."""
        return Invalid(f"{self.path.name}:{self.line}: {what}")

    def items(self) -> list[Node]:
        """The items of a list."""
        if self.value.id != "sequence":
            raise self.wrong("must be a list")
        return [self._at(item) for item in self.value.value]

    def has(self, key: str) -> bool:
        return any(name.value == key for name, _ in self._pairs())

    def child(self, key: str) -> Node:
        """What stands at ``key`` of a mapping. Raises Invalid when nothing does."""
        for name, item in self._pairs():
            if name.value == key:
                return Node(self.path, item, name.start_mark.line + 1)
        raise self.wrong(f"{key} is missing")

    def knows(self, *known: str) -> None:
        """Raise Invalid for a key that is none of these, or there twice."""
        seen: set[str] = set()
        for name, _ in self._pairs():
            if name.value not in known:
                raise self._at(name).wrong(f"{name.value} is not known; known are {', '.join(known)}")
            if name.value in seen:
                raise self._at(name).wrong(f"{name.value} is there twice")
            seen.add(name.value)

    def text(self) -> str:
        """A scalar as it is written."""
        if self.value.id != "scalar" or not self.value.value.strip():
            raise self.wrong("must be text, and not empty")
        return str(self.value.value).strip()

    def mapping(self) -> dict[str, Node]:
        """The values of a mapping."""
        return {str(name.value): self._at(item) for name, item in self._pairs()}

    def number(self) -> int:
        """A whole number."""
        text = self.text()
        if not (text.isascii() and text.isdigit()):
            raise self.wrong(f"{text!r} is no whole number")
        return int(text)

    def _pairs(self) -> list[tuple[Any, Any]]:
        if self.value.id != "mapping":
            raise self.wrong("must be a mapping")
        return list(self.value.value)

    def _at(self, value: Any) -> Node:
        return Node(self.path, value, value.start_mark.line + 1)


def read(path: Path) -> Node:
    """The root of ``path``; an empty file is an empty list. Raises Invalid when it cannot be read."""
    from chatctl.yamlfile.nodes import Dialect, composed  # noqa: PLC0415 - imports yaml

    dialect = Dialect("baseline", most_bytes=1024 * 1024, deepest=8, aliases=True, empty="list")
    _, found = composed(path, dialect)
    return Node(path, found, 1)
