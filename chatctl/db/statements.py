"""Splitting a script into its statements, by the rules of the Supabase CLI's history."""

from __future__ import annotations

import re

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
_COMMENT_EDGE = re.compile(r"/\*|\*/")


def split(script: str) -> list[str]:
    """The statements of ``script``: trimmed, comments kept, no semicolon, none empty.

    A byte-order mark and carriage returns are no part of a statement.
    """
    script = script.removeprefix("\ufeff").replace("\r\n", "\n")
    pieces: list[str] = []
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
                pieces.append(script[start : match.start()])
                start, depth = position, 0
    pieces.append(script[start:])
    return [piece.strip() for piece in pieces if _says_something(piece)]


def canonical(statements: list[str]) -> list[str]:
    """``statements`` in the form in which two tools' records of one file are equal.

    The Dashboard stores a file as one element, and a fetched file has its comments moved between elements.
    """
    return [" ".join(statement.split()) for statement in split(";\n".join(statements))]


def _end_of_comment(script: str, position: int) -> int:
    depth = 1
    while depth and (edge := _COMMENT_EDGE.search(script, position)):
        depth += 1 if edge.group() == "/*" else -1
        position = edge.end()
    return position if not depth else len(script)


def _says_something(piece: str) -> bool:
    return bool(piece.strip())
