"""Reading a YAML file into dataclasses, whose fields are its keys; pydantic validates the values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import yaml
from pydantic import StringConstraints, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails
from typing_extensions import is_typeddict
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from chatctl.yamlfile.nodes import Dialect, excerpt_of, key_path, position, shorten
from chatctl.yamlfile.reading import Reading, TooManyMistakes
from chatctl.yamlfile.sentences import sentence

_LARGEST = 2**63  # every JSON parser accepts numbers below this
_TEXT = r"^[^\x00]*[^\s\x00][^\x00]*$"

Text = Annotated[str, StringConstraints(strip_whitespace=True, pattern=_TEXT)]

# The messages for text that does not match a pattern.
_PATTERNS = {_TEXT: "must be text that is not blank and has no NUL"}


class Unusable(Exception):
    """A value is invalid; the reason has been reported."""


class ShapeReading(Reading):
    """Reads a file into dataclasses; ``positions`` has the position of each key and item by its key path.

    A shape is a dataclass or a TypedDict. A field with the default None is optional, but null is not a valid
    value for it. ``patterns`` has the messages for text that does not match a pattern.
    """

    def __init__(
        self, path: Path, dialect: Dialect, patterns: Mapping[str, str] | None = None, name: str = ""
    ) -> None:
        super().__init__(path, dialect, name)
        self.positions = {"": position(self.root)}
        self._patterns = {**_PATTERNS, **(patterns or {})}

    def document(self, hint: Any) -> Any:
        """The content of the file as the type ``hint``. Raises Invalid with up to ten mistakes."""
        with suppress(TooManyMistakes, Unusable):
            return self.value(hint, self.root, "")
        raise self.as_error()

    def check(self, shape: Any, at: str) -> None:
        """Report mistakes in a shape whose values are all valid; subclasses override this."""

    def report_key(self, at: str, key: str, sentence: str) -> None:
        """Report a mistake at ``key`` of ``at``, with the position of the key if known, else of ``at``."""
        where = key_path(at, key)
        self.report(self.positions.get(where, self.positions[at]), where, sentence)

    def hints(self, kind: Any) -> dict[str, Any]:
        """The keys of a shape and their types."""
        return _hints(kind)

    def values(self, kind: Any, node: Node, at: str, **defaults: Any) -> tuple[dict[str, Any], set[str]]:
        """The valid values of a shape, and the keys whose values are invalid.

        ``defaults`` has default values for keys that are not in the file.
        """
        hints = self.hints(kind)
        values = dict(defaults)
        broken = set() if isinstance(node, MappingNode) else set(hints)
        for key, value in self.entries(node, at, list(hints), broken):
            where = self._record_position(key, key_path(at, key.value))
            try:
                values[key.value] = self.value(hints[key.value], value, where)
            except Unusable:
                broken.add(key.value)
        for name in _required(kind):
            if name not in {*values, *broken}:
                self.report(position(node), key_path(at, name), "is missing")
                broken.add(name)
        return values, broken

    def value(self, hint: Any, node: Node, at: str) -> Any:
        """The value of ``node`` as the type ``hint``. Reports mistakes, and raises Unusable if invalid."""
        bare = bare_hint(hint)
        origin, args = get_origin(bare), get_args(bare)
        if bare is Any:
            return self._json(node, at)
        if origin in (Union, UnionType):
            return self._one_of(bare, args, node, at)
        if _is_shape(bare):
            return self.shape(bare, node, at)
        result: Any
        if origin is Mapping:
            result = self._mapping(args[0], args[1], node, at)
        elif origin is tuple:
            result = self._items(args[0], node, at)
        else:
            return self.validated(hint, self.plain(node), node, at)
        return result if bare is hint else self.validated(hint, result, node, at)

    def shape(self, kind: Any, node: Node, at: str) -> Any:
        """The shape that ``node`` describes. Raises Unusable if it contains a mistake."""
        before = self.reported
        values, _ = self.values(kind, node, at)
        if self.reported == before:
            result = kind(**values)
            self.check(result, at)
        if self.reported > before:
            raise Unusable
        return result

    def plain(self, node: Node) -> Any:
        """The plain value of ``node``; lists become tuples."""
        if isinstance(node, SequenceNode):
            return tuple(self.plain(item) for item in node.value)
        if isinstance(node, MappingNode):
            return {}  # the content does not matter, because no valid value is a mapping
        try:
            return self._loader.construct_object(node)
        except (ValueError, yaml.YAMLError):
            return node.value  # text that looks like a number or a date

    def validated(self, hint: Any, value: Any, node: Node, at: str) -> Any:
        """``value`` as the type ``hint``. Reports mistakes and raises Unusable if it is invalid."""
        try:
            return _adapter(hint).validate_python(value, strict=True)
        except ValidationError as error:
            for each in error.errors(include_url=False, include_input=False):
                self._report_value(each, node, at)
            raise Unusable from None

    def _report_value(self, error: ErrorDetails, node: Node, at: str) -> None:
        for step in error["loc"]:
            if isinstance(node, SequenceNode) and isinstance(step, int):
                node, at = node.value[step], f"{at}[{step}]"
        context = error.get("ctx", {})
        reason = self._patterns.get(str(context.get("pattern"))) or sentence(error["type"], context)
        self.report(position(node), at, f"{reason or error['msg']}, not {excerpt_of(node)}")

    def _one_of(self, hint: Any, kinds: Iterable[Any], node: Node, at: str) -> Any:
        """A value of a union: a shape, a list, or a scalar; the union has at most one type of scalar."""
        for kind in kinds:
            if _is_shape(kind) and not isinstance(node, ScalarNode):
                return self.shape(kind, node, at)
            if get_origin(kind) is tuple and not isinstance(node, ScalarNode):
                return self.value(kind, node, at)
        scalar = next((each for each in kinds if not _is_shape(each) and each is not NoneType), hint)
        return self.validated(hint if NoneType in kinds else scalar, self.plain(node), node, at)

    def _mapping(self, key_hint: Any, hint: Any, node: Node, at: str) -> dict[str, Any]:
        values: dict[str, Any] = {}
        before = self.reported
        for key, value in self.entries(node, at, None):
            with suppress(Unusable):
                name = self.validated(key_hint, key.value, key, key_path(at, shorten(key.value)))
                values[name] = self.value(hint, value, self._record_position(key, key_path(at, name)))
        if self.reported > before:
            raise Unusable
        return values

    def _items(self, hint: Any, node: Node, at: str) -> tuple[Any, ...]:
        if not isinstance(node, SequenceNode):
            self.report(position(node), at, f"must be a list, not {excerpt_of(node)}")
            raise Unusable
        items: list[Any] = []
        for index, item in enumerate(node.value):
            with suppress(Unusable):
                items.append(self.value(hint, item, self._record_position(item, f"{at}[{index}]")))
        if len(items) < len(node.value):
            raise Unusable
        return tuple(items)

    def _json(self, node: Node, at: str) -> Any:
        if isinstance(node, MappingNode):
            return self._mapping(str, Any, node, at)
        if isinstance(node, SequenceNode):
            return [*self._items(Any, node, at)]
        value = self.plain(node)
        if isinstance(value, str):
            return self.validated(str, value, node, at)
        if value is None or (isinstance(value, int | float) and abs(value) < _LARGEST):
            return value
        self.report(position(node), at, f"must be a JSON value, with text in quotes, not {excerpt_of(node)}")
        raise Unusable

    def _record_position(self, node: Node, at: str) -> str:
        self.positions[at] = position(node)
        return at


def bare_hint(hint: Any) -> Any:
    """A type hint without its annotations."""
    return get_args(hint)[0] if get_origin(hint) is Annotated else hint


def _hints(kind: Any) -> dict[str, Any]:
    hints = get_type_hints(kind, include_extras=True)
    if not is_dataclass(kind):
        return hints
    return {field.name: _without_none(hints[field.name], field.default) for field in fields(kind)}


def _without_none(hint: Any, default: Any) -> Any:
    """The type of a field; for an optional field, without None."""
    if default is not None:
        return hint
    (kind,) = [each for each in get_args(hint) if each is not NoneType]
    return kind


def _required(kind: Any) -> list[str]:
    if not is_dataclass(kind):
        return sorted(kind.__required_keys__)
    return [each.name for each in fields(kind) if each.default is MISSING and each.default_factory is MISSING]


def _is_shape(hint: Any) -> bool:
    return is_dataclass(hint) or is_typeddict(hint)


@cache
def _adapter(hint: Any) -> TypeAdapter[Any]:
    return TypeAdapter(hint)
