"""A world of one's own as YAML: read, and told line by line what is wrong with it.

Its keys are the fields of ``Spec``. pydantic judges each value, ``limits`` what they come to together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import MISSING, dataclass, fields, is_dataclass
from itertools import chain
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema
from yaml.nodes import MappingNode, Node, SequenceNode

from chatctl.services.seed import corpus, limits, names
from chatctl.services.seed.limits import Mistake
from chatctl.services.seed.spec import BUILT_IN, LARGEST_GROUP, MOST_USERS, Habits, Named, Spec, Talk, Team
from chatctl.yamlfile.nodes import Dialect, cut, line, shown, under
from chatctl.yamlfile.reading import Broken, Enough, Reading

_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}"

_PAIR = 2
_YAML = Dialect("world", most_bytes=256 * 1024, deepest=10)

# What stands in for a value that is broken, so that the rest can be judged: nothing is wrong because of it.
_STAND_INS: dict[type, dict[str, Any]] = {
    Spec: {"name": "", "organizations": (), "visits": True},
    Team: {"name": "", "slug": "", "users": MOST_USERS, "admins": 0, "conversations": ()},
    Talk: {"size": (LARGEST_GROUP, LARGEST_GROUP)},
    Named: {"email": "", "name": ""},
    Habits: {},
}


def load(path: Path) -> Spec:
    """The world that ``path`` describes; it is called like the file unless it says otherwise.

    Raises Invalid when that is none that can be built, with up to ten mistakes: file, line, key, and what is
    allowed. What everything adds up to is judged when each part is as it should be.
    """
    reading = _Reading(path)
    with suppress(Enough):
        spec: Spec = reading.mapping(Spec, reading.root, "", name=path.stem)
        reading.judge(spec)
        if not reading.told:
            return spec
    raise reading.refused()


def schema() -> dict[str, Any]:
    """The JSON Schema of such a file, for editors: each key with its range, its default and what it means."""
    made = TypeAdapter(Spec).json_schema(schema_generator=_Schema)
    team, named = (made["$defs"][kind]["properties"] for kind in ("Team", "Named"))
    made["required"].remove("name")
    made["properties"]["name"]["pattern"] = f"^{_NAME}$"
    team["slug"]["pattern"] = f"^{limits.SLUG}$"
    team["cultures"]["items"]["enum"] = list(names.NAMES)
    team["languages"]["items"]["enum"] = list(corpus.EXCHANGES)
    named["email"]["pattern"] = f"^{limits.EMAIL}$"
    return {"$schema": GenerateJsonSchema.schema_dialect, **made, "title": "A world for chatctl seed from"}


class _Schema(GenerateJsonSchema):
    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def tuple_schema(self, schema: core_schema.TupleSchema) -> JsonSchemaValue:
        made = super().tuple_schema(schema)
        return made if "variadic_item_index" in schema else {"anyOf": [made["prefixItems"][0], made]}


@dataclass(frozen=True)
class _Place:
    """Where something was read."""

    path: str
    node: MappingNode

    def of(self, mistake: Mistake) -> tuple[int, str]:
        """The line and the key path of what is wrong with it."""
        path = under(self.path, mistake.key)
        for key, value in self.node.value:
            if key.value == mistake.key:
                if mistake.item is None:
                    return line(key), path
                return line(value.value[mistake.item]), f"{path}[{mistake.item}]"
        return line(self.node), path


class _Reading(Reading):
    """A world while it is read."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, _YAML)
        self._made: dict[int, tuple[Any, _Place]] = {}  # by id: what is wrong is about these very objects

    def mapping(self, kind: Any, node: Node, at: str, **given: Any) -> Any:
        """The ``kind`` of thing that ``node`` describes; what is wrong is told, and something stands in."""
        if not isinstance(node, MappingNode):
            self.tell(line(node), at, f"must be a mapping, not {shown(node)}")
            return kind(**_STAND_INS[kind])
        hints = get_type_hints(kind, include_extras=True)
        before = len(self.told)
        values = dict(given)
        broken: set[str] = set()
        for found, value in self.entries(node, at, list(hints), broken):
            key = found.value
            try:
                values[key] = self._value(hints[key], value, under(at, key))
            except Broken:
                broken.add(key)
        for field in fields(kind):
            if field.name not in {*values, *broken} and not _has_default(field):
                self.tell(line(node), under(at, field.name), "is missing")
                broken.add(field.name)
        values |= {key: value for key, value in _STAND_INS[kind].items() if key in broken}
        if kind is Talk and len(self.told) > before:
            values["count"] = 0  # whom it takes is not certain: it takes nobody
        made = kind(**values)
        self._made[id(made)] = made, _Place(at, node)
        return made

    def judge(self, spec: Spec) -> None:
        """Tell what is wrong with everything together, as far as it could be read."""
        for mistake in chain(_of_name(spec), limits.mistakes(spec, whole=not self.told)):
            made = self._made.get(id(mistake.about))
            if made:
                line, at = made[1].of(mistake)
                if not any(_within(at, told) or _within(told, at) for _, told, _ in self.told):
                    self.tell(line, at, mistake.sentence)

    def _value(self, hint: Any, node: Node, at: str) -> Any:
        bare = get_args(hint)[0] if get_origin(hint) is Annotated else hint
        if is_dataclass(bare):
            return self.mapping(bare, node, at)
        items = get_args(bare) if get_origin(bare) is tuple else ()
        if items and is_dataclass(items[0]) and isinstance(node, SequenceNode):
            made = [self.mapping(items[0], item, f"{at}[{place}]") for place, item in enumerate(node.value)]
            return self.checked(hint, tuple(made), node, at)
        value = self.plain(node)
        if items and Ellipsis not in items:
            value = value if isinstance(node, SequenceNode) else (value, value)
            if len(value) != _PAIR:
                self.tell(line(node), at, "must be one number, or two: [from, to]")
                raise Broken
        return self.checked(hint, value, node, at)


def _of_name(spec: Spec) -> Iterator[Mistake]:
    if not re.fullmatch(_NAME, spec.name):
        said = "must be at most 63 letters from a to z, digits, hyphens, dots and underscores"
        yield Mistake(spec, "name", f"{said}, not {cut(spec.name)}; it is the file's name unless given")
    elif spec.name.lower() in BUILT_IN:
        yield Mistake(spec, "name", f"must be another than {spec.name}, which chatctl has itself")


def _has_default(field: Any) -> bool:
    return field.default is not MISSING or field.default_factory is not MISSING


def _within(path: str, outer: str) -> bool:
    return path == outer or path.startswith((f"{outer}.", f"{outer}["))
