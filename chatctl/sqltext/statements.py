"""Splitting a script into its statements, where PostgreSQL ends them.

Everything here takes time proportional to the length of the text, and little memory except for its result.
Patterns therefore repeat single characters possessively, and limit the number of repetitions of a group:
`re` keeps a state for each repetition of a group, and tries every combination of overlapping repetitions.
Constructs that need more (nested comments, the parts of an escaped string) are parsed in loops that never
backtrack.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

# PostgreSQL's white space. All non-ASCII characters are part of a name, including a no-break space.
SPACES = " \t\n\r\f\v"
# The characters that the Supabase CLI trims from the statements that it records.
_TRIMMED = f"{SPACES}\u00a0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff" + "".join(
    map(chr, range(0x2000, 0x200B))
)

# The ASCII characters that a name cannot contain; negated, the characters of a name. A class with the range
# up to \U0010ffff would take ten times as long to compile.
_NO_NAME = r"\x00-#%-/:-@\[-^`{-\x7f"
_QUOTED = (
    # After 1,000 doubled quotation marks, the rest matches as another string next to this one.
    r"'[^']*+(?:''[^']*+){0,1000}+'?+",
    r'"[^"]*+(?:""[^"]*+){0,1000}+"?+',
    rf"e(?<![^{_NO_NAME}]e)'",
    rf"E(?<![^{_NO_NAME}]E)'",
    rf"\$(?<![^{_NO_NAME}]\$)(?:[^{_NO_NAME}$0-9][^{_NO_NAME}$]*+)?+\$",
    r"--[^\n\r]*+",
    r"/\*",
)
_STRUCTURE = (
    rf"b(?<![^{_NO_NAME}]b)[eE][gG][iI][nN](?![^{_NO_NAME}])",
    rf"B(?<![^{_NO_NAME}]B)[eE][gG][iI][nN](?![^{_NO_NAME}])",
    *(r"\(", r"\[", r"\)", r"\]", ";"),
)
# Each alternative begins with a literal character, so that `re` quickly passes over the text between them.
_QUOTE_OR_COMMENT = re.compile("|".join(_QUOTED))
_TOKEN = re.compile("|".join(_QUOTED + _STRUCTURE))

_COMMENT = ("--", "/*")
_LINE_COMMENT = re.compile(r"--[^\n\r]*+")
_COMMENT_EDGE = re.compile(r"/\*|\*/")
_SPACE = re.compile(rf"[{SPACES}]++")
_GAP = re.compile(rf"[{SPACES};]++")
_WORD = re.compile(rf"[^{_NO_NAME}]++")
_NEW_LINE = re.compile(r"[\n\r]")
_LINE_END = re.compile(r"\r\n?+")
# The content of an escaped string, up to 1,000 escapes.
_ESCAPED = re.compile(r"[^'\\]*+(?:\\.?+[^'\\]*+){0,1000}+", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a script: its text, trimmed and without the semicolon, and its first line."""

    text: str
    line: int

    def line_of(self, position: int) -> int:
        """The line in the script of the character at ``position`` (counted from 1, as in PostgreSQL)."""
        return self.line + _line_ends(self.text, 0, max(position - 1, 0))

    @property
    def first_line(self) -> int:
        """The line in the script where the statement begins after its comments."""
        return self.line_of(_after_blank(self.text, 0) + 1)

    @property
    def first_word(self) -> str:
        """The first word after the comments, in lower case; empty if there are only comments."""
        return _word(self.text, 0)[0]

    @property
    def is_comment(self) -> bool:
        """Whether there are only comments."""
        return _after_blank(self.text, 0) == len(self.text)


def statements(script: str) -> list[Statement]:
    """The non-empty statements of ``script``, unchanged, with comments and line ends."""
    result = []
    line, counted_to = 1, 0
    for start, end in _pieces(script):
        begin = _after(_SPACE, script, start)
        text = script[begin:end].rstrip(SPACES)
        if text.strip(_TRIMMED):
            line += _line_ends(script, counted_to, begin)
            counted_to = begin
            result.append(Statement(text, line))
    return result


def recorded(statements: list[Statement]) -> list[str]:
    """The texts of ``statements`` as the Supabase CLI records them."""
    return [statement.text.strip(_TRIMMED) for statement in statements]


def split(script: str) -> list[str]:
    """The texts of the ``statements`` of a script, as the Supabase CLI records them.

    A byte-order mark is not part of a statement.
    """
    return recorded(statements(script.removeprefix("\ufeff")))


def bare(statement: str) -> str:
    """``statement`` without comments, and with white space outside quotes reduced to single spaces."""
    parts: list[str] = []
    plain: list[str] = []
    position = 0
    while token := _token(_QUOTE_OR_COMMENT, statement, position):
        kind, start, end = token
        plain.append(statement[position:start])
        position = end
        if kind in "-/":
            plain.append(" ")
        else:
            parts += (_SPACE.sub(" ", "".join(plain)), statement[start:end])
            plain.clear()
    plain.append(statement[position:])
    parts.append(_SPACE.sub(" ", "".join(plain)))
    return "".join(parts).strip(" ")


def canonical(statements: list[str]) -> list[str]:
    """``statements`` in a form that is equal for two tools' records of the same file.

    It ignores line ends, and white space and comments outside quotes. The Dashboard stores a file as one
    element, and a fetched file has its comments moved between elements.
    """
    return [text for text in map(bare, split(with_lf(joined(statements)))) if text]


