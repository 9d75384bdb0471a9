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
from string import ascii_lowercase, ascii_uppercase
from typing import Literal

from chatctl.services.migrations.files import SqlFile

# Before a statement that a file gives for the day it is gone.
SAID = "-- chatctl:drop"

Kind = Literal["function", "view", "trigger", "policy", "other"]

_NAME = r'(?:"(?:[^"]|"")+"|[a-z_\x80-\U0010ffff][\w$]*)'
_QUALIFIED = rf"{_NAME}(?: ?\. ?{_NAME})*"
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
        rf"create (?:or replace )?(?:constraint )?(?P<word>trigger) (?P<name>{_NAME}) "
        rf'(?:"(?:[^"]|"")*"|[^"])*? on (?P<table>{_QUALIFIED})',
        re.I,
    ),
    "policy": re.compile(rf"create (?P<word>policy) (?P<name>{_NAME}) on (?P<table>{_QUALIFIED})", re.I),
}
_GRANT = re.compile(
    r"grant (?P<what>.+?) on (?P<on>.+) to (?P<whom>.+?)(?: with grant option)?(?: granted by .+)?$",
    re.I | re.S,
)
_REVOKED = re.compile(r"revoke .+? on (?P<on>.+) from ", re.I | re.S)
_SAID = re.compile(r"^-- chatctl:drop (?P<statement>.+?);?\s*$", re.M)
_RELATION = re.compile(_QUALIFIED, re.I)
_PARTS = re.compile(r'"(?:[^"]|"")+"|[^"]+')
_ARGUMENT_MARK = re.compile(
    r"""\be'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|\$(\w*)\$.*?\$\1\$"""
    r"|(?P<mark>[(\[\]),]|:?=|\bdefault\b)",
    re.I | re.S,
)
_EVERYTHING_IN_SCHEMA = re.compile(r"all \w+ in schema ", re.I)
# PostgreSQL folds these letters and no others.
_FOLDING = str.maketrans(ascii_uppercase, ascii_lowercase)


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
        Made("other", match["statement"], None, f"{SAID}\n{match['statement']}")
        for match in _SAID.finditer(file.text)
    ]
    return (*found, *(thing for text in file.bare if (thing := _thing(text) or _granted(text))))


def drops(file: SqlFile) -> list[str]:
    """The statements that take back what ``file`` makes: the last first, each once."""
    return list(dict.fromkeys(thing.drop for thing in reversed(made(file))))


def granted_tables(file: SqlFile) -> set[str]:
    """The tables and views that ``file`` grants privileges on, as it names them."""
    names = {
        name.strip()
        for thing in made(file)
        if thing.kind == "other" and thing.table
        for name in thing.table.removeprefix("table ").split(",")
    }
    return {name for name in names if _RELATION.fullmatch(name)}


def revoked_on(drop: str) -> str | None:
    """What a ``revoke`` among ``drops`` is on, for example ``public.messages``; None for another one."""
    match = _REVOKED.match(drop)
    return match["on"] if match else None


def may_overlap(on: str, other: str) -> bool:
    """Whether two grants may be on the same thing, however they spell it; in doubt they are."""
    if _EVERYTHING_IN_SCHEMA.match(on) or _EVERYTHING_IN_SCHEMA.match(other):
        return True
    return not _last_names(on).isdisjoint(_last_names(other))


def _last_names(on: str) -> set[str]:
    # `table public.a, b` are a and b, `function private.f(int, text)` is f.
    items = re.sub(r"\([^()]*\)", "", on).split(",")
    return {item.replace(".", " ").split()[-1].strip('"').lower() for item in items if item.strip(" .")}


def in_order(files: Sequence[SqlFile]) -> list[SqlFile]:
    """``files`` with each after those that make what it mentions; where two mention each other, as given."""
    makers = {
        thing.name: file for file in files for thing in made(file) if thing.kind in ("function", "view")
    }
    short = {name.rpartition(".")[2]: file for name, file in makers.items()}
    patterns = [(makers, r"(?<![\w$.])({})(?![\w$])"), (short, r"\b(?:from|join) ({})(?![\w$.])")]
    patterns.append((short, r"(?<![\w$.])({}) ?\("))
    known = [
        (by_name, re.compile(pattern.format("|".join(map(re.escape, by_name))), re.I))
        for by_name, pattern in patterns
        if by_name
    ]
    ordered: dict[str, SqlFile] = {}
    begun: set[str] = set()

    def place(file: SqlFile) -> None:
        if file.path in begun:
            return
        begun.add(file.path)
        text = "\n".join(file.bare)
        for by_name, pattern in known:
            for name in dict.fromkeys(pattern.findall(text)):
                if name in by_name:
                    place(by_name[name])
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
    return "".join(
        part if part.startswith('"') else part.translate(_FOLDING).replace(" ", "")
        for part in _PARTS.findall(name)
    )


def _signature(after_parenthesis: str) -> str:
    """The arguments of a function without their defaults, as ``drop function`` takes them."""
    return ", ".join(filter(None, _arguments(after_parenthesis)))


def _arguments(text: str) -> Iterator[str]:
    depth = start = 0
    default: int | None = None  # where it begins
    for found in _ARGUMENT_MARK.finditer(text):
        match found["mark"]:
            case None:
                pass  # quoted
            case "(" | "[":
                depth += 1
            case ")" | "]" if depth:
                depth -= 1
            case ")" | "," as mark if not depth:
                yield text[start : found.start() if default is None else default].strip()
                if mark == ")":
                    return
                start, default = found.end(), None
            case _ if not depth and default is None:
                default = found.start()
