"""What an object file makes, as its statements say: what to call it, what takes it back, and what it needs.

Read from the text, so that a plan can name it before anything runs. What the text does not tell (a ``do``
block, a row) is left as it is when the file goes, unless the file itself says how to take it back:

    -- chatctl:drop alter publication supabase_realtime drop table public.messages
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from chatctl.services.migrations.files import SqlFile

Kind = Literal["function", "view", "trigger", "policy", "other"]

_NAME = r'(?:"(?:[^"]|"")+"|[a-z_][\w$]*)'
_QUALIFIED = rf"{_NAME}(?:\.{_NAME})*"
_MADE: dict[Kind, re.Pattern[str]] = {
    "function": re.compile(
        rf"create (?:or replace )?(?P<word>function|procedure) (?P<name>{_QUALIFIED}) ?\(", re.I
    ),
    "view": re.compile(
        r"create (?:or replace )?(?P<word>(?:recursive |materialized )?view) (?:if not exists )?"
        rf"(?P<name>{_QUALIFIED})",
        re.I,
    ),
    "trigger": re.compile(
        rf"create (?:or replace )?(?:constraint )?(?P<word>trigger) (?P<name>{_NAME}) .*? "
        rf"on (?P<table>{_QUALIFIED})",
        re.I | re.S,
    ),
    "policy": re.compile(rf"create (?P<word>policy) (?P<name>{_NAME}) on (?P<table>{_QUALIFIED})", re.I),
}
_GRANT = re.compile(
    r"grant (?P<what>.+?) on (?P<on>.+) to (?P<whom>.+?)(?: with grant option)?(?: granted by .+)?$",
    re.I | re.S,
)
_REVOKED = re.compile(r"revoke .+? on (?P<on>.+) from ", re.I | re.S)
_SAID = re.compile(r"^-- chatctl:drop (?P<statement>.+?);?\s*$", re.M)
_ARGUMENT_DEFAULT = re.compile(r"\s*(?:\bdefault\b|:?=).*$", re.I | re.S)
_PARTS = re.compile(r'"(?:[^"]|"")+"|[^"]+')
_QUOTED_OR_MARK = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|[(\[\])]|,""")


@dataclass(frozen=True)
class Made:
    """One thing that a file makes, its table if it belongs to one, and the statement that takes it back."""

    kind: Kind
    name: str
    table: str | None
    drop: str


@cache
def made(file: SqlFile) -> tuple[Made, ...]:
    """What ``file`` makes, in its order; a grant counts, since it is taken back with the file."""
    found = [
        Made("other", match["statement"], None, match["statement"]) for match in _SAID.finditer(file.text)
    ]
    return (*found, *(thing for text in file.bare if (thing := _thing(text) or _granted(text))))


def drops(file: SqlFile) -> list[str]:
    """The statements that take back what ``file`` makes: the last first, each once."""
    return list(dict.fromkeys(thing.drop for thing in reversed(made(file))))


def revoked_on(drop: str) -> str | None:
    """What a ``revoke`` among ``drops`` is on, for example ``public.messages``; None for another one."""
    match = _REVOKED.match(drop)
    return match["on"] if match else None


def in_order(files: Sequence[SqlFile]) -> list[SqlFile]:
    """``files`` with each after those that make what it mentions; where two mention each other, as given."""
    makers = {
        thing.name: file for file in files for thing in made(file) if thing.kind in ("function", "view")
    }
    known = re.compile(rf"(?<![\w$.])(?:{'|'.join(map(re.escape, makers))})(?![\w$])") if makers else None
    ordered: dict[str, SqlFile] = {}
    begun: set[str] = set()

    def place(file: SqlFile) -> None:
        if file.path in begun:
            return
        begun.add(file.path)
        mentioned = known.findall("\n".join(file.bare)) if known else []
        for name in dict.fromkeys(mentioned):
            place(makers[name])
        ordered[file.path] = file

    for file in files:
        place(file)
    return list(ordered.values())


def _thing(text: str) -> Made | None:
    for kind, pattern in _MADE.items():
        if match := pattern.match(text):
            word, name = match["word"].lower(), _folded(match["name"])
            if kind == "function":
                return Made(
                    kind, name, None, f"drop {word} if exists {name}({_signature(text[match.end() :])})"
                )
            if kind == "view":
                return Made(kind, name, None, f"drop {word.removeprefix('recursive ')} if exists {name}")
            table = _folded(match["table"])
            return Made(kind, name, table, f"drop {word} if exists {name} on {table}")
    return None


def _granted(text: str) -> Made | None:
    match = _GRANT.match(text)
    if match is None:
        return None
    drop = f"revoke {match['what']} on {match['on']} from {match['whom']}"
    return Made("other", text, match["on"], drop)


def _folded(name: str) -> str:
    """``name`` as PostgreSQL folds it: what is not quoted in lower case."""
    return "".join(part if part.startswith('"') else part.lower() for part in _PARTS.findall(name))


def _signature(after_parenthesis: str) -> str:
    """The arguments of a function without their defaults, as ``drop function`` takes them."""
    return ", ".join(
        _ARGUMENT_DEFAULT.sub("", argument).strip() for argument in _arguments(after_parenthesis)
    )


def _arguments(text: str) -> Iterator[str]:
    depth = start = 0
    for mark in _QUOTED_OR_MARK.finditer(text):
        match mark.group():
            case "(" | "[":
                depth += 1
            case ")" | "]" if depth:
                depth -= 1
            case ")":
                if text[start : mark.start()].strip():
                    yield text[start : mark.start()].strip()
                return
            case "," if not depth:
                yield text[start : mark.start()].strip()
                start = mark.end()
