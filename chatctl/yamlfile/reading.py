"""Collecting the mistakes in a YAML file, each with its position and key path."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from difflib import get_close_matches
from pathlib import Path

from yaml.nodes import MappingNode, Node, ScalarNode

from chatctl.errors import Invalid
from chatctl.formats.escaping import line
from chatctl.yamlfile.nodes import Dialect, Position, excerpt_of, key_path, parse, place, position, shorten
from chatctl.yamlfile.suggestions import suggestion

_MOST_LISTED = 10
_MERGE = "tag:yaml.org,2002:merge"
_HIDDEN = "(hidden)"
# In a file of secrets, any other key may be a value with a misplaced colon.
_HARMLESS_KEY = re.compile(r"[A-Za-z_]{1,40}|<<")


class TooManyMistakes(Exception):
    """The limit of reported mistakes was reached."""


class Reading:
    """Reads a file and collects ``mistakes``, each a position, a key path and a sentence.

    ``reported`` is their number, including repeated ones. ``name`` is the name of the file in messages.
    """

    def __init__(self, path: Path, dialect: Dialect, name: str = "") -> None:
        self._loader, self.root = parse(path, dialect, name)
        self.mistakes: set[tuple[Position, str, str]] = set()
        self.reported = 0
        self._name, self._dialect = name or str(path), dialect

    def entries(
        self, node: Node, at: str, known: Collection[str] | None, broken: set[str] | None = None
    ) -> Iterator[tuple[ScalarNode, Node]]:
        """The keys and values of a mapping. Keys that are not in ``known`` are reported; None allows any key.

        A known key that is similar to an unknown one is added to ``broken``, so that the caller does not
        report it as missing.
        """
        if not isinstance(node, MappingNode):
            self.report(position(node), at, f"must be a mapping{self._not(node)}{_missing_colon(node)}")
            return
        lines: dict[str, int] = {}
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                self.report(position(key), at, f"has a key that is not text, but {excerpt_of(key)}")
                continue
            where = key_path(at, _HIDDEN if self._hides(key.value, known) else shorten(key.value))
            if key.value in lines:
                self.report(position(key), where, f"appears twice, first on line {lines[key.value]}")
            elif key.tag == _MERGE:
                self.report(position(key), where, "is not allowed; write the keys out")
            elif known is not None and key.value not in known:
                self.report(position(key), where, f"is not known; {_suggestion(key.value, known)}")
                if broken is not None:
                    broken.update(get_close_matches(key.value, known, n=1))
            else:
                lines[key.value] = position(key).line
                yield key, value

    def report(self, position: Position, at: str, sentence: str) -> None:
        """Add a mistake. Raises TooManyMistakes if the limit is reached."""
        self.reported += 1
        self.mistakes.add((position, line(at) or f"the {self._dialect.noun}", line(sentence)))
        if len(self.mistakes) > _MOST_LISTED:
            raise TooManyMistakes

    def where(self, position: Position, at: str) -> str:
        """A key and its position as written in messages."""
        return f"{self._name}:{place(position, self._dialect)}: {at}"

    def as_error(self) -> Invalid:
        """The error that lists the mistakes, by line."""
        first = sorted(self.mistakes)[:_MOST_LISTED]
        lines = [f"{self.where(position, at)} {sentence}" for position, at, sentence in first]
        if len(self.mistakes) > _MOST_LISTED:
            lines.append("and more")
        head = f"{self._name} is not a valid {self._dialect.noun}:"
        return Invalid(lines[0] if len(lines) == 1 else "\n  ".join([head, *lines]))

    def _not(self, node: Node) -> str:
        """The actual value, as a part of a message, if messages may repeat it."""
        return "" if self._dialect.names else f", not {excerpt_of(node)}"

    def _hides(self, key: str, known: Collection[str] | None) -> bool:
        names = self._dialect.names
        return names is not None and not (names if known is None else _HARMLESS_KEY).fullmatch(key)


def _missing_colon(node: Node) -> str:
    if isinstance(node, ScalarNode) and node.value:
        return "; write a colon and a space between key and value"
    return ""


def _suggestion(key: str, known: Collection[str]) -> str:
    prefix = next((each for each in known if key.startswith(f"{each}:")), None)
    return f"write a space after the colon of {prefix}" if prefix else suggestion(key, known)
