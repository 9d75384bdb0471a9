"""Explaining YAML syntax errors to the author of a file, without repeating its content."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass

import yaml
from yaml.error import Mark, MarkedYAMLError

_QUOTE = "put the whole value in single quotes; inside them, write a single quote twice"
_ALIGN = "keys of one mapping begin in the same column; indent with spaces"
_TOKEN = re.compile(r"\b(?:alias|anchor|tag|block scalar)$")
_COLON = re.compile(r":(?:\s|$)")


@dataclass(frozen=True)
class Fault:
    """The position and the reason of a syntax error, and the remedy if there is one."""

    mark: Mark | None
    reason: str
    hint: str | None = None


@dataclass(frozen=True)
class _Known:
    """An error of PyYAML, identified by parts of its context and problem, and our message for it.

    With ``opening``, the message gives the position where the construct begins, not where it fails.
    """

    context: str
    problem: str
    reason: str
    hint: str | None
    opening: bool = False


# The first match is used.
_KNOWN = (
    _Known("", r"'\t' that cannot start", "there is a tab", "use spaces instead of tabs"),
    _Known("", "that cannot start", "unquoted text cannot begin with {character}", _QUOTE),
    _Known("a directive", "", "a line cannot begin with %", f"if it is text, {_QUOTE}", opening=True),
    _Known("quoted scalar", "unexpected", "the quote that opens here is never closed", _QUOTE, opening=True),
    _Known(
        "double-quoted",
        "",
        "in double quotes, a backslash begins an escape sequence, and this is not one",
        "use single quotes, which leave a backslash as it is",
    ),
    _Known(
        "single document",
        "",
        "a second document begins here",
        "keep one document in each file; `---` begins another",
    ),
    _Known(
        "simple key",
        "",
        "there is no colon after the key",
        "write a colon and a space between key and value",
        opening=True,
    ),
    _Known("", "undefined alias", "this alias has no anchor before it", _QUOTE),
    _Known("block scalar", "chomping", "unquoted text cannot begin with | or >", _QUOTE),
    _Known("an alias", "", "unquoted text cannot begin with *", _QUOTE, opening=True),
    _Known("an anchor", "", "unquoted text cannot begin with &", _QUOTE, opening=True),
    _Known("a tag", "", "unquoted text cannot begin with !", _QUOTE, opening=True),
    _Known("", "undefined tag handle", "unquoted text cannot begin with !", _QUOTE, opening=True),
    _Known(
        "flow",
        "<stream end>",
        "the [ or { that opens here is never closed",
        f"close it, or {_QUOTE}",
        opening=True,
    ),
    _Known("flow", "expected ','", "a comma or a closing ] or } is missing", f"add it, or {_QUOTE}"),
    _Known("", "node content", "unquoted text cannot begin with this character", _QUOTE),
    _Known("", "but found ']'", "there is a ] without a [ before it", None),
    _Known("", "but found '}'", "there is a } without a { before it", None),
    _Known("", "expected <block end>", "the indentation matches none of the lines above", _ALIGN),
    _Known("", "expected '<document start>'", "there is text after the end of the document", None),
    _Known("", "entries are not allowed", "a list cannot begin here", "begin it on a new line"),
    _Known("", "keys are not allowed", "unquoted text cannot begin with ?", _QUOTE),
)


def explain(error: MarkedYAMLError, text: str) -> Fault:
    """Translate an ``error`` of PyYAML for the author of ``text``."""
    context, problem = error.context or "", error.problem or ""
    mark = error.problem_mark or error.context_mark
    if mark and "mapping values" in problem:
        return _stray_colon(mark, text)
    start = error.context_mark if _TOKEN.search(context) else mark
    if start and _follows_a_quote(start, text):
        comma_hint = ", or a comma is missing" if "flow" in context else ""
        return Fault(
            start, f"there is text after the closing quote{_opening_line(start, text)}{comma_hint}", _QUOTE
        )
    for known in _KNOWN:
        if known.context in context and known.problem in problem:
            place = error.context_mark if known.opening and error.context_mark else mark
            character = text[mark.index : mark.index + 1] if mark else ""
            return Fault(place, known.reason.replace("{character}", character), known.hint)
    # All other problems with quotation marks quote the file.
    return Fault(mark, problem if problem and "'" not in problem else "the syntax is not valid here")


def _stray_colon(mark: Mark, text: str) -> Fault:
    lines = text.splitlines()
    if _COLON.search(lines[mark.line][: mark.column]):
        return Fault(mark, "a value cannot contain a colon with a space after it", _QUOTE)
    above = [
        (number, line)
        for number, line in enumerate(lines[: mark.line], start=1)
        if line.strip() and not line.lstrip().startswith("#")
    ]
    if above and not _COLON.search(above[-1][1]):
        reason = f"line {above[-1][0]} has no colon after its key"
        return Fault(mark, reason, "write a colon and a space between key and value")
    return Fault(mark, "this key is indented deeper than the line above, which has a value", _ALIGN)


def _follows_a_quote(mark: Mark, text: str) -> bool:
    """Whether the text at ``mark`` follows a closing quotation mark, and may belong to the same value."""
    more = text[mark.index : mark.index + 1].strip("\t]},:")
    return bool(more) and text[: mark.index].rstrip(" ").endswith(("'", '"'))


def _opening_line(mark: Mark, text: str) -> str:
    """The earlier line of the opening quotation mark, on which the closing one is missing; else nothing."""
    last_quoted = None
    with suppress(yaml.YAMLError):
        for token in yaml.scan(text, Loader=yaml.SafeLoader):
            if token.start_mark.index >= mark.index:
                break
            if isinstance(token, yaml.ScalarToken) and token.style in ("'", '"'):
                last_quoted = token
    if last_quoted is None or last_quoted.start_mark.line == mark.line:
        return ""
    return f", which was opened on line {last_quoted.start_mark.line + 1}"
