"""Reading any text takes time and memory proportional to its length.

The tests do not depend on a clock. `re` reads a character more than a few times only if it backtracks: no
pattern may do that, and the characters that patterns read are counted.
"""

from __future__ import annotations

import importlib
import io
import pkgutil
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from itertools import takewhile
from operator import methodcaller

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatctl import sqltext
from chatctl.services import lint, migrations
from chatctl.services.audit import mutation
from chatctl.services.audit.mutation.nesting import tree
from chatctl.services.migrations.definitions import drop_statements, in_dependency_order
from chatctl.services.migrations.files import SqlFile
from chatctl.services.migrations.history import Applied
from chatctl.services.migrations.plan import difference
from chatctl.sqltext import statements as module
from chatctl.sqltext.commands import copy_command, session_command
from chatctl.sqltext.statements import bare, canonical, consists_of, statements

pytestmark = pytest.mark.slow

_REPEATED = re.compile(r"( *)([A-Z]+)_REPEAT \d+ MAXREPEAT")
_ONE_CHARACTER = re.compile(r" *(?:IN|ANY|LITERAL|NOT_LITERAL)\b")


def patterns() -> Iterator[tuple[str, re.Pattern[str]]]:
    """The regular expressions of every module that reads SQL files, by name."""
    names = []
    for package in (sqltext, migrations, lint, mutation):
        names += [each.name for each in pkgutil.iter_modules(package.__path__, f"{package.__name__}.")]
    for name in names:
        for variable, value in vars(importlib.import_module(name)).items():
            for number, each in enumerate(value.values() if isinstance(value, dict) else [value]):
                if isinstance(each, re.Pattern):
                    yield f"{name}.{variable}.{number}", each


PATTERNS = dict(patterns())


@pytest.mark.parametrize("pattern", PATTERNS.values(), ids=PATTERNS)
def test_no_pattern_backtracks_or_keeps_a_state_for_each_repetition(pattern: re.Pattern[str]) -> None:
    with redirect_stdout(io.StringIO()) as shown:
        re.compile(pattern.pattern, pattern.flags | re.DEBUG)
    tree = shown.getvalue().partition("\n\n")[0].splitlines()

    for number, line in enumerate(tree):
        if repeated := _REPEATED.match(line):
            indent, how = repeated.groups()
            assert how == "POSSESSIVE", "a repetition may backtrack"
            inside = takewhile(methodcaller("startswith", f"{indent}  "), tree[number + 1 :])
            items = [each for each in inside if not each.startswith(f"{indent}   ")]
            assert len(items) == 1, "a group is repeated without limit"
            assert _ONE_CHARACTER.match(items[0]), "a group is repeated without limit"


class Counting:
    """A pattern that counts the characters it reads."""

    def __init__(self, pattern: re.Pattern[str], lengths: list[int]) -> None:
        self._pattern = pattern
        self._seen = lengths

    def search(self, text: str, start: int = 0, end: int = sys.maxsize) -> re.Match[str] | None:
        match = self._pattern.search(text, start, end)
        self._seen.append((match.end() if match else min(end, len(text))) - start + 1)
        return match

    def match(self, text: str, start: int = 0) -> re.Match[str] | None:
        result = self._pattern.match(text, start)
        # Patterns used with match() start with a repetition: they fail at the first character.
        self._seen.append((result.end() if result else start) - start + 1)
        return result

    def sub(self, replacement: str, text: str) -> str:
        self._seen.append(len(text) + 1)
        return self._pattern.sub(replacement, text)


PIECES = [
    *(
        "'",
        "''",
        '"',
        "$$",
        "$a$",
        "$b",
        "--",
        "-",
        "/*",
        "*/",
        "/",
        "\\",
        "(",
        ")",
        "[",
        ";",
        " ",
        "\n",
        "\r",
    ),
    *(
        "E'",
        "E'a' --",
        "'\n",
        "begin ",
        "begin atomic ",
        " end",
        "; end",
        "create function f() ",
        "x",
        "\u00a0",
    ),
    *("-- a\n", "/* a */", "insert into t values (1, 'a;b');\n", "create or replace procedure "),
]
SCRIPTS = st.lists(st.tuples(st.sampled_from(PIECES), st.sampled_from([1, 1, 2, 50, 400])), max_size=12)


@given(SCRIPTS)
@settings(deadline=None)
def test_each_character_is_read_a_bounded_number_of_times(parts: list[tuple[str, int]]) -> None:
    script = "".join(piece * number for piece, number in parts)
    lengths: list[int] = []
    with pytest.MonkeyPatch.context() as patch:
        for name, value in vars(module).items():
            if isinstance(value, re.Pattern):
                patch.setattr(module, name, Counting(value, lengths))
        for read in (statements, bare, lambda text: canonical([text])):
            lengths.clear()
            read(script)
            assert sum(lengths) <= 12 * len(script) + 50, read


