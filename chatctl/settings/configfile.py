"""Reading ``chatctl.yaml``: strictly, with the place of each mistake, and never with a value in a message.

It chooses a database and says whether that is production, so what YAML would resolve silently (a key given
twice, a merge key, an alias, a tag, a null) is an error here. Its values are secrets: no message repeats one,
nor a key that may be a value with its colon misplaced.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from chatctl.errors import Invalid

if TYPE_CHECKING:
    from yaml import MappingNode, Mark, Node

_MOST_BYTES = 256 * 1024
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}")
_NAME_RULE = (
    "the name of a target has only letters, digits, `.`, `_` and `-`, then a colon and a space or line break"
)
_KEY = re.compile(r"[A-Za-z_]{1,40}|<<")


@dataclass(frozen=True)
class Value:
    """The text of a key and, for messages, its place in the file."""

    text: str
    where: str


@dataclass(frozen=True)
class Config:
    """A chatctl.yaml: the default target, and the keys of each target; ``name`` is for messages."""

    name: str
    default: Value | None
    targets: Mapping[str, Mapping[str, Value]]


def is_name(text: str) -> bool:
    """Whether ``text`` can be the name of a target, and therefore be repeated in a message."""
    return _NAME.fullmatch(text) is not None


def read(path: Path, name: str, known: tuple[str, ...]) -> Config:
    """The content of ``path``, called ``name`` in messages, whose targets may have the keys ``known``.

    Raises Invalid, naming file, line, column and key, for whatever is not plain, complete and given once.
    """
    file = _File(path, name)
    root = file.root()
    default: Value | None = None
    targets: dict[str, dict[str, Value]] = {}
    for key, node in file.entries(root, "", ("default", "targets")) if root else ():
        if key == "default":
            default = file.value(node, key)
            continue
        for target, keys in file.entries(node, key, None):
            at = f"{key}.{target}"
            targets[target] = {
                each: file.value(it, f"{at}.{each}") for each, it in file.entries(keys, at, known)
            }
    return Config(name, default, targets)


class _File:
    """One YAML file, and how its places are called in messages."""

    def __init__(self, path: Path, name: str) -> None:
        self._path, self._name = path, name

    def at(self, mark: Mark, key: str = "") -> str:
        """``chatctl.yaml:3:5: targets.prod``."""
        place = f"{self._name}:{mark.line + 1}:{mark.column + 1}"
        return f"{place}: {key}" if key else place

    def root(self) -> MappingNode | None:
        """The outermost mapping; None for an empty file."""
        import yaml  # noqa: PLC0415 - most runs have no chatctl.yaml

        text = self._text()
        try:
            self._refuse_references(text)
            node = yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.MarkedYAMLError as error:
            mark = error.context_mark or error.problem_mark
            place = self.at(mark) if mark else self._name
            # The other texts of PyYAML quote characters of the file.
            reasons = [each for each in (error.context, error.problem) if each and "'" not in each]
            raise Invalid(
                f"{place}: cannot be read as YAML{''.join(f', {each}' for each in reasons)}",
                hint="indent with blanks, not tabs; put values with special characters in single quotes",
            ) from None
        except yaml.reader.ReaderError as error:
            line = text.count("\n", 0, error.position) + 1
            raise Invalid(f"{self._name}:{line}: contains a character that YAML does not allow") from None
        except RecursionError:
            raise Invalid(f"{self._name}: nested too deeply") from None
        if node is not None and not isinstance(node, yaml.MappingNode):
            raise Invalid(f"{self.at(node.start_mark)}: must be a mapping with `default` and `targets`")
        return node

    def entries(self, node: Node, at: str, known: tuple[str, ...] | None) -> Iterator[tuple[str, Node]]:
        """The keys and values of a mapping; with ``known`` None, the keys are names of targets."""
        from yaml import MappingNode, ScalarNode  # noqa: PLC0415 - see root

        if not isinstance(node, MappingNode):
            raise Invalid(f"{self.at(node.start_mark, at)} must be a mapping")
        lines: dict[str, int] = {}
        for key, value in node.value:
            name = key.value if isinstance(key, ScalarNode) else ""
            shown = f"{at}.{name}" if at else name
            if name in lines:
                both = f"lines {lines[name]} and {key.start_mark.line + 1}"
                raise Invalid(f"{self._name}: {shown} is given twice, in {both}; keep one of them")
            if known is None and not is_name(name):
                raise Invalid(f"{self.at(key.start_mark, at)}: {_NAME_RULE}")
            if known is not None and name not in known:
                # A value whose colon lacks its space is read as a key.
                unknown = f"{shown} is not known" if _KEY.fullmatch(name) else "a key that is not known"
                raise Invalid(f"{self.at(key.start_mark, at)}: {unknown}; known are {', '.join(known)}")
            lines[name] = key.start_mark.line + 1
            yield name, value

    def value(self, node: Node, key: str) -> Value:
        """The text of a scalar as it is written."""
        from yaml import ScalarNode  # noqa: PLC0415 - see root

        where = self.at(node.start_mark, key)
        if not isinstance(node, ScalarNode):
            raise Invalid(f"{where} must be text")
        if node.tag == "tag:yaml.org,2002:null" or not node.value:
            raise Invalid(f"{where} has no value; give it one, or remove the key")
        return Value(node.value, where)

    def _text(self) -> str:
        try:
            if not self._path.is_file():
                raise Invalid(f"{self._name} is not a file")
            with self._path.open("rb") as file:
                data = file.read(_MOST_BYTES + 1)
        except OSError as error:
            raise Invalid(f"{self._name} cannot be read: {error.strerror}") from None
        if len(data) > _MOST_BYTES:
            raise Invalid(f"{self._name} is larger than {_MOST_BYTES // 1024} KiB")
        try:
            return data.decode()
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            raise Invalid(f"{self._name}:{line}: is not UTF-8") from None

    def _refuse_references(self, text: str) -> None:
        """Raise Invalid for anchors, aliases and tags: one of them can override ``environment``."""
        import yaml  # noqa: PLC0415 - see root

        for token in yaml.scan(text, Loader=yaml.SafeLoader):
            if isinstance(token, yaml.AnchorToken | yaml.AliasToken | yaml.TagToken):
                raise Invalid(
                    f"{self.at(token.start_mark)}: anchors (&), aliases (*) and tags (!) are not allowed",
                    hint="write the value out; in single quotes if it begins with one of these characters",
                )