def consists_of(script: str, statements: list[str]) -> bool:
    """Whether ``script`` contains exactly ``statements``; false if uncertain. Faster than ``canonical``."""
    position = 0
    before = ";"
    for statement in statements:
        begin = _after(_GAP, script, position)
        gap = script[position:begin]
        if "--" in before.rpartition("\n")[2]:
            gap = gap.partition("\n")[2]  # a semicolon on the same line may belong to a comment
        if (";" not in gap and before != ";") or not script.startswith(statement, begin):
            return False
        position, before = begin + len(statement), statement
    return _after(_GAP, script, position) == len(script)


def joined(statements: list[str]) -> str:
    """Join ``statements`` into a script; semicolons are on separate lines, as a comment may precede them."""
    return "\n;\n".join(statements)


def with_lf(text: str) -> str:
    """``text`` with all line ends replaced by line feeds, so that all checkouts of a file are equal."""
    return _LINE_END.sub("\n", text) if "\r" in text else text


def lines(text: str) -> list[str]:
    """The lines of ``text``, counted as in this module and in editors."""
    return with_lf(text).split("\n")


def leading_comments(script: str) -> Iterator[str]:
    """The comments before the first statement of ``script``."""
    position = _after(_SPACE, script, 0)
    while script.startswith(_COMMENT, position):
        end = _after_comment(script, position)
        yield script[position:end]
        position = _after(_SPACE, script, end)


def leading_words(script: str, most: int, position: int = 0) -> list[str]:
    """Up to ``most`` words from ``position`` on, in lower case; a word before a dot is part of a name."""
    words: list[str] = []
    while len(words) < most:
        word, position = _word(script, position)
        if not word or script.startswith(".", position):
            break
        words.append(word)
    return words


def _pieces(script: str) -> Iterator[tuple[int, int]]:
    """The start and end of each text between two semicolons that end a statement."""
    start = position = depth = 0
    routine: bool | None = None  # whether the statement creates one; None if not checked yet
    while token := _token(_TOKEN, script, position):
        kind, start_of_token, position = token
        if kind in "([":
            depth += 1
        elif kind in ")]":
            depth -= 1
        elif kind == ";" and depth <= 0:
            yield start, start_of_token
            start, depth, routine = position, 0, None
        elif kind in "bB" and depth <= 0:
            word, body = _word(script, position)
            if word == "atomic":
                routine = _makes_routine(script, start) if routine is None else routine
                position = _end_of_body(script, body) if routine else body
    yield start, len(script)


def _token(pattern: re.Pattern[str], script: str, position: int) -> tuple[str, int, int] | None:
    """The first character, the start and the end of the next token from ``position`` on.

    An unterminated token ends with the script, as in PostgreSQL.
    """
    match = pattern.search(script, position)
    if match is None:
        return None
    start, end = match.span()
    kind = script[start]
    if kind in "eE":
        end = _end_of_escaped(script, end)
    elif kind == "$":
        close = script.find(match.group(), end)
        end = len(script) if close < 0 else close + end - start
    elif kind == "/":
        end = _after_comment(script, start)
    return kind, start, end


def _end_of_escaped(script: str, position: int) -> int:
    """The end of the escaped string, including all its parts, whose content begins at ``position``."""
    while (position := _after(_ESCAPED, script, position)) < len(script):
        if script[position] == "'":
            part = _next_part(script, position + 1)
            if part is None:
                return position + 1
            position = part
    return position


def _next_part(script: str, position: int) -> int | None:
    """Where an escaped string continues after the quotation mark before ``position``; None if it ends."""
    if script.startswith("'", position):
        return position + 1
    begin, position = position, _after(_SPACE, script, position)
    while script.startswith("--", position):
        position = _after(_SPACE, script, _after_comment(script, position))
    follows = script.startswith("'", position) and _NEW_LINE.search(script, begin, position)
    return position + 1 if follows else None


def _makes_routine(script: str, position: int) -> bool:
    match leading_words(script, 4, position):
        case ["create", "function" | "procedure", *_] | ["create", "or", "replace", "function" | "procedure"]:
            return True
    return False


def _end_of_body(script: str, position: int) -> int:
    """The end of an atomic body: after an ``end`` in place of a statement; elsewhere it may be a name."""
    while True:
        word, end = _word(script, position)
        if word == "end":
            return end
        while (token := _token(_TOKEN, script, position)) and token[0] != ";":
            position = token[2]
        if token is None:
            return len(script)
        position = token[2]


def _word(script: str, position: int) -> tuple[str, int]:
    """The next word in lower case, empty if there is none, and its end."""
    position = _after_blank(script, position)
    end = _after(_WORD, script, position)
    return script[position:end].lower(), end


def _after_blank(script: str, position: int) -> int:
    """The position after white space and comments from ``position`` on."""
    position = _after(_SPACE, script, position)
    while script.startswith(_COMMENT, position):
        position = _after(_SPACE, script, _after_comment(script, position))
    return position


def _after_comment(script: str, position: int) -> int:
    if script.startswith("--", position):
        return _after(_LINE_COMMENT, script, position)
    position, depth = position + 2, 1
    while depth and (edge := _COMMENT_EDGE.search(script, position)):
        depth += 1 if edge.group() == "/*" else -1
        position = edge.end()
    return len(script) if depth else position


def _after(pattern: re.Pattern[str], script: str, position: int) -> int:
    match = pattern.match(script, position)
    return match.end() if match else position


def _line_ends(text: str, start: int, end: int) -> int:
    """The number of line ends between two positions: LF, CR or CR LF."""
    crs = text.count("\r", start, end)
    return text.count("\n", start, end) + (crs and crs - text.count("\r\n", start, end))
