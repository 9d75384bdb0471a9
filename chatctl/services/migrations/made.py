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
from chatctl.sqltext.statements import NO_NAME, masked, with_lf

# Before a statement that a file gives for the day it is gone.
SAID = "-- chatctl:drop"

Kind = Literal["function", "view", "trigger", "policy", "other"]

# Names as `masked` leaves them, and as they stand in the text.
_NAME = rf'(?:"[_"]*+|[^{NO_NAME}$0-9][^{NO_NAME}]*+)'
_PLAIN_NAME = rf'(?:"[^"]*+"|[^{NO_NAME}$0-9][^{NO_NAME}]*+)'
_QUALIFIED = rf"{_NAME}(?: ?\. ?{_NAME}){{0,3}}"
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
        rf"create (?:or replace )?(?:constraint )?(?P<word>trigger) (?P<name>{_NAME}) ", re.I
    ),
    "policy": re.compile(rf"create (?P<word>policy) (?P<name>{_NAME}) on ", re.I),
}
_GRANT = re.compile("grant ", re.I)
_REVOKE = re.compile("revoke ", re.I)
_ON = re.compile(" on ", re.I)
_ON_TABLE = re.compile(rf" on (?P<table>{_QUALIFIED})", re.I)
_TO = re.compile(" to ", re.I)
_FROM = re.compile(" from ", re.I)
_END_OF_GRANT = re.compile(" with grant option| granted by |$", re.I)
_SAID = re.compile(r"^-- chatctl:drop (?P<statement>[^\n]++)", re.M)
_RELATION = re.compile(_QUALIFIED, re.I)
_PARTS = re.compile(r'"[^"]*+"|[^"]++')
_ARGUMENT_MARK = re.compile(r"[(\[\]),]|:?=|\bdefault\b", re.I)
_NAME_IN_TEXT = re.compile(_PLAIN_NAME)
_MENTION = re.compile(
    rf"(?<![^{NO_NAME}])(?<!\.)(?P<read>(?:from|join) )?"
    rf"(?P<name>{_PLAIN_NAME}(?: ?\. ?{_PLAIN_NAME}){{0,3}})(?P<called> ?\()?",
    re.I,
)
_EVERYTHING_IN_SCHEMA = re.compile(r"all \w++ in schema ", re.I)
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
    said = [match["statement"].rstrip().removesuffix(";") for match in _SAID.finditer(with_lf(file.text))]
    found = [Made("other", statement, None, f"{SAID}\n{statement}") for statement in said]
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
    return {name for name in names if _RELATION.fullmatch(masked(name))}


def revoked_on(drop: str) -> str | None:
    """What a ``revoke`` among ``drops`` is on, for example ``public.messages``; None for another one."""
    parts = _parts(drop, _REVOKE, _FROM)
    return parts[1] if parts else None


def may_overlap(on: str, other: str) -> bool:
    """Whether two grants may be on the same thing, however they spell it; in doubt they are."""
    if _EVERYTHING_IN_SCHEMA.match(on) or _EVERYTHING_IN_SCHEMA.match(other):
        return True
    return not _last_names(on).isdisjoint(_last_names(other))


def _last_names(on: str) -> set[str]:
    # `table public.a, b` are a and b, `function private.f(int, text)` is f.
    items = re.sub(r"\([^()]*+\)", "", on).split(",")
    return {item.replace(".", " ").split()[-1].strip('"').lower() for item in items if item.strip(" .")}


def in_order(files: Sequence[SqlFile]) -> list[SqlFile]:
    """``files`` with each after those that make what it mentions; where two mention each other, as given."""
    makers = {
        thing.name: file for file in files for thing in made(file) if thing.kind in ("function", "view")
    }
    short = {name.rpartition(".")[2]: file for name, file in makers.items()}
    ordered: dict[str, SqlFile] = {}
    begun: set[str] = set()

    def place(file: SqlFile) -> None:
        if file.path in begun:
            return
        begun.add(file.path)
        full, read, called = _mentioned("\n".join(file.bare))
        for names, by_name in ((full, makers), (read, short), (called, short)):
            for name in names:
                if name in by_name:
                    place(by_name[name])
        ordered[file.path] = file

    for file in files:
        place(file)
    return list(ordered.values())


def _mentioned(text: str) -> tuple[dict[str, None], dict[str, None], dict[str, None]]:
    """The names in ``text`` in their order: all of them; without schema, those read from and those called."""
    full: dict[str, None] = {}
    read: dict[str, None] = {}
    called: dict[str, None] = {}
    for match in _MENTION.finditer(text):
        names = [_folded(match["name"][: part.end()]) for part in _NAME_IN_TEXT.finditer(match["name"])]
        full |= dict.fromkeys(names)  # `schema.view.column` mentions `schema.view`
        if match["read"] and len(names) == 1:
            read[names[0]] = None
        if match["called"] and len(names) == 1:
            called[names[0]] = None
    return full, read, called


def _thing(text: str) -> Made | None:
    hidden = masked(text)
    for kind, pattern in _MADE.items():
        if match := pattern.match(hidden):
            word, name = match["word"].lower(), _folded(text[slice(*match.span("name"))])
            if kind == "function":
                arguments = ", ".join(filter(None, _arguments(text, hidden, match.end())))
                return Made(kind, name, None, f"drop {word} if exists {name}({arguments})")
            if kind == "view":
                return Made(kind, name, None, f"drop {word.removeprefix('recursive ')} if exists {name}")
            if on := _ON_TABLE.search(hidden, match.end("name")):
                table = _folded(text[slice(*on.span("table"))])
                return Made(kind, name, table, f"drop {word} if exists {name} on {table}")
    return None


def _granted(text: str) -> Made | None:
    parts = _parts(text, _GRANT, _TO)
    if parts is None:
        return None
    what, on, to = parts
    end = _END_OF_GRANT.search(masked(to))
    whom = to[: end.start()] if end else to
    return Made("other", text, on, f"revoke {what} on {on} from {whom}")


def _parts(text: str, begin: re.Pattern[str], last: re.Pattern[str]) -> tuple[str, str, str] | None:
    """What follows ``begin``, the first ``on`` and the last ``to`` or ``from`` of ``text``, quotes apart."""
    hidden = masked(text)
    head, on = begin.match(hidden), _ON.search(hidden)
    whom = list(last.finditer(hidden, on.end())) if on else []
    if not head or not on or not whom:
        return None
    return text[head.end() : on.start()], text[on.end() : whom[-1].start()], text[whom[-1].end() :]


def _folded(name: str) -> str:
    """``name`` as PostgreSQL folds it: what is not quoted in lower case."""
    return "".join(
        part if part.startswith('"') else part.translate(_FOLDING).replace(" ", "")
        for part in _PARTS.findall(name)
    )


def _arguments(text: str, hidden: str, start: int) -> Iterator[str]:
    """The arguments of a function without their defaults, as ``drop function`` takes them."""
    depth = 0
    default: int | None = None  # where it begins
    for found in _ARGUMENT_MARK.finditer(hidden, start):
        match found.group():
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
