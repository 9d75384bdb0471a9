"""What a YAML file says, judged by type hints, with every mistake told by line and key path."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from chatctl.errors import Invalid
from chatctl.yamlfile.nodes import Dialect, composed, cut, line, printable, shown, under
from chatctl.yamlfile.suggestions import nearest

_MOST_TOLD = 10
_MERGE = "tag:yaml.org,2002:merge"

# What pydantic finds, in the words of the house.
_SAID = {
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "bool_type": "must be true or false",
    "string_type": "must be text, in quotes where YAML reads something else",
    "date_type": "must be a date such as 2026-01-25, without quotes",
    "tuple_type": "must be a list",
    "literal_error": "must be {expected}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "string_too_short": "must have a character",
    "string_too_long": "must have at most {max_length} characters",
    "too_short": "must have at least {min_length} item",
    "too_long": "must have at most {max_length} items",
    "string_unicode": "must be text that UTF-8 can write",
}


class Broken(Exception):
    """A value is not to be used; why not is told."""


class Enough(Exception):
    """More is wrong than anybody reads at once."""


class Reading:
    """A file while it is read; ``told`` are its mistakes: line, key path, sentence.

    ``tellings`` counts what is told, the same again included. ``patterns`` says in words what a text must be
    that does not match one of them.
    """

    def __init__(self, path: Path, dialect: Dialect, patterns: Mapping[str, str] | None = None) -> None:
        self._loader, root = composed(path, dialect)
        if root is None:
            raise Invalid(f"{path} is empty")
        self.root = root
        self.told: set[tuple[int, str, str]] = set()
        self.tellings = 0
        self._path, self._dialect, self._patterns = path, dialect, patterns or {}

    def entries(
        self, node: MappingNode, at: str, known: Collection[str] | None, broken: set[str]
    ) -> Iterator[tuple[ScalarNode, Node]]:
        """The keys and values of a mapping; a key that is not ``known`` is told, None knows any.

        What it may have been meant for is added to ``broken``, so that nobody calls that missing.
        """
        lines: dict[str, int] = {}
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                self.tell(line(key), at, f"has {shown(key)} as a key")
                continue
            where = under(at, cut(key.value))
            if key.value in lines:
                self.tell(line(key), where, f"is there twice, first in line {lines[key.value]}")
            elif key.tag == _MERGE:
                self.tell(line(key), where, "is not taken; write the keys out")
            elif known is not None and key.value not in known:
                self.tell(line(key), where, f"is not known; {nearest(key.value, known)}")
                broken.update(get_close_matches(key.value, known, n=1))
            else:
                lines[key.value] = line(key)
                yield key, value

    def plain(self, node: Node) -> Any:
        """What ``node`` says: a scalar's value, lists as tuples."""
        if isinstance(node, SequenceNode):
            return tuple(self.plain(item) for item in node.value)
        if isinstance(node, MappingNode):
            return {}  # whatever it holds: no value is one
        try:
            return self._loader.construct_object(node)
        except (ValueError, yaml.YAMLError):
            return node.value  # it looks like a number or a date, and is text

    def checked(self, hint: Any, value: Any, node: Node, at: str) -> Any:
        """``value`` as the ``hint`` has it. Raises Broken, and tells why, when it is none."""
        try:
            return _adapter(hint).validate_python(value, strict=True)
        except ValidationError as error:
            for each in error.errors(include_url=False, include_input=False):
                self._tell_value(each, node, at)
            raise Broken from None

    def tell(self, line: int, at: str, sentence: str) -> None:
        """Keep a mistake. Raises Enough when there are more than anybody reads."""
        self.tellings += 1
        self.told.add((line, printable(at) or f"the {self._dialect.noun}", printable(sentence)))
        if len(self.told) > _MOST_TOLD:
            raise Enough

    def refused(self) -> Invalid:
        """The error that lists what is told, by line."""
        path = self._path
        lines = [f"{path}:{line}: {at} {sentence}" for line, at, sentence in sorted(self.told)[:_MOST_TOLD]]
        if len(self.told) > _MOST_TOLD:
            lines.append("and more")
        head = f"{path} is no {self._dialect.noun}:"
        return Invalid(lines[0] if len(lines) == 1 else "\n  ".join([head, *lines]))

    def _tell_value(self, error: ErrorDetails, node: Node, at: str) -> None:
        for step in error["loc"]:
            if isinstance(node, SequenceNode) and isinstance(step, int):
                node, at = node.value[step], f"{at}[{step}]"
        bounds = {key: f"{it:g}" if isinstance(it, float) else it for key, it in error.get("ctx", {}).items()}
        said = self._patterns.get(str(bounds.get("pattern"))) or _SAID.get(error["type"], "").format(**bounds)
        self.tell(line(node), at, f"{said or error['msg']}, not {shown(node)}")


@cache
def _adapter(hint: Any) -> TypeAdapter[Any]:
    return TypeAdapter(hint)
