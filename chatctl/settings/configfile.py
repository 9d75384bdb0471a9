"""Strict reading of ``chatctl.yaml``: messages give the position of a mistake, but never a value.

The file chooses a database and declares whether that is production. What YAML resolves silently (a duplicate
key, a merge key, an alias, a tag, a null) is therefore an error. Its values are secrets: no message repeats
one, nor a key that may be a value with a misplaced colon.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from yaml.nodes import Node, ScalarNode

from chatctl.errors import Invalid
from chatctl.settings.config import NAME, Config, Value, is_name
from chatctl.yamlfile.nodes import Dialect, position
from chatctl.yamlfile.reading import Reading, TooManyMistakes

_YAML = Dialect("configuration", most_bytes=256 * 1024, deepest=8, empty="mapping", names=NAME)
_NAME_RULE = (
    "has a key that is not a valid name: a target name consists of letters, digits, `.`, `_` and `-`, "
    "followed by a colon and a space or line break"
)


def read(path: Path, name: str, known: tuple[str, ...]) -> Config:
    """The content of ``path``, called ``name`` in messages, whose targets may have the keys ``known``.

    Raises Invalid, with file, line, column and key, for an entry that is malformed, incomplete or duplicate.
    """
    if not path.is_file():
        raise Invalid(f"{name} is not a file")
    reading = Reading(path, _YAML, name)
    with suppress(TooManyMistakes):
        config = _config(reading, name, known)
        if not reading.mistakes:
            return config
    raise reading.as_error()


def _config(reading: Reading, name: str, known: tuple[str, ...]) -> Config:
    default: Value | None = None
    targets: dict[str, dict[str, Value]] = {}
    for key, node in reading.entries(reading.root, "", ("default", "targets")):
        if key.value == "default":
            default = _value(reading, node, "default")
        else:
            targets = _targets(reading, node, known)
    return Config(name, default, targets)


def _targets(reading: Reading, node: Node, known: tuple[str, ...]) -> dict[str, dict[str, Value]]:
    targets: dict[str, dict[str, Value]] = {}
    for target, keys in reading.entries(node, "targets", None):
        if not is_name(target.value):
            reading.report(position(target), "targets", _NAME_RULE)
            continue
        at = f"targets.{target.value}"
        targets[target.value] = {}
        for key, it in reading.entries(keys, at, known):
            if value := _value(reading, it, f"{at}.{key.value}"):
                targets[target.value][key.value] = value
    return targets


def _value(reading: Reading, node: Node, key: str) -> Value | None:
    """The text of a scalar as written; for any other node, report a mistake and return None."""
    if not isinstance(node, ScalarNode):
        reading.report(position(node), key, "must be text")
    elif node.tag == "tag:yaml.org,2002:null" or not node.value:
        reading.report(position(node), key, "has no value; give it one, or remove the key")
    else:
        return Value(node.value, reading.where(position(node), key))
    return None