# Text that would take hours or longer with a pattern that backtracks.
HOSTILE: dict[str, Callable[[int], str]] = {
    "dashes after an escaped text": lambda n: f"select E'a' {'-' * n}\n;",
    "lines after an escaped text": lambda n: "select E'a'" + "\n--" * n,
    "parts of an escaped text": lambda n: "select E'a'" + "\n'b'" * n,
    "beginnings of escaped texts": lambda n: "E'" * n,
    "escapes": lambda n: "select E'" + "\\'" * n,
    "quotation marks": lambda n: "'" * n,
    "texts in identifiers": lambda n: "'\"" * n,
    "dollar quotes that are never closed": lambda n: "".join(f"$a{number}$ " for number in range(n)),
    "dollar signs": lambda n: "$" * n,
    "a long tag": lambda n: "$" + "a" * n,
    "comments in comments": lambda n: "/*" * n,
    "comments and their ends": lambda n: "/*" * n + "*/" * n,
    "comment lines": lambda n: "-- a\n" * n,
    "dashes on lines": lambda n: "--\n" * n,
    "parentheses": lambda n: "(" * n + ")" * n,
    "brackets in parentheses": lambda n: "([" * n,
    "semicolons": lambda n: ";" * n,
    "bodies": lambda n: "create function f() " + "begin atomic " * n,
    "bodies that end": lambda n: "create function f() " + "begin atomic end " * n,
    "ends in a body": lambda n: "create function f() begin atomic select" + " end" * n,
    "statements in a body": lambda n: "create function f() begin atomic " + "select 1;" * n,
    "beginnings": lambda n: "begin " * n,
    "a comment before many beginnings": lambda n: f"/*{'a' * n}*/ create x " + "begin atomic " * n,
    "white space": lambda n: " \n" * n + "x",
    "small statements": lambda n: "insert into t values (1, 'a;b');\n" * n,
    "grants": lambda n: "grant " + "a on " * n,
    "grants to many": lambda n: "grant select on a" + " to b on c" * n,
    "revokes": lambda n: "revoke " + "x on y " * n,
    "a trigger on nothing": lambda n: 'create trigger x before insert "" on ' + '"" on ' * n,
    "names in names": lambda n: 'create view "' + '""' * n,
    "parts of a name": lambda n: "create view a" + ".a" * n,
    "arguments": lambda n: "create function f(" + "a int default ((" * n,
    "a word on how to drop": lambda n: "-- chatctl:drop x" + " " * n + ";" * n + "y\nselect 1",
    "calls": lambda n: "create view a as select " + "a(" * n,
}


def read_hostile(length: int) -> None:
    """Process each of HOSTILE, at about ``length`` characters, like a file."""
    for name, make in HOSTILE.items():
        sys.stdout.write(f"{name}\n")
        sys.stdout.flush()
        text = make(length // len(make(1)))
        file = SqlFile("objects/functions/f.sql", text)
        for statement in file.statements:
            session_command(statement.text)
            copy_command(statement.text)
            tree(statement.text)
            assert statement.first_word == statement.first_word.lower()
        assert not file.outside_transaction
        drop_statements(file)
        in_dependency_order([file])
        consists_of(text, file.recorded)
        changed = SqlFile("migrations/f.sql", f"{text}\n;select 1")
        assert len(difference(changed, Applied("1", "f", [text]))) < 10_000


def read_large(text: str) -> None:
    """Process ``text`` like a pending migration, and like an applied one."""
    file = SqlFile("migrations/f.sql", text)
    assert consists_of(text, file.recorded)
    del file
    assert canonical([text])


def in_a_child(call: str, *, megabytes: int) -> None:
    """Run a function of this module in a separate process with limited memory."""
    limit = megabytes << 20
    code = (
        f"import resource, {__name__} as tests\n"
        f"resource.setrlimit(resource.RLIMIT_AS, ({limit}, {limit}))\n"
        f"tests.{call}"
    )
    # The timeout is for a pattern that backtracks, which would never end.
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, f"{done.stdout.splitlines()[-1:]} {done.stderr}"


def test_hostile_scripts_are_read_like_others() -> None:
    in_a_child("read_hostile(50_000)", megabytes=500)


@pytest.mark.parametrize(
    "text",
    [
        "f\"select '{'x' * 50_000_000}'\"",
        "f\"select '{chr(39) * 50_000_000}'\"",
        "f\"select E'{'xy' * 25_000_000}'\"",
        "f\"do $${'x y ' * 12_500_000}$$\"",
        "f\"/* {'x y ' * 12_500_000} */ select 1\"",
        "f\"insert into public.t values (1, '{'a;b ' * 20}');\\n\" * 430_000",
    ],
    ids=["text", "quotation marks", "escaped text", "body", "comment", "small statements"],
)
def test_a_large_script_takes_a_bounded_multiple_of_its_size(text: str) -> None:
    in_a_child(f"read_large({text})", megabytes=1000)


def read_large_object(text: str) -> None:
    """Process ``text`` like an object file."""
    file = SqlFile("objects/functions/f.sql", text)
    assert drop_statements(file) == ["drop view if exists v"]
    assert in_dependency_order([file]) == [file]


def test_a_long_string_in_an_object_is_not_read_as_a_body() -> None:
    text = "f\"create view v as select '{'x y ' * 12_500_000}'\""
    in_a_child(f"read_large_object({text})", megabytes=1000)
