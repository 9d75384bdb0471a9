"""Splitting a script into its statements, by the rules of the Supabase CLI's history."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_WORD = r"\w$\x80-\U0010ffff"  # what goes on a name, as PostgreSQL reads it
_ESCAPED = r"'(?:[^'\\]|\\.|'')*'"
# Between two parts of one E string: white space and comments, with a line end among them.
_GAP = r"(?:[ \t\f\v]|--[^\n\r]*)*[\n\r](?:[ \t\f\v\n\r]|--[^\n\r]*(?=[\n\r]))*"
# What a semicolon ends no statement in: quotes, dollar quotes, comments, parentheses, atomic bodies.
_TOKEN = re.compile(
    rf"""
      (?P<quoted>   '(?:[^']|'')*' | "(?:[^"]|"")*" )
    | (?P<escaped>  (?<![{_WORD}])[eE]{_ESCAPED}(?:{_GAP}{_ESCAPED})* )
    | (?P<dollar>   (?<![{_WORD}])
                    \$(?P<tag>(?:[A-Za-z_\x80-\U0010ffff][\w\x80-\U0010ffff]*)?)\$.*?\$(?P=tag)\$ )
    | (?P<line>     --[^\n\r]* )
    | (?P<block>    /\* )
    | (?P<atomic>   (?<![{_WORD}])begin\s+atomic(?![{_WORD}]) )
    | (?P<end>      (?<![{_WORD}])end(?![{_WORD}]) )
    | (?P<open>     [(\[] )
    | (?P<close>    [)\]] )
    | (?P<semicolon> ; )
    """,
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
_WHITE = re.compile(r"\s+")
_LEADING = re.compile(r"(?:\s+|--[^\n\r]*)*")
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
        position = 0
        while True:
            leading = _LEADING.match(self.text, position)
            position = leading.end() if leading else position
            if not self.text.startswith("/*", position):
                return self.line_of(position + 1)
            position = _end_of_comment(self.text, position + 2)


def statements(script: str) -> list[Statement]:
    """The statements of ``script``, comments kept, none empty.

    A byte-order mark and carriage returns are no part of a statement.
    """
    script = script.removeprefix("\ufeff").replace("\r\n", "\n")
    found = []
    line, counted = 1, 0
    for start, end in _pieces(script):
        text = script[start:end].strip()
        if text:
            begin = script.index(text, start)
            line += script.count("\n", counted, begin)
            counted = begin
            found.append(Statement(text, line))
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
    return [text for text in map(bare, split(joined(statements))) if text]


def joined(statements: list[str]) -> str:
    """The script of ``statements``; the semicolons on lines of their own, since one may end in a comment."""
    return "\n;\n".join(statements)


def _pieces(script: str) -> Iterator[tuple[int, int]]:
    start = position = depth = 0
    body: int | None = None  # where the statement of an atomic body begins that we are in
    while match := _TOKEN.search(script, position):
        position = match.end()
        match match.lastgroup:
            case "block":
                position = _end_of_comment(script, position)
            case "open":
                depth += 1
            case "close":
                depth -= 1
            case "atomic" if body is None:
                body = position
            case "end" if body is not None and not bare(script[body : match.start()]):
                body = None
            case "semicolon" if body is not None:
                body = position
            case "semicolon" if depth <= 0:
                yield start, match.start()
                start, depth = position, 0
    yield start, len(script)


def _end_of_comment(script: str, position: int) -> int:
    depth = 1
    while depth and (edge := _COMMENT_EDGE.search(script, position)):
        depth += 1 if edge.group() == "/*" else -1
        position = edge.end()
    return position if not depth else len(script)
