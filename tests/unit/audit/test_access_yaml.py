"""access.yaml as YAML: what is refused, and how large it may be."""

from __future__ import annotations

import time
from itertools import pairwise
from pathlib import Path

import pytest

from chatctl.errors import Invalid, NotFound
from chatctl.services.audit.access import load
from tests.support.access_files import BASE, Written

NOT = "cannot be read as YAML:"


@pytest.mark.parametrize(
    ("text", "sentence"),
    {
        "empty": ("", " is empty"),
        "only a comment": ("# nothing yet\n", " is empty"),
        "a list": ("- a list", ":1: the description of access must be a mapping, not a list of 1"),
        "not UTF-8": (b"fixture: a\napi: \xff", ":2: is not UTF-8"),
        "not YAML": ("a: 1\nb: [", ":2: NOT "),
        "a tab": ("a: 1\n\tb: 1", ":2: NOT there is a tab"),
        "a control character": ("a: 1\nb: \x07", ":2: is not YAML: special characters are not allowed"),
        "two documents": ("a: 1\n---\nb: 1", ":2: NOT a second document begins here"),
        "a tag": ("a: 1\nb: !!python/name:os.system 1", ":2: NOT tags"),
        "an unknown alias": ("a: 1\nb: *x", ":2: NOT this alias has no anchor before it"),
        "an anchor twice": ("a: 1\nb: &a 1\nc: &a 1", ":3: NOT &a appears twice"),
        "a list in itself": ("a: 1\nb: &a [*a]", ":2: NOT *a is inside"),
        "a mapping in itself": ("a: &a\n  b: [{c: *a}]", ":2: NOT *a is"),
        "a bomb": (
            "a: &a [x, x]\n"
            + "".join(f"{n}: &{n} [{', '.join([f'*{p}'] * 10)}]\n" for p, n in pairwise("abcdefghi")),
            ":7: NOT its aliases expand to too much content",
        ),
        "a deep bomb": (
            "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 99)),
            ":23: NOT nested deeper than",
        ),
        "nested deeply": ("[" * 50_000, ":1: NOT nested deeper than"),
        "keys of keys": ("? " * 50_000, ":1: NOT nested deeper than"),
        "large": ("#" * 2_000_000, " is larger than 1024 KiB"),
    }.values(),
)
def test_anything_but_plain_yaml_is_refused_with_its_line(
    written: Written, text: str | bytes, sentence: str
) -> None:
    path = written(text)
    with pytest.raises(Invalid) as refused:
        load(path)
    assert refused.value.message.startswith(f"{path}{sentence.replace('NOT', NOT)}")


def test_a_missing_file_or_a_directory_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"none\.yaml does not exist$"):
        load(tmp_path / "none.yaml")
    with pytest.raises(Invalid, match="cannot be read: is a directory"):
        load(tmp_path)


def test_a_file_of_thousands_of_tables_takes_seconds_at_most(written: Written) -> None:
    start = time.process_time()
    table = "    key: [id]\n    select: this.owner = actor\n    insert: {allow: never, values: {a: '1'}}\n"
    more = "".join(f"  app.t{n}:\n{table}" for n in range(3_000))
    load(written(BASE.replace("tables:\n", f"tables:\n{more}", 1)))
    assert time.process_time() - start < 20
