"""access.yaml: read whole, and wrong in ways that name file and key."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from chatctl.errors import Invalid
from chatctl.services.audit.expectations import load
from chatctl.services.audit.report import default_file
from chatctl.services.audit.sqltext import filled

SMALL: dict[str, Any] = {
    "fixture": "fixture.sql",
    "api": {"roles": ["anon", "member"], "granted": ["member"], "trusted": ["boss"]},
    "schemas": {"app": "exposed"},
    "denials": ["42501"],
    "identities": {"ann": {"role": "member", "user": "ann", "says": "a member"}},
    "tables": {"app.notes": {"key": ["id"], "select": "this.owner = actor"}},
}


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Any]:
    """Write SMALL with a change, and load it."""

    def changed(change: Callable[[Any], None] = lambda document: None) -> Any:
        document = copy.deepcopy(SMALL)
        change(document)
        (tmp_path / "fixture.sql").write_text("select 1;")
        (tmp_path / "access.yaml").write_text(yaml.safe_dump(document))
        return load(tmp_path / "access.yaml")

    return changed


def test_ours_reads() -> None:
    access = load(default_file())
    assert {table.name for table in access.tables} >= {"public.messages", "storage.objects"}
    assert len(access.identities) >= 20


def test_what_is_not_said_is_never(read: Callable[..., Any]) -> None:
    (table,) = read().tables
    assert (table.insert, dict(table.update), table.delete) == (None, {}, "never")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: d.pop("tables"), r"access\.yaml: tables is missing"),
        (lambda d: d.update(table={}), r"access\.yaml: table is not known"),
        (lambda d: d.update(fixture="none.sql"), r"access\.yaml: fixture names .*none\.sql"),
        (lambda d: d["tables"]["app.notes"].pop("select"), r"tables\.app\.notes\.select is missing"),
        (lambda d: d["tables"]["app.notes"].update(select=True), r"tables\.app\.notes\.select must be text"),
        (lambda d: d["tables"]["app.notes"].update(selekt="x"), r"tables\.app\.notes\.selekt is not known"),
        (lambda d: d["tables"].update(notes={}), r"tables\.notes must be named schema\.table"),
        (lambda d: d["tables"]["app.notes"].update(key=[]), r"tables\.app\.notes\.key names nothing"),
        (
            lambda d: d["tables"]["app.notes"].update(update={"body": {"set": "1"}}),
            r"tables\.app\.notes\.update\.body must be a list",
        ),
        (
            lambda d: d["tables"]["app.notes"].update(update={"body": [{"set": "1"}]}),
            r"tables\.app\.notes\.update\.body\[0\]\.allow is missing",
        ),
        (lambda d: d["identities"]["ann"].update(role="root"), r"identities\.ann\.role is root"),
        (lambda d: d["identities"]["ann"].update(raw="''", claims={}), r"identities\.ann\.raw and claims"),
        (lambda d: d["schemas"].update(app="open"), r"schemas\.app must be one of"),
        (lambda d: d.update(denials=["no"]), r"denials has 'no'"),
        (lambda d: d["api"].update(granted=["boss"]), r"api\.granted names boss"),
        (lambda d: d.update(relations={"member": "true"}), r"relations\.member must be named like"),
        (
            lambda d: d.update(functions={"app.send": {"allow": "true", "call": {}}}),
            r"functions\.app\.send must be named schema\.function\(types\)",
        ),
    ],
)
def test_a_mistake_is_named_with_file_and_key(
    read: Callable[..., Any], change: Callable[[Any], None], said: str
) -> None:
    with pytest.raises(Invalid, match=said):
        read(change)


@pytest.mark.parametrize("text", ["", "- a list", "a: [", "\ttab"])
def test_a_file_that_is_no_mapping_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "access.yaml").write_text(text)
    with pytest.raises(Invalid, match=r"access\.yaml"):
        load(tmp_path / "access.yaml")


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="cannot be read"):
        load(tmp_path / "access.yaml")


def test_places_are_filled_and_names_are_not() -> None:
    assert filled('set "a$1" = $1 where b = $12', lambda n: f"<{n}>") == 'set "a$1" = <1> where b = <12>'
