"""Invalid YAML in any file: the error names position, reason and solution, and repeats no secret."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chatctl.errors import ChatctlError, Invalid
from chatctl.services.audit import access, baseline
from chatctl.services.audit.mutation import equivalents
from chatctl.services.lint import accepted
from chatctl.services.loadtest import targets
from chatctl.services.seed import specfile
from chatctl.settings import load

# The name of a file that chatctl reads -> its reader.
READERS: dict[str, Callable[[Path], object]] = {
    "chatctl.yaml": lambda path: load(target="a", directory=path.parent, env={}),
    "targets.yaml": targets.load,
    "lints/accepted.yaml": lambda path: accepted.read(path.parent.parent, ()),
    "world.yaml": specfile.load,
    "access.yaml": access.load,
    "access.mutants.yaml": equivalents.load,
    "baseline.yaml": baseline.load,
}
QUOTE = "single quotes"

# The text -> line and column of the fault, the reason, and a word of the suggested solution.
FAULTS = {
    "a tab": ("a:\n\tb: 1", "2:1", "there is a tab", "spaces"),
    "a tab in deeper lines": ("a:\n  b: 1\n  \tc: 2", "3:3", "there is a tab", "spaces"),
    "a tab after a colon": ("a:\t1", "1:3", "there is a tab", "spaces"),
    "a tab after a quote": ("a: 'x'\t# c", "1:7", "there is a tab", "spaces"),
    "an at sign": ("a: @x", "1:4", "unquoted text cannot begin with @", QUOTE),
    "a percent sign": ("a: %x", "1:4", "unquoted text cannot begin with %", QUOTE),
    "a percent sign in braces": ("{a: %x}", "1:5", "unquoted text cannot begin with %", QUOTE),
    "a percent sign in a line of its own": ("a: 1\n%x: 2", "2:1", "a line cannot begin with %", QUOTE),
    "a backtick": ("a: `x`", "1:4", "unquoted text cannot begin with `", QUOTE),
    "a star": ("a: */x", "1:4", "unquoted text cannot begin with *", QUOTE),
    "an ampersand": ("a: & x", "1:4", "unquoted text cannot begin with &", QUOTE),
    "an exclamation mark": ("a: !x!y z", "1:4", "unquoted text cannot begin with !", QUOTE),
    "a bar": ("a: |x", "1:5", "unquoted text cannot begin with | or >", QUOTE),
    "a bar in braces": ("{a: |x}", "1:5", "unquoted text cannot begin with |", QUOTE),
    "a bracket": ("a: ]", "1:4", "unquoted text cannot begin with this", QUOTE),
    "a question mark": ("a: ? x", "1:4", "unquoted text cannot begin with ?", QUOTE),
    "text after a quote": ('a: "ab"more', "1:8", "there is text after the closing quote", QUOTE),
    "text after a quote and a space": ("a: 'b' c", "1:8", "there is text after the closing quote", QUOTE),
    "text after a quote in braces": ('{a: "b"c}', "1:8", "there is text after the closing quote", QUOTE),
    "an at sign after a quote": ('a: "b"@c', "1:7", "there is text after the closing quote", QUOTE),
    "a bracket after a quote": ("a: 'b'[c]", "1:7", "there is text after the closing quote", QUOTE),
    "a star after a quote": ("a: 'b'*c", "1:7", "there is text after the closing quote", QUOTE),
    "an exclamation mark after a quote": ("a: 'b'!", "1:7", "there is text after the clos", QUOTE),
    "an ampersand after a quote": ("a: 'b'& ", "1:7", "there is text after the closing quote", QUOTE),
    "a bar after a quote": ("a: 'b'|c", "1:7", "there is text after the closing quote", QUOTE),
    "a comma missing after a quote": (
        "a: ['b' 'c']",
        "1:9",
        "there is text after the closing quote, or",
        QUOTE,
    ),
    "an apostrophe in single quotes": ("a: 'it's'\nb: 1", "1:8", "there is text after the clos", QUOTE),
    "a quote that the next value ends": (
        'a: "b\nc: "d"',
        "2:5",
        "there is text after the closing quote, which was opened on line 1",
        QUOTE,
    ),
    "a quote that is not closed": ("a: 'b\nc: 1", "1:4", "the quote that opens here is never closed", QUOTE),
    "a path of Windows": ('a: "C:\\users"', "1:9", "in double quotes, a backslash", QUOTE),
    "two documents": ("a: 1\n---\nb: 2", "2:1", "a second document begins here", "one document"),
    "text after the end": ("a: 1\n...\nb: 2", "3:1", "there is text after the end of the document", ""),
    "a key without its colon": (
        "a:\n  b\n  c: 1",
        "3:4",
        "line 2 has no colon after its key",
        "a colon and a space",
    ),
    "a first key without its colon": (
        "a:\n  b postgres://x\n  c: 1",
        "3:4",
        "line 2 has no colon after its key",
        "a colon and a space",
    ),
    "a last key without its colon": (
        "a:\n  b: 1\n  c postgres://x",
        "3:3",
        "there is no colon after the key",
        "a colon and a space",
    ),
    "a colon without its space": ("a:\n  b:c\n  d: 1", "3:4", "line 2 has no colon after", "a space"),
    "two colons in a line": ("a: b: c", "1:5", "a value cannot contain a colon", QUOTE),
    "a deeper key": ("a: 1\n  b: 2", "2:4", "this key is indented deeper than the line above", "column"),
    "a key between two columns": ("a:\n    b: 1\n  c: 2", "3:3", "the indentation matches none of", "column"),
    "a key in a list": ("- a\nb: c", "2:1", "the indentation matches none of the lines above", "column"),
    "a list after a key": ("a: - x", "1:4", "a list cannot begin here", "new line"),
    "a bracket that is not closed": ("a: [b", "1:4", "the [ or { that opens here is never closed", QUOTE),
    "a missing comma": ("{a: 'b'\nc: d}", "2:", "", ""),
    "one bracket too many": ("a: [b]]", "1:7", "there is a ] without a [ before it", ""),
    "one brace too many": ("a: {b: 1}}", "1:10", "there is a } without a { before it", ""),
}


def refusal(reader: str, directory: Path, text: str) -> ChatctlError:
    """The error for a file."""
    path = directory / reader
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    with pytest.raises(Invalid) as refused:
        READERS[reader](path)
    return refused.value


@pytest.mark.parametrize(("text", "place", "reason", "way_out"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_explained_at_its_position(
    tmp_path: Path, text: str, place: str, reason: str, way_out: str
) -> None:
    refused = refusal("chatctl.yaml", tmp_path, text)

    assert refused.message.startswith(f"chatctl.yaml:{place}")
    assert f": cannot be read as YAML: {reason}" in refused.message
    assert way_out in (refused.hint or "")


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("name", ["a tab", "an at sign", "text after a quote", "two documents"])
def test_every_file_explains_a_fault_in_the_same_words(tmp_path: Path, reader: str, name: str) -> None:
    text, place, reason, way_out = FAULTS[name]
    refused = refusal(reader, tmp_path, text)

    line = place.split(":")[0]
    assert f"{reader}:{line}:" in refused.message
    assert f" cannot be read as YAML: {reason}" in refused.message
    assert way_out in (refused.hint or "")


@pytest.mark.parametrize("reader", READERS)
def test_every_file_refuses_a_duplicate_key_and_names_both_lines(tmp_path: Path, reader: str) -> None:
    of_a_list = reader in ("access.mutants.yaml", "baseline.yaml")
    keys = {"chatctl.yaml": "targets", "lints/accepted.yaml": "rules", "world.yaml": "name"}
    key = "reason" if of_a_list else keys.get(reader, "api")
    text = f"- {key}: x\n  {key}: x\n" if of_a_list else f"{key}: {{}}\n{key}: {{}}\n"

    message = refusal(reader, tmp_path, text).message
    assert f"{key} appears twice, first on line 1" in message
    assert f"{reader}:2:" in message


@pytest.mark.parametrize("reader", READERS)
def test_every_file_refuses_tags_and_invalid_utf_8(tmp_path: Path, reader: str) -> None:
    assert "tags (!)" in refusal(reader, tmp_path, "a: !!python/name:os.system x").message

    path = tmp_path / reader
    path.write_bytes(b"a: 1\nb: \xff\n")
    with pytest.raises(Invalid, match=r":2: is not UTF-8"):
        READERS[reader](path)


@pytest.mark.parametrize("reader", READERS)
def test_every_file_has_a_maximum_size_and_depth(tmp_path: Path, reader: str) -> None:
    assert "is larger than" in refusal(reader, tmp_path, "#" * 2_000_000).message
    assert "nested deeper than" in refusal(reader, tmp_path, "[" * 50_000).message


@pytest.mark.parametrize("day", ["2026-12-31", "'2026-12-31'"])
def test_a_baseline_accepts_a_date_with_and_without_quotes(tmp_path: Path, day: str) -> None:
    path = tmp_path / "baseline.yaml"
    path.write_text(f"- {{rule: leak, object: public.t, reason: x, owner: ann, expires: {day}}}\n")

    (entry,) = baseline.load(path)
    assert entry.expires == date(2026, 12, 31)


def test_all_mistakes_in_a_configuration_are_listed(tmp_path: Path) -> None:
    refused = refusal(
        "chatctl.yaml",
        tmp_path,
        "defualt: a\ntargets:\n  a:\n    db_ur: x\n    environment:\n  b:\n    db_url postgres://h/d\n",
    )
    assert refused.message.split("\n  ") == [
        "chatctl.yaml is not a valid configuration:",
        "chatctl.yaml:1:1: defualt is not known; did you mean default?",
        "chatctl.yaml:4:5: targets.a.db_ur is not known; did you mean db_url?",
        "chatctl.yaml:5:17: targets.a.environment has no value; give it one, or remove the key",
        "chatctl.yaml:7:5: targets.b must be a mapping; write a colon and a space between key and value",
    ]


SECRET = "s3cr3t-V4lue"
CONFIGURATION = f"""\
targets:
  a:
    db_url: "postgresql://u:{SECRET}@h/d"
    secret_key: '{SECRET}'
    jwt_secret: {SECRET}
