"""Files that describe a world: what they may contain, and how they are read."""

from __future__ import annotations

import re
import time
from itertools import pairwise
from pathlib import Path

import pytest

from chatctl.errors import Invalid, NotFound
from chatctl.services.seed import outline
from chatctl.services.seed.spec import (
    Named,
    Spec,
    Talk,
    Team,
)
from chatctl.services.seed.specfile import load
from tests.support.worldfiles import BASE, EXAMPLE, KINDS, Written, keeps_limits, mistakes_in


def test_the_example_is_valid_and_has_every_key() -> None:
    world = load(EXAMPLE)
    keeps_limits(outline.build(world))

    keys = set(re.findall(r"(\w+):", re.sub(r"#.*", "", EXAMPLE.read_text())))
    assert keys == {field for kind in KINDS for field in kind.__dataclass_fields__}
    assert world.organizations[0].conversations[0] == Talk(
        direct=True, users=("olu@harbour.example", "kim@harbour.example"), messages=120
    )
    assert world.organizations[0].named[1] == Named("kim@harbour.example", "Kim Berg")
    assert world.habits.sentences == (1, 3)


def test_missing_keys_have_the_defaults_of_the_spec(written: Written) -> None:
    least = "organizations: [{name: A, slug: a, users: 3, conversations: []}]"

    assert load(written(least)) == Spec("mine", (Team("A", "a", 3, ()),))


def test_a_single_number_is_a_range_of_that_number(written: Written) -> None:
    world = load(
        written(BASE.replace("size: 50", "size: 4").replace("messages: 100", "habits: {sentences: 2}"))
    )

    assert world.organizations[0].conversations[1].size == (4, 4)
    assert world.habits.sentences == (2, 2)


@pytest.mark.parametrize(
    ("text", "sentence"),
    {
        "empty": ("", " is empty"),
        "only a comment": ("# nothing yet\n", " is empty"),
        "a list": ("- a\n", ":1: the world must be a mapping, not a list of 1"),
        "a word": ("world", ":1: the world must be a mapping, not world"),
        "not UTF-8": (b"name: a\nmessages: \xff", ":2: is not UTF-8 (invalid start byte)"),
        "UTF-16": ("name: a".encode("utf-16"), ":1: is not UTF-8"),
        "not YAML": (
            "name: a\nweeks: [1",
            ":2: cannot be read as YAML: the [ or { that opens here",
        ),
        "a tab": ("name: a\n\tweeks: 1", ":2: cannot be read as YAML: there is a tab"),
        "a control character": (
            "name: a\nweeks: \x07",
            ":2: is not YAML: special characters are not allowed",
        ),
        "two documents": (
            "name: a\n---\nname: b",
            ":2: cannot be read as YAML: a second document begins here",
        ),
        "a tag": (
            "name: a\nweeks: !!python/name:os.system 1",
            ":2: cannot be read as YAML: anchors (&), aliases",
        ),
        "an alias": (
            "name: a\nweeks: *x",
            ":2: cannot be read as YAML: anchors (&), aliases",
        ),
        "a bomb": (
            "a: &a [x, x]\n" + "".join(f"{n}: &{n} [*{p}, *{p}]\n" for p, n in pairwise("abcdefghi")),
            ":1: cannot be read as YAML: anchors (&), aliases (*) and tags (!)",
        ),
        "nested deeply": ("[" * 50_000, ":1: cannot be read as YAML: nested deeper than"),
        "keys of keys": ("? " * 50_000, ":1: cannot be read as YAML: nested deeper than"),
        "large": ("#" * 300_000, " is larger than 256 KiB"),
    }.values(),
)
def test_anything_but_plain_yaml_is_refused_with_its_line(
    written: Written, text: str | bytes, sentence: str
) -> None:
    path = written(text)
    with pytest.raises(Invalid) as refused:
        load(path)
    assert refused.value.message.startswith(f"{path}{sentence}")


def test_a_missing_file_or_a_directory_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"none\.yaml does not exist$"):
        load(tmp_path / "none.yaml")
    with pytest.raises(Invalid, match="cannot be read: is a directory"):
        load(tmp_path)


def test_a_world_without_a_name_is_named_after_its_file(tmp_path: Path) -> None:
    for stem, name in (("staging_load", ""), ("my world", "name: mine\n"), ("demo", "name: mine\n")):
        path = tmp_path / f"{stem}.yaml"
        path.write_text(name + BASE)
        assert load(path).name == ("mine" if name else stem)
    for stem, wrong in (("my world", "must be at most 63 letters"), ("Demo", "must not be Demo")):
        path = tmp_path / f"{stem}.yaml"
        path.write_text(BASE)
        assert re.search(f"yaml:1: name {wrong}", "".join([f"{path}:", *mistakes_in(path)]))


def test_a_file_of_the_largest_size_takes_seconds_at_most(written: Written) -> None:
    start = time.monotonic()
    conversations = "".join(
        f"      - {{direct: true, count: 3, without: [a{n}@a.example]}}\n" for n in range(999)
    )
    named = "".join(f"      - {{email: a{n}@a.example, name: Anna}}\n" for n in range(999))
    head = "organizations:\n  - name: A\n    slug: a\n    users: 2000\n"
    load(written(f"{head}    named:\n{named}    conversations:\n{conversations}"))

    assert time.monotonic() - start < 20
