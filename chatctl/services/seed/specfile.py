"""Reading a user-defined world from a YAML file, with its mistakes reported by line.

Its keys are the fields of ``Spec``. pydantic validates each value, ``limits`` their combination.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema
from yaml.nodes import MappingNode, Node, SequenceNode

from chatctl.services.seed import corpus, limits, names
from chatctl.services.seed.limits import Mistake
from chatctl.services.seed.spec import BUILT_IN, LARGEST_GROUP, MOST_USERS, Habits, Named, Spec, Talk, Team
from chatctl.yamlfile.nodes import Dialect, key_path, position, shorten
from chatctl.yamlfile.reading import TooManyMistakes
from chatctl.yamlfile.shapes import ShapeReading, Unusable, bare_hint

_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}"

_PAIR = 2
_YAML = Dialect("world", most_bytes=256 * 1024, deepest=10)

# Replacements for invalid values, so that the rest can be checked; they cause no further mistakes.
_REPLACEMENTS: dict[type, dict[str, Any]] = {
    Spec: {"name": "", "organizations": (), "visits": True},
    Team: {"name": "", "slug": "", "users": MOST_USERS, "admins": 0, "conversations": ()},
    Talk: {"size": (LARGEST_GROUP, LARGEST_GROUP)},
    Named: {"email": "", "name": ""},
    Habits: {},
}


def load(path: Path) -> Spec:
    """The world that ``path`` describes; its name is the name of the file unless it has another.

    Raises Invalid if it cannot be built, with up to ten mistakes: file, line, key, and what is allowed.
    Totals are checked only if every part is valid.
    """
    reading = _SpecReading(path)
    with suppress(TooManyMistakes):
        spec: Spec = reading.shape(Spec, reading.root, "")
        reading.check_combinations(spec)
        if not reading.mistakes:
            return spec
    raise reading.as_error()


def schema() -> dict[str, Any]:
    """The JSON Schema of such a file, for editors: each key with its range, default and description."""
    document = TypeAdapter(Spec).json_schema(schema_generator=_SpecSchema)
    team, named = (document["$defs"][kind]["properties"] for kind in ("Team", "Named"))
    document["required"].remove("name")
    document["properties"]["name"]["pattern"] = f"^{_NAME}$"
    team["slug"]["pattern"] = f"^{limits.SLUG}$"
    team["cultures"]["items"]["enum"] = list(names.NAMES)
    team["languages"]["items"]["enum"] = list(corpus.EXCHANGES)
    named["email"]["pattern"] = f"^{limits.EMAIL}$"
    return {
        "$schema": GenerateJsonSchema.schema_dialect,
        **document,
        "title": "A world for chatctl seed from",
    }


class _SpecSchema(GenerateJsonSchema):
    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def tuple_schema(self, schema: core_schema.TupleSchema) -> JsonSchemaValue:
        result = super().tuple_schema(schema)
        return result if "variadic_item_index" in schema else {"anyOf": [result["prefixItems"][0], result]}


class _SpecReading(ShapeReading):
    """Reads a world and collects its mistakes."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, _YAML)
        self._own_name = path.stem
        self._shapes: dict[int, tuple[Any, str]] = {}  # by id, because mistakes refer to these objects

    def hints(self, kind: Any) -> dict[str, Any]:
        return get_type_hints(kind, include_extras=True)  # null is allowed where None is

    def value(self, hint: Any, node: Node, at: str) -> Any:
        bare = bare_hint(hint)
        if get_origin(bare) is not tuple or Ellipsis in get_args(bare):
            return super().value(hint, node, at)
        pair = self.plain(node) if isinstance(node, SequenceNode) else (self.plain(node),) * _PAIR
        if len(pair) != _PAIR:
            self.report(position(node), at, "must be one number, or two: [from, to]")
            raise Unusable
        return self.validated(hint, pair, node, at)

    def shape(self, kind: Any, node: Node, at: str) -> Any:
        """The ``kind`` object that ``node`` describes, with invalid values replaced."""
        before = self.reported
        values, broken = self.values(kind, node, at, **({"name": self._own_name} if kind is Spec else {}))
        values |= {key: value for key, value in _REPLACEMENTS[kind].items() if key in broken}
        if kind is Talk and self.reported > before:
            values["count"] = 0  # its participants are uncertain, so it uses no pairs
        result = kind(**values)
        if isinstance(node, MappingNode):
            self._shapes[id(result)] = result, at
        return result

    def check_combinations(self, spec: Spec) -> None:
        """Report the mistakes in the combination of values, as far as they could be read."""
        for mistake in chain(_of_name(spec), limits.mistakes(spec, whole=not self.mistakes)):
            if id(mistake.about) in self._shapes:
                _, at = self._shapes[id(mistake.about)]
                item = "" if mistake.item is None else f"[{mistake.item}]"
                key = f"{mistake.key}{item}"
                if not any(_overlap(key_path(at, key), other) for _, other, _ in self.mistakes):
                    self.report_key(at, key, mistake.sentence)


def _of_name(spec: Spec) -> Iterator[Mistake]:
    if not re.fullmatch(_NAME, spec.name):
        rule = "must be at most 63 letters from a to z, digits, hyphens, dots and underscores"
        yield Mistake(spec, "name", f"{rule}, not {shorten(spec.name)}; it defaults to the name of the file")
    elif spec.name.lower() in BUILT_IN:
        yield Mistake(spec, "name", f"must not be {spec.name}, which is a built-in world")


def _overlap(path: str, other: str) -> bool:
    return _within(path, other) or _within(other, path)


def _within(path: str, outer: str) -> bool:
    return path == outer or path.startswith((f"{outer}.", f"{outer}["))
