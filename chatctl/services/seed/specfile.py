"""A world of one's own as YAML: read, and told line by line what is wrong with it.

Its keys are the fields of ``Spec``. pydantic judges each value, ``limits`` what they come to together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import MISSING, dataclass, fields, is_dataclass
from difflib import get_close_matches
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import yaml
from pydantic import TypeAdapter, ValidationError
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import ErrorDetails, core_schema
from yaml.composer import ComposerError
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from yaml.reader import ReaderError

from chatctl.errors import Invalid
from chatctl.services.seed import corpus, limits, names
from chatctl.services.seed.limits import Mistake
from chatctl.services.seed.spec import BUILT_IN, LARGEST_GROUP, MOST_USERS, Habits, Named, Spec, Talk, Team

_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}"

_MOST_BYTES = 256 * 1024
_DEEPEST = 10
_MOST_TOLD = 10
_SHOWN = 60  # characters of what somebody wrote
_PAIR = 2

# What stands in for a value that is broken, so that the rest can be judged: nothing is wrong because of it.
_STAND_INS: dict[type, dict[str, Any]] = {
    Spec: {"name": "", "organizations": (), "visits": True},
    Team: {"name": "", "slug": "", "users": MOST_USERS, "admins": 0, "conversations": ()},
    Talk: {"size": (LARGEST_GROUP, LARGEST_GROUP)},
    Named: {"email": "", "name": ""},
    Habits: {},
}

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


def load(path: Path) -> Spec:
    """The world that ``path`` describes; it is called like the file unless it says otherwise.

    Raises Invalid when that is none that can be built, with up to ten mistakes: file, line, key, and what is
    allowed. What everything adds up to is judged when each part is as it should be.
    """
    reading = _Reading(path)
    with suppress(_Enough):
        spec: Spec = reading.mapping(Spec, reading.root, "", name=path.stem)
        reading.judge(spec)
        if not reading.told:
            return spec
    raise Invalid(_listed(path, sorted(reading.told)))


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


class _Broken(Exception):
    """A value is not to be used; why not is told."""


class _Enough(Exception):
    """More is wrong than anybody reads at once."""


class _Loader(yaml.SafeLoader):
    """Plain YAML: nothing stands for what is elsewhere or names a type, nothing is deeper than a world."""

    _depth = 0

    def compose_node(self, parent: Node | None, index: int) -> Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if getattr(event, "anchor", None) or getattr(event, "tag", None):
            problem = "anchors, aliases and tags (&, *, !) are not taken; write it out, or text in quotes"
            raise ComposerError(None, None, problem, event.start_mark)
        if self._depth == _DEEPEST:
            raise ComposerError(None, None, "nested deeper than a world is", event.start_mark)
        self._depth += 1
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node


@dataclass(frozen=True)
class _Place:
    """Where something was read."""

    path: str
    node: MappingNode

    def of(self, mistake: Mistake) -> tuple[int, str]:
        """The line and the key path of what is wrong with it."""
        path = _under(self.path, mistake.key)
        for key, value in self.node.value:
            if key.value == mistake.key:
                if mistake.item is None:
                    return _line(key), path
                return _line(value.value[mistake.item]), f"{path}[{mistake.item}]"
        return _line(self.node), path


class _Reading:
    """A file while it is read; ``told`` are its mistakes: line, key path, sentence."""

    def __init__(self, path: Path) -> None:
        self._loader, self.root = _composed(path)
        self._made: dict[int, tuple[Any, _Place]] = {}  # by id: what is wrong is about these very objects
        self.told: set[tuple[int, str, str]] = set()

    def mapping(self, kind: Any, node: Node, at: str, **given: Any) -> Any:
        """The ``kind`` of thing that ``node`` describes; what is wrong is told, and something stands in."""
        if not isinstance(node, MappingNode):
            self._tell(_line(node), at, f"must be a mapping, not {_shown(node)}")
            return kind(**_STAND_INS[kind])
        hints = get_type_hints(kind, include_extras=True)
        before = len(self.told)
        values = dict(given)
        broken: set[str] = set()
        for key, value in self._entries(node, at, list(hints), broken):
            try:
                values[key] = self._value(hints[key], value, _under(at, key))
            except _Broken:
                broken.add(key)
        for field in fields(kind):
            if field.name not in {*values, *broken} and not _has_default(field):
                self._tell(_line(node), _under(at, field.name), "is missing")
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
                    self._tell(line, at, mistake.sentence)

    def _entries(
        self, node: MappingNode, at: str, known: list[str], broken: set[str]
    ) -> Iterator[tuple[str, Node]]:
        lines: dict[str, int] = {}
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                self._tell(_line(key), at, f"has {_shown(key)} as a key")
                continue
            where = _under(at, _cut(key.value))
            if key.value in lines:
                self._tell(_line(key), where, f"is there twice, first in line {lines[key.value]}")
            elif key.value not in known:
                self._tell(_line(key), where, f"is not known; {limits.nearest(key.value, known)}")
                broken.update(get_close_matches(key.value, known, n=1))
            else:
                lines[key.value] = _line(key)
                yield key.value, value

    def _value(self, hint: Any, node: Node, at: str) -> Any:
        bare = get_args(hint)[0] if get_origin(hint) is Annotated else hint
        if is_dataclass(bare):
            return self.mapping(bare, node, at)
        items = get_args(bare) if get_origin(bare) is tuple else ()
        if items and is_dataclass(items[0]) and isinstance(node, SequenceNode):
            made = [self.mapping(items[0], item, f"{at}[{place}]") for place, item in enumerate(node.value)]
            return self._checked(hint, tuple(made), node, at)
        value = self._plain(node)
        if items and Ellipsis not in items:
            value = value if isinstance(node, SequenceNode) else (value, value)
            if len(value) != _PAIR:
                self._tell(_line(node), at, "must be one number, or two: [from, to]")
                raise _Broken
        return self._checked(hint, value, node, at)

    def _plain(self, node: Node) -> Any:
        if isinstance(node, SequenceNode):
            return tuple(self._plain(item) for item in node.value)
        if isinstance(node, MappingNode):
            return {}  # whatever it holds: no value is one
        try:
            return self._loader.construct_object(node)
        except (ValueError, yaml.YAMLError):
            return node.value  # it looks like a number or a date, and is text

    def _checked(self, hint: Any, value: Any, node: Node, at: str) -> Any:
        try:
            return _adapter(hint).validate_python(value, strict=True)
        except ValidationError as error:
            for each in error.errors(include_url=False, include_input=False):
                self._tell_value(each, node, at)
            raise _Broken from None

    def _tell_value(self, error: ErrorDetails, node: Node, at: str) -> None:
        for step in error["loc"]:
            if isinstance(node, SequenceNode) and isinstance(step, int):
                node, at = node.value[step], f"{at}[{step}]"
        bounds = {key: f"{it:g}" if isinstance(it, float) else it for key, it in error.get("ctx", {}).items()}
        said = _SAID.get(error["type"], "").format(**bounds) or error["msg"]
        self._tell(_line(node), at, f"{said}, not {_shown(node)}")

    def _tell(self, line: int, at: str, sentence: str) -> None:
        self.told.add((line, at or "the world", sentence))
        if len(self.told) > _MOST_TOLD:
            raise _Enough


def _of_name(spec: Spec) -> Iterator[Mistake]:
    if not re.fullmatch(_NAME, spec.name):
        said = "must be at most 63 letters from a to z, digits, hyphens, dots and underscores"
        yield Mistake(spec, "name", f"{said}, not {_cut(spec.name)}; it is the file's name unless given")
    elif spec.name.lower() in BUILT_IN:
        yield Mistake(spec, "name", f"must be another than {spec.name}, which chatctl has itself")


def _composed(path: Path) -> tuple[_Loader, Node]:
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise Invalid(f"{path} cannot be read: {error.strerror}") from None
    if len(data) > _MOST_BYTES:
        raise Invalid(f"{path} is larger than {_MOST_BYTES // 1024} KiB; a world is a few pages of text")
    try:
        text = data.decode()
        loader = _Loader(text)
        node = loader.get_single_node()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Invalid(f"{path}:{line}: is not UTF-8 ({error.reason})") from None
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise Invalid(f"{path}:{line}: is not YAML: {error.reason}") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{path}:{mark.line + 1}" if mark else path
        raise Invalid(f"{where}: is not the YAML of a world: {error.problem or error.context}") from None
    if node is None:
        raise Invalid(f"{path} is empty")
    return loader, node


def _listed(path: Path, told: list[tuple[int, str, str]]) -> str:
    lines = [f"{path}:{line}: {at} {sentence}" for line, at, sentence in told[:_MOST_TOLD]]
    if len(told) > _MOST_TOLD:
        lines.append("and more")
    return lines[0] if len(lines) == 1 else "\n  ".join([f"{path} is no world:", *lines])


@cache
def _adapter(hint: Any) -> TypeAdapter[Any]:
    return TypeAdapter(hint)


def _has_default(field: Any) -> bool:
    return field.default is not MISSING or field.default_factory is not MISSING


def _under(at: str, key: str) -> str:
    return ".".join(filter(None, (at, key)))


def _within(path: str, outer: str) -> bool:
    return path == outer or path.startswith((f"{outer}.", f"{outer}["))


def _line(node: Node) -> int:
    return int(node.start_mark.line) + 1


def _shown(node: Node) -> str:
    if isinstance(node, ScalarNode):
        return repr(_cut(node.value)) if node.style else _cut(node.value) or "nothing"
    return f"a list of {len(node.value)}" if isinstance(node, SequenceNode) else "a mapping"


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
