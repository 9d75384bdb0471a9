"""The JSON Schema and the documentation of access.yaml match its reader."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import event, given, settings
from hypothesis import strategies as st

from chatctl.errors import Invalid
from chatctl.services.audit.access import load
from chatctl.services.audit.access.schema import json_schema
from tests.support.access_files import BASE, OURS, steps, under

DOCS = Path(__file__).parents[3] / "docs" / "access-yaml.md"
WHOLE = json_schema()

# Rules between keys, which the schema cannot express.
BETWEEN = r"which \S+ does not|roles under api, not|does not exist| twice$| repeats .+ of line \d+$"
TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int, "null": type(None)}
KNOWN = {
    "$defs", "$ref", "$schema", "additionalProperties", "anyOf", "default", "description", "enum", "items",
    "minItems", "minProperties", "not", "oneOf", "pattern", "properties", "propertyNames", "required",
    "title", "type",
}  # fmt: skip


def errors(value: Any, rule: Any = WHOLE) -> Iterator[str]:
    """The errors of ``value`` according to those parts of JSON Schema that our schema uses."""
    if rule is True:
        return
    assert set(rule) <= KNOWN
    if "$ref" in rule:
        yield from errors(value, WHOLE["$defs"][rule["$ref"].removeprefix("#/$defs/")])
    kind = rule.get("type")
    if kind and (not isinstance(value, TYPES[kind]) or (kind == "integer" and isinstance(value, bool))):
        yield f"{value!r} is no {kind}"
        return
    if "enum" in rule and value not in rule["enum"]:
        yield f"{value!r} is none of {rule['enum']}"
    for key in {"anyOf", "oneOf", "not"} & set(rule):
        fitting = sum(valid(value, each) for each in ([rule[key]] if key == "not" else rule[key]))
        if not {"anyOf": fitting > 0, "oneOf": fitting == 1, "not": fitting == 0}[key]:
            yield f"{value!r} is against {key}"
    if isinstance(value, dict):
        yield from _of_mapping(value, rule)
    elif isinstance(value, list):
        if len(value) < rule.get("minItems", 0):
            yield "too few"
        for each in value if "items" in rule else ():
            yield from errors(each, rule["items"])
    elif isinstance(value, str) and not re.search(rule.get("pattern", "").replace("$", r"\Z"), value):
        yield f"{value!r} is not {rule['pattern']}"


def _of_mapping(value: dict[str, Any], rule: dict[str, Any]) -> Iterator[str]:
    if len(value) < rule.get("minProperties", 0):
        yield "too few"
    yield from (f"{key} is missing" for key in rule.get("required", ()) if key not in value)
    for key, each in value.items():
        if inner := rule.get("properties", {}).get(key):
            yield from errors(each, inner)
        elif rule.get("additionalProperties", True) is False:
            yield f"{key} is not known"
        else:
            yield from errors(each, rule.get("additionalProperties", True))
        if "propertyNames" in rule:
            yield from errors(key, rule["propertyNames"])


def valid(value: Any, rule: Any = WHOLE) -> bool:
    return next(errors(value, rule), None) is None


def test_every_key_has_a_description() -> None:
    for part in (WHOLE, *WHOLE["$defs"].values()):
        assert part["additionalProperties"] is False
        assert part["description"].endswith(".")
        assert all(re.search(r"[.?]$", about["description"]) for about in part["properties"].values())


@pytest.mark.parametrize("document", [OURS, yaml.safe_load(BASE)], ids=["ours", "all there is"])
def test_valid_files_match_the_schema(document: Any) -> None:
    assert list(errors(document)) == []


VALUES = st.sampled_from(
    [
        None,
        True,
        3,
        1.5,
        "text",
        "never",
        "only",
        "app.notes",
        "",
        "  ",
        "a\0",
        [],
        {},
        ["a"],
        [1],
        {"x": "y"},
    ]
)
KEYS = st.sampled_from(
    [
        "x",
        "",
        "two\nlines",
        "app.other",
        "app.other(uuid)",
        "select",
        "rows",
        "says",
        "claims",
        "raw",
        "update",
    ]
)


@settings(max_examples=300, deadline=None)
@given(data=st.data(), times=st.integers(1, 2))
def test_the_schema_refuses_what_the_reader_refuses(
    data: st.DataObject, times: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    document = yaml.safe_load(BASE)
    for _ in range(times):
        way = data.draw(st.sampled_from(list(steps(document))))
        parent = under(document, way[:-1])
        match data.draw(st.sampled_from(["drop", "replace", "rename", "add"])):
            case "drop":
                del parent[way[-1]]
            case "replace":
                parent[way[-1]] = copy.deepcopy(data.draw(VALUES))
            case "rename" if isinstance(parent, dict):
                parent[data.draw(KEYS)] = parent.pop(way[-1])
            case "add" if isinstance(parent, dict):
                parent[data.draw(KEYS)] = copy.deepcopy(data.draw(VALUES))
        if not document:
            return
    path = tmp_path_factory.getbasetemp() / "access.yaml"
    path.with_name("fixture.sql").touch()
    path.write_text(yaml.safe_dump(document, sort_keys=False))
    refused = [line for line in reported_by_reader(path) if not re.search(BETWEEN, line)]
    event("refused" if refused else "read")
    assert bool(refused) == (not valid(document)), (refused, list(errors(document)))


def reported_by_reader(path: Path) -> list[str]:
    try:
        load(path)
    except Invalid as refused:
        head, *lines = refused.message.split("\n  ")
        return lines or [head]
    return []


def test_the_documentation_has_a_row_for_every_key() -> None:
    text = DOCS.read_text()
    for name, part in {"Document": WHOLE, **WHOLE["$defs"]}.items():
        for key, about in part["properties"].items():
            assert row(key, about, needed=key in part.get("required", ())) in text, name


def test_the_examples_in_the_documentation_are_valid(tmp_path: Path) -> None:
    examples = re.findall(r"```yaml\n(.*?)```", DOCS.read_text(), re.DOTALL)
    assert examples
    (tmp_path / "fixture.sql").touch()
    for text in examples:
        (tmp_path / "access.yaml").write_text(text)
        load(tmp_path / "access.yaml")
        assert valid(yaml.safe_load(text))


def row(key: str, about: dict[str, Any], *, needed: bool) -> str:
    """A line of the documentation: the values of a key, its default, and its meaning."""
    default = about.get("default")
    shown = (
        (default if isinstance(default, str) else json.dumps(default))
        if default not in (None, [], {})
        else ""
    )
    after = "required" if needed else shown and f"`{shown}`"
    return f"| `{key}` | {takes(about)} | {after} | {about['description'].removesuffix('.')} |"


def takes(about: Any) -> str:
    match about:
        case {"$ref": kind}:
            name = kind.split("/")[-1].lower()
            return f"[{name}](#{name})"
        case {"anyOf": kinds}:
            return " or ".join(takes(each) for each in kinds)
        case {"enum": choices}:
            return ", ".join(f"`{choice}`" for choice in choices)
        case {"items": item}:
            return f"list of {takes(item)}"
        case {"additionalProperties": item}:
            return "mapping of JSON" if item is True else f"mapping of {takes(item)}"
    words = {"boolean": "`true` or `false`", "integer": "whole number", "null": "`null`", "string": "text"}
    return words[about["type"]]
