"""YAML as the nodes it is made of, each with its line; what no such file needs is refused."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from pathlib import Path

import yaml
from yaml.composer import ComposerError
from yaml.events import AliasEvent
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from yaml.reader import ReaderError

from chatctl.errors import Invalid

_SHOWN = 60  # characters of what somebody wrote


@dataclass(frozen=True)
class Dialect:
    """The YAML of one kind of file, which describes a ``noun``: how large and deep it may be.

    With ``aliases``, what they stand for counts as often as they do.
    """

    noun: str
    most_bytes: int
    deepest: int
    aliases: bool = False
    refused: str = "is not the YAML of a {noun}"


class Loader(yaml.SafeLoader):
    """Plain YAML: nothing names a type, and the node of an alias has the line of the alias."""

    def __init__(self, text: str, dialect: Dialect) -> None:
        super().__init__(text)
        self._dialect = dialect
        self._depth = 0
        self._open: set[str | None] = set()

    def compose_node(self, parent: Node | None, index: int) -> Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        anchor = getattr(event, "anchor", None)
        if not self._dialect.aliases and (anchor or getattr(event, "tag", None)):
            problem = "anchors, aliases and tags (&, *, !) are not taken; write it out, or text in quotes"
            raise ComposerError(None, None, problem, event.start_mark)
        if getattr(event, "tag", None):
            raise ComposerError(None, None, "tags (!) are not taken; put text in quotes", event.start_mark)
        if self._depth == self._dialect.deepest:
            raise ComposerError(None, None, _deeper(self._dialect), event.start_mark)
        if isinstance(event, AliasEvent):
            return self._alias(parent, index, event)
        if anchor in self.anchors:
            raise ComposerError(None, None, f"&{anchor} is there twice", event.start_mark)
        self._depth += 1
        self._open.add(anchor)
        node = super().compose_node(parent, index)
        self._open.discard(anchor)
        self._depth -= 1
        return node

    def _alias(self, parent: Node | None, index: int, event: AliasEvent) -> Node:
        if event.anchor in self._open:
            problem = f"*{event.anchor} is part of what it stands for"
            raise ComposerError(None, None, problem, event.start_mark)  # type: ignore[arg-type]
        node = copy(super().compose_node(parent, index))
        assert node is not None  # noqa: S101 - or it is an undefined alias, and raised
        node.start_mark = event.start_mark
        return node


def composed(path: Path, dialect: Dialect) -> tuple[Loader, Node | None]:
    """The node that ``path`` consists of, None for nothing, and the loader that makes values of scalars.

    Raises Invalid naming the file, and the line where there is one, when it cannot be read.
    """
    data = _read(path, dialect)
    try:
        text = data.decode()
        loader = Loader(text, dialect)
        node = loader.get_single_node()
        if node and dialect.aliases:
            _measure(node, dialect)
    except UnicodeDecodeError as error:
        line_of = data.count(b"\n", 0, error.start) + 1
        raise Invalid(f"{path}:{line_of}: is not UTF-8 ({error.reason})") from None
    except ReaderError as error:
        line_of = text.count("\n", 0, error.position) + 1
        raise Invalid(f"{path}:{line_of}: is not YAML: {error.reason}") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{path}:{mark.line + 1}" if mark else path
        refused = dialect.refused.format(noun=dialect.noun)
        raise Invalid(f"{where}: {refused}: {error.problem or error.context}") from None
    return loader, node


def line(node: Node) -> int:
    """The line where ``node`` begins."""
    return int(node.start_mark.line) + 1


def shown(node: Node) -> str:
    """What somebody wrote, short enough for a sentence."""
    if isinstance(node, ScalarNode):
        return repr(cut(node.value)) if node.style else cut(node.value) or "nothing"
    return f"a list of {len(node.value)}" if isinstance(node, SequenceNode) else "a mapping"


def cut(text: str) -> str:
    """``text``, or its beginning where it is long."""
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def printable(text: str) -> str:
    """``text`` with an escape for whatever ends a line, steers a terminal or cannot be written."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


def under(at: str, key: str) -> str:
    """The key path of ``key`` in the mapping at ``at``."""
    return ".".join(filter(None, (at, key)))


def _read(path: Path, dialect: Dialect) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(dialect.most_bytes + 1)
    except OSError as error:
        raise Invalid(f"{path} cannot be read: {error.strerror}") from None
    if len(data) > dialect.most_bytes:
        size = dialect.most_bytes // 1024
        raise Invalid(f"{path} is larger than {size} KiB; a {dialect.noun} is a few pages of text")
    return data


def _measure(node: Node, dialect: Dialect) -> None:
    """Raise for what is too large or too deep by what its aliases stand for; the line is the alias's."""
    left, count = [(node, 1, node.start_mark)], 0
    while left:
        node, depth, outer = left.pop()
        mark = max(outer, node.start_mark, key=lambda each: each.index)
        count += 1
        if count > dialect.most_bytes:  # without aliases, no node is shorter than a byte
            raise ComposerError(None, None, "its aliases stand for too much", mark)
        if depth > dialect.deepest:
            raise ComposerError(None, None, _deeper(dialect), mark)
        left += [(each, depth + 1, mark) for each in reversed(_parts(node))]


def _parts(node: Node) -> list[Node]:
    if isinstance(node, MappingNode):
        return [each for pair in node.value for each in pair]
    return node.value if isinstance(node, SequenceNode) else []


def _deeper(dialect: Dialect) -> str:
    return f"nested deeper than a {dialect.noun} is"
