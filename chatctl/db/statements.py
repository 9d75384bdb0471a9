"""Splitting a script into its statements, by the rules of the Supabase CLI's history."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

# What a semicolon does not end a statement in: quoted text, dollar quotes, comments.
_TOKEN = re.compile(
    r"""
      (?P<quoted>   '(?:[^']|'')*' | "(?:[^"]|"")*" )
    | (?P<escaped>  \b[eE]'(?:[^'\\]|\\.|'')*' )
    | (?P<dollar>   (?<![\w$])\$(?P<tag>(?:[A-Za-z_]\w*)?)\$.*?\$(?P=tag)\$ )
    | (?P<line>     --[^\n]* )
    | (?P<block>    /\* )
    | (?P<atomic>   \bbegin\s+atomic\b )
    | (?P<case>     \bcase\b )
    | (?P<end>      \bend\b )
    | (?P<open>     [(\[] )
    | (?P<close>    [)\]] )
    | (?P<semicolon> ; )
    """,
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
_WHITE = re.compile(r"\s+")
_LEADING_COMMENTS = re.compile(r"(?:\s+|--[^\n]*|/\*.*?\*/)*", re.DOTALL)
_COMMENT_EDGE = re.compile(r"/\*|\*/")


@dataclass(frozen=True)
class Statement:
    """One statement of a script: its text, trimmed and without semicolon, and the line that it begins on."""

    text: str
    line: int

    def line_of(self, position: int) -> int:
        """The script's line of the character at ``position`` (from 1, as PostgreSQL counts)."""
        return self.line + self.text.count("\n", 0, max(position - 1, 0))

    @property
    def first_line(self) -> int:
        """The script's line on which it begins to say something, after its comments."""
        comments = _LEADING_COMMENTS.match(self.text)
        return self.line_of(comments.end() + 1 if comments else 0)


def statements(script: str) -> list[Statement]:
    """The statements of ``script``, comments kept, none empty.

    A byte-order mark and carriage returns are no part of a statement.
    """
    script = script.removeprefix("\ufeff").replace("\r\n", "\n")
    found = []
    for start, end in _pieces(script):
        text = script[start:end].strip()
        if text:
            begin = script.index(text, start)
            found.append(Statement(text, script.count("\n", 0, begin) + 1))
    return found


def split(script: str) -> list[str]:
    """The texts of the ``statements`` of a script, as the Supabase CLI records them."""
    return [statement.text for statement in statements(script)]


def bare(statement: str) -> str:
    """``statement`` without its comments, and with each run of white space outside quotes as one space."""
    kept = []
    plain = ""
    position = 0
    while match := _TOKEN.search(statement, position):
        plain += statement[position : match.start()]
        position = match.end()
        match match.lastgroup:
            case "line":
                plain += " "
            case "block":
                position = _end_of_comment(statement, position)
                plain += " "
            case "quoted" | "escaped" | "dollar":
                kept += [_WHITE.sub(" ", plain), match.group()]
                plain = ""
            case _:
                plain += match.group()
    kept.append(_WHITE.sub(" ", plain + statement[position:]))
    return "".join(kept).strip()


def canonical(statements: list[str]) -> list[str]:
    """``statements`` in the form in which two tools' records of one file are equal: white space and comments
    outside quotes do not count.

    The Dashboard stores a file as one element, and a fetched file has its comments moved between elements.
    """
    return [text for text in map(bare, split(";\n".join(statements))) if text]


def _pieces(script: str) -> Iterator[tuple[int, int]]:
    start = position = 0
    depth = 0
    blocks: list[str] = []
    while match := _TOKEN.search(script, position):
        position = match.end()
        match match.lastgroup:
            case "block":
                position = _end_of_comment(script, position)
            case "open":
                depth += 1
            case "close":
                depth -= 1
            case "atomic":
                blocks.append("atomic")
            case "case" if blocks:
                blocks.append("case")
            case "end" if blocks:
                blocks.pop()
            case "semicolon" if depth <= 0 and not blocks:
                yield start, match.start()
                start, depth = position, 0
    yield start, len(script)


def _end_of_comment(script: str, position: int) -> int:
    depth = 1
    while depth and (edge := _COMMENT_EDGE.search(script, position)):
        depth += 1 if edge.group() == "/*" else -1
        position = edge.end()
    return position if not depth else len(script)
