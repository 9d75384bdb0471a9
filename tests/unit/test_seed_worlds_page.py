"""docs/seed-worlds.md and the JSON Schema contain every key of a world."""

from __future__ import annotations

import json
import re
from typing import Any

from chatctl.services.seed import corpus, names, outline
from chatctl.services.seed.specfile import load, schema
from tests.support.worldfiles import DOCS, KINDS, Written, keeps_limits


def test_the_schema_has_every_key_with_a_description() -> None:
    actual = schema()
    parts = {**actual["$defs"], "Spec": actual}

    for kind in KINDS:
        keys = parts[kind.__name__]["properties"]
        assert list(keys) == list(kind.__dataclass_fields__)
        assert all(key["description"].endswith(".") for key in keys.values())
        assert parts[kind.__name__]["additionalProperties"] is False
    assert actual["required"] == ["organizations"]


def test_the_documentation_has_a_row_for_every_key() -> None:
    actual, text = schema(), DOCS.read_text()

    for part in (actual, *actual["$defs"].values()):
        for key, about in part["properties"].items():
            assert row(key, about, needed=key in part.get("required", ())) in text
    for words in (names.NAMES, corpus.EXCHANGES):
        assert ", ".join(f"`{word}`" for word in words) in text


def test_the_examples_in_the_documentation_are_valid(written: Written) -> None:
    worlds = re.findall(r"```yaml\n(.*?)```", DOCS.read_text(), re.DOTALL)

    assert worlds
    for world in worlds:
        keeps_limits(outline.build(load(written(world))))


def row(key: str, about: dict[str, Any], *, needed: bool) -> str:
    """A line of the documentation: the values of a key, its default, and its meaning."""
    default = "required" if needed else shown(about.get("default"))
    return f"| `{key}` | {takes(about)} | {default} | {about['description'].removesuffix('.')} |"


def shown(default: Any) -> str:
    return (
        "" if default in (None, []) else f"`{default if isinstance(default, str) else json.dumps(default)}`"
    )


def takes(about: dict[str, Any]) -> str:  # noqa: PLR0911 - one for each kind of value
    match about:
        case {"$ref": _}:
            return "[habits](#habits)"
        case {"anyOf": [one, {"type": "array"}]}:
            return f"{takes(one)}; or `[from, to]`"
        case {"anyOf": [one, {"type": "null"}]}:
            return takes(one)
        case {"enum": words}:
            return ", ".join(f"`{word}`" for word in words)
        case {"minimum": low, "maximum": high}:
            return f"{'whole number' if about['type'] == 'integer' else 'number'}, {low:,} to {high:,}"
        case {"items": {"$ref": kind}}:
            part = {"Team": "organizations", "Talk": "conversations", "Named": "named"}[kind.split("/")[-1]]
            return f"list of [{part}](#{part})"
        case {"type": "array"}:
            return "list"
        case {"maxLength": most}:
            return f"text, at most {most} characters"
        case {"format": "date"}:
            return "date"
    return {"boolean": "`true` or `false`", "string": "text"}[about["type"]]
