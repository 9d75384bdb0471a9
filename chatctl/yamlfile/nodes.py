"""YAML as nodes with their positions; features that these files do not need are rejected."""

from __future__ import annotations

import re
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import yaml
from yaml.composer import ComposerError
from yaml.error import Mark
from yaml.events import AliasEvent
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from yaml.reader import ReaderError

from chatctl.errors import Invalid, unreadable
from chatctl.yamlfile.faults import explain

_SHOWN = 60  # characters of a value in a message


class Position(NamedTuple):
    """A position in a file; line and column count from 1."""

    line: int
    column: int


@dataclass(frozen=True)
class Dialect:
    """The YAML of one kind of file, which describes a ``noun``: its maximum size and depth.

    With ``aliases``, the content of an alias counts once for each use. ``empty`` is the value of a file
    without content; without it, such a file is rejected. ``names`` is for a file of secrets: messages may
    repeat user-defined keys that match it, but never values; they give the column instead.
    """

    noun: str
    most_bytes: int
    deepest: int
    aliases: bool = False
    empty: Literal["mapping", "list"] | None = None
    names: re.Pattern[str] | None = None


class Loader(yaml.SafeLoader):
    """Plain YAML: no tags, and the node of an alias has the line of the alias."""

    def __init__(self, text: str, dialect: Dialect) -> None:
        super().__init__(text)
        self._dialect = dialect
        self._depth = 0
        self._open: set[str | None] = set()

    def compose_node(self, parent: Node | None, index: int) -> Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        anchor = getattr(event, "anchor", None)
        if not self._dialect.aliases and (anchor or getattr(event, "tag", None)):
            problem = "anchors (&), aliases (*) and tags (!) are not allowed; write it out, or text in quotes"
            raise ComposerError(None, None, problem, event.start_mark)
        if getattr(event, "tag", None):
            raise ComposerError(None, None, "tags (!) are not allowed; put text in quotes", event.start_mark)
        if self._depth == self._dialect.deepest:
            raise ComposerError(None, None, _too_deep(self._dialect), event.start_mark)
        if isinstance(event, AliasEvent):
            return self._alias(parent, index, event)
        if anchor in self.anchors:
            raise ComposerError(None, None, f"&{anchor} appears twice", event.start_mark)
        self._depth += 1
        self._open.add(anchor)
        node = super().compose_node(parent, index)
        self._open.discard(anchor)
        self._depth -= 1
        return node

    def _alias(self, parent: Node | None, index: int, event: AliasEvent) -> Node:
        if event.anchor in self._open:
            problem = f"*{event.anchor} is inside the value that it refers to"
            raise ComposerError(None, None, problem, event.start_mark)  # type: ignore[arg-type]
        node = copy(super().compose_node(parent, index))
        assert node is not None  # noqa: S101 - an undefined alias raises
        node.start_mark = event.start_mark
        return node


def parse(path: Path, dialect: Dialect, name: str = "") -> tuple[Loader, Node]:
    """Parse ``path``: the loader that constructs the values of scalars, and the root node.

    Raises NotFound if there is no such file, Invalid with the file, or ``name`` if given, and the line if it
    cannot be read.
    """
    name = name or str(path)
    data = _read(path, dialect, name)
    try:
        text = data.decode()
        loader = Loader(text, dialect)
        node = loader.get_single_node()
        if node and dialect.aliases:
            _measure(node, dialect)
    except UnicodeDecodeError as error:
        line_number = data.count(b"\n", 0, error.start) + 1
        raise Invalid(f"{name}:{line_number}: is not UTF-8 ({error.reason})") from None
    except ReaderError as error:
        line_number = text.count("\n", 0, error.position) + 1
        raise Invalid(f"{name}:{line_number}: is not YAML: {error.reason}") from None
    except yaml.MarkedYAMLError as error:
        fault = explain(error, text)
        where = f"{name}:{place(_position(fault.mark), dialect)}" if fault.mark else name
        raise Invalid(f"{where}: cannot be read as YAML: {fault.reason}", hint=fault.hint) from None
    if node is None and dialect.empty is None:
        raise Invalid(f"{name} is empty")
    return loader, node or _empty_root(dialect)


def place(position: Position, dialect: Dialect) -> str:
    """A position as written in messages about a file of this ``dialect``."""
    return f"{position.line}:{position.column}" if dialect.names else f"{position.line}"


def position(node: Node) -> Position:
    """Where ``node`` begins."""
    return _position(node.start_mark)


def excerpt_of(node: Node) -> str:
    """The text of a node, shortened for a message."""
    if isinstance(node, ScalarNode):
        return repr(shorten(node.value)) if node.style else shorten(node.value) or "nothing"
    return f"a list of {len(node.value)}" if isinstance(node, SequenceNode) else "a mapping"


def shorten(text: str) -> str:
    """``text``, or its beginning if it is long."""
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def key_path(at: str, key: str) -> str:
    """The key path of ``key`` in the mapping at ``at``."""
    return ".".join(filter(None, (at, key)))


def _position(mark: Mark) -> Position:
    return Position(mark.line + 1, mark.column + 1)


def _empty_root(dialect: Dialect) -> Node:
    kind = MappingNode if dialect.empty == "mapping" else SequenceNode
    start = Mark("", 0, 0, 0, None, 0)
    return kind("", [], start, start)


def _read(path: Path, dialect: Dialect, name: str) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(dialect.most_bytes + 1)
    except OSError as error:
        raise unreadable(name, error) from None
    if len(data) > dialect.most_bytes:
        size = dialect.most_bytes // 1024
        raise Invalid(f"{name} is larger than {size} KiB, the limit for a {dialect.noun}")
    return data


def _measure(node: Node, dialect: Dialect) -> None:
    """Raise if the content, with aliases expanded, is too large or too deep; reports the alias's line."""
    remaining, count = [(node, 1, node.start_mark)], 0
    while remaining:
        node, depth, outer = remaining.pop()
        mark = max(outer, node.start_mark, key=lambda each: each.index)
        count += 1
        if count > dialect.most_bytes:  # without aliases, every node has at least one byte
            raise ComposerError(None, None, "its aliases expand to too much content", mark)
        if depth > dialect.deepest:
            raise ComposerError(None, None, _too_deep(dialect), mark)
        remaining += [(each, depth + 1, mark) for each in reversed(_parts(node))]


def _parts(node: Node) -> list[Node]:
    if isinstance(node, MappingNode):
        return [each for pair in node.value for each in pair]
    return node.value if isinstance(node, SequenceNode) else []


def _too_deep(dialect: Dialect) -> str:
    return f"nested deeper than {dialect.deepest} levels"
