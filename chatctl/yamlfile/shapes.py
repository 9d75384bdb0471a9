"""A YAML file read as a dataclass says, whose fields are its keys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from annotated_types import Len
from typing_extensions import is_typeddict
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from chatctl.yamlfile.nodes import Dialect, cut, line, shown, under
from chatctl.yamlfile.reading import Broken, Reading

_LARGEST = 2**63  # a number that every reader of JSON takes


class ShapeReading(Reading):
    """A file while it is read; ``lines`` has where each key and item stands, by its key path.

    A shape is a dataclass or a TypedDict. None as a field's default says that the key may be left out;
    null is no value of it.
    """

    def __init__(self, path: Path, dialect: Dialect, patterns: Mapping[str, str] | None = None) -> None:
        super().__init__(path, dialect, patterns)
        self.lines = {"": line(self.root)}

    def check(self, made: Any, at: str) -> None:
        """Tell what is wrong with a shape whose values are as they should be."""

    def wrong(self, at: str, key: str, sentence: str) -> None:
        """Tell what is wrong at ``key`` of ``at``, in the line of either."""
        where = under(at, key)
        self.tell(self.lines.get(where, self.lines[at]), where, sentence)

    def values(self, kind: Any, node: Node, at: str) -> tuple[dict[str, Any], bool]:
        """The values for a shape that can be used, and whether those are all."""
        if not isinstance(node, MappingNode):
            self.tell(line(node), at, f"must be a mapping, not {shown(node)}")
            return {}, False
        hints = _hints(kind)
        values: dict[str, Any] = {}
        broken: set[str] = set()
        before = self.tellings
        for key, value in self.entries(node, at, list(hints), broken):
            where = self._noted(key, under(at, key.value))
            try:
                values[key.value] = self._value(hints[key.value], value, where)
            except Broken:
                broken.add(key.value)
        for name in _required(kind):
            if name not in {*values, *broken}:
                self.tell(line(node), under(at, name), "is missing")
        return values, self.tellings == before

    def _value(self, hint: Any, node: Node, at: str) -> Any:
        bare, least = _bare(hint)
        origin, args = get_origin(bare), get_args(bare)
        if bare is Any:
            return self._json(node, at)
        if origin in (Union, UnionType):
            return self._one_of(bare, args, node, at)
        if _is_shape(bare):
            return self._shape(bare, node, at)
        if origin is Mapping:
            return self._named(args[0], args[1], node, at, least)
        if origin is tuple:
            return self._items(args[0], node, at, least)
        return self.checked(hint, self.plain(node), node, at)

    def _one_of(self, hint: Any, kinds: Iterable[Any], node: Node, at: str) -> Any:
        """A shape, or a list, or else a scalar, of which there is one at most."""
        for kind in kinds:
            if _is_shape(kind) and not isinstance(node, ScalarNode):
                return self._shape(kind, node, at)
            if get_origin(kind) is tuple and not isinstance(node, ScalarNode):
                return self._value(kind, node, at)
        scalar = next((each for each in kinds if not _is_shape(each) and each is not NoneType), hint)
        return self.checked(hint if NoneType in kinds else scalar, self.plain(node), node, at)

    def _shape(self, kind: Any, node: Node, at: str) -> Any:
        values, whole = self.values(kind, node, at)
        if not whole:
            raise Broken
        made = kind(**values)
        self.check(made, at)
        return made

    def _named(self, key_hint: Any, hint: Any, node: Node, at: str, least: int = 0) -> dict[str, Any]:
        if not isinstance(node, MappingNode):
            self.tell(line(node), at, f"must be a mapping, not {shown(node)}")
            raise Broken
        made: dict[str, Any] = {}
        before = self.tellings
        for key, value in self.entries(node, at, None, set()):
            try:
                name = self.checked(key_hint, key.value, key, under(at, cut(key.value)))
                made[name] = self._value(hint, value, self._noted(key, under(at, name)))
            except Broken:
                continue
        self._judge_size(node, at, least, before)
        return made

    def _items(self, hint: Any, node: Node, at: str, least: int) -> tuple[Any, ...]:
        if not isinstance(node, SequenceNode):
            self.tell(line(node), at, f"must be a list, not {shown(node)}")
            raise Broken
        made: list[Any] = []
        before = self.tellings
        for place, item in enumerate(node.value):
            try:
                made.append(self._value(hint, item, self._noted(item, f"{at}[{place}]")))
            except Broken:
                continue
        self._judge_size(node, at, least, before)
        return tuple(made)

    def _judge_size(self, node: Node, at: str, least: int, before: int) -> None:
        if len(node.value) < least:
            self.tell(line(node), at, "names nothing")
        if self.tellings > before:
            raise Broken

    def _json(self, node: Node, at: str) -> Any:
        if isinstance(node, MappingNode):
            return self._named(str, Any, node, at)
        if isinstance(node, SequenceNode):
            return [*self._items(Any, node, at, 0)]
        value = self.plain(node)
        if isinstance(value, str):
            return self.checked(str, value, node, at)
        if value is None or (isinstance(value, int | float) and abs(value) < _LARGEST):
            return value
        self.tell(line(node), at, f"must be what JSON can say, text in quotes, not {shown(node)}")
        raise Broken

    def _noted(self, node: Node, at: str) -> str:
        self.lines[at] = line(node)
        return at


def _hints(kind: Any) -> dict[str, Any]:
    hints = get_type_hints(kind, include_extras=True)
    if not is_dataclass(kind):
        return hints
    return {field.name: _given(hints[field.name], field.default) for field in fields(kind)}


def _given(hint: Any, default: Any) -> Any:
    """What may be written for a field that need not be."""
    if default is not None:
        return hint
    (left,) = [each for each in get_args(hint) if each is not NoneType]
    return left


def _required(kind: Any) -> list[str]:
    if not is_dataclass(kind):
        return sorted(kind.__required_keys__)
    return [each.name for each in fields(kind) if each.default is MISSING and each.default_factory is MISSING]


def _bare(hint: Any) -> tuple[Any, int]:
    """A hint without its annotations, and how many items it needs."""
    if get_origin(hint) is not Annotated:
        return hint, 0
    bare, *notes = get_args(hint)
    return bare, next((each.min_length for each in notes if isinstance(each, Len)), 0)


def _is_shape(hint: Any) -> bool:
    return is_dataclass(hint) or is_typeddict(hint)