"""
PIECES = st.lists(
    st.sampled_from([*"[]{},:-?&*!|>'\"#%@`\\\t\n ", "\n  ", "- ", ": ", "<<: ", "---\n", "''"])
).map("".join)


@settings(max_examples=200, deadline=None)
@given(start=st.integers(0, len(CONFIGURATION)), length=st.integers(0, 8), new=PIECES)
@example(start=0, length=len(CONFIGURATION), new=f"targets: {{u:{SECRET}@h: {{}}, u:{SECRET}@h: {{}}}}")
@example(start=0, length=len(CONFIGURATION), new=f"targets: {{a: {{secret_key:{SECRET}: 1}}}}")
@example(start=0, length=len(CONFIGURATION), new=f"targets: {{a: {SECRET}}}")
@example(start=0, length=len(CONFIGURATION), new=f'targets: {{a: {{secret_key: "x"{SECRET}}}}}')
def test_no_secret_of_a_configuration_with_random_changes_is_repeated(
    tmp_path_factory: pytest.TempPathFactory, start: int, length: int, new: str
) -> None:
    directory = tmp_path_factory.getbasetemp()
    text = CONFIGURATION[:start] + new + CONFIGURATION[start + length :]
    (directory / "chatctl.yaml").write_text(text)
    try:
        load(target="a", directory=directory, env={})
    except ChatctlError as refused:
        shown = f"{refused.message} {refused.hint}"
        assert "cr3t" not in shown
        assert "V4l" not in shown


def test_without_a_file_neither_yaml_nor_pydantic_is_imported(tmp_path: Path) -> None:
    script = (
        "import sys; from chatctl.cli.commands import audit_rls, loadtest, local, migrate, seed\n"
        "from chatctl.settings import load; load(env={})\n"
        "print(sorted({'yaml', 'pydantic'} & sys.modules.keys()))"
    )
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert run.stdout == "[]\n"
