"""What an object file makes, as its statements say: what to call it, what takes it back, and what it needs.

Read from the text, so that a plan can name it before anything runs. What the text does not tell (a ``do``
block, a row) is left as it is when the file goes, unless the file itself says how to take it back:

    -- chatctl:drop alter publication supabase_realtime drop table public.messages
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from chatctl.services.migrations.files import SqlFile
from chatctl.sqltext.grants import grant, objects
from chatctl.sqltext.reader import Name, Reader, separated
from chatctl.sqltext.statements import lines
from chatctl.sqltext.tokens import Token, tokens, tokens_and_bodies

# Before a statement of a file that runs when the file has been removed.
DROP_MARK = "-- chatctl:drop"

Kind = Literal["function", "view", "trigger", "policy", "other"]

_KINDS: dict[str, Kind] = {
    "function": "function",
    "procedure": "function",
    "view": "view",
    "materialized view": "view",
    "trigger": "trigger",
    "policy": "policy",
}
# The statements that drop these, as `_created` writes them; a doubled quotation mark is the end of one part
# of a name and the beginning of another.
_DROP = re.compile(
    rf"drop (?P<word>{'|'.join(_KINDS)}) if exists "
    r'(?P<name>(?:"[^"]*+"|[^" (]++){1,100}+)(?:\(| on (?P<table>[^\n]++)|$)'
)
_NAME_PARTS = 4  # more than a name in a statement has


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
    mark = f"{DROP_MARK} "
    marked = [line.removeprefix(mark) for line in lines(file.text) if line.startswith(mark)]
    statements = filter(None, (line.rstrip().removesuffix(";") for line in marked))
    found = [Made("other", statement, None, f"{DROP_MARK}\n{statement}") for statement in statements]
    return (*found, *(thing for text in file.bare if (thing := _created(text) or _granted(text))))


def drops(file: SqlFile) -> list[str]:
    """The statements that take back what ``file`` makes: the last first, each once."""
    return list(dict.fromkeys(thing.drop for thing in reversed(made(file))))


def dropped_by(drops: Iterable[str]) -> tuple[Made, ...]:
    """The functions, views, triggers and policies that the recorded ``drops`` of a file drop.

    An unchanged file makes these. They are read without the scanner, whose import would make a migrate with
    nothing to do a fifth slower.
    """
    matches = ((drop, _DROP.match(drop)) for drop in drops)
    return tuple(Made(_KINDS[it["word"]], it["name"], it["table"], drop) for drop, it in matches if it)


def granted_tables(file: SqlFile) -> set[str]:
    """The tables and views that ``file`` grants privileges on."""
    on = [objects(thing.table) for thing in made(file) if thing.kind == "other" and thing.table]
    return {name.sql for each in on if each.kind in ("", "table") for name in each.names}


def revoked_on(drop: str) -> str | None:
    """What a ``revoke`` among ``drops`` is on, for example ``public.messages``; None for another one."""
    revoke = grant(drop)
    return revoke.on if revoke and revoke.revokes else None


def may_overlap(on: str, other: str) -> bool:
    """Whether two grants may be on the same thing, however they spell it; in doubt they are."""
    these, those = objects(on), objects(other)
    if these.is_everything_in_schema or those.is_everything_in_schema:
        return True
    return not {name.parts[-1] for name in these.names}.isdisjoint(name.parts[-1] for name in those.names)


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
        full, read, called = _mentioned(file)
        for names, by_name in ((full, makers), (read, short), (called, short)):
            for name in names:
                if name in by_name:
                    place(by_name[name])
        ordered[file.path] = file

    for file in files:
        place(file)
    return list(ordered.values())


def _mentioned(file: SqlFile) -> tuple[dict[str, None], dict[str, None], dict[str, None]]:
    """The names in ``file`` in their order: all of them; without schema, those read from and those called."""
    full: dict[str, None] = {}
    read: dict[str, None] = {}
    called: dict[str, None] = {}
    reader = Reader(token for text in file.bare for token in tokens_and_bodies(text))
    while True:
        from_here = reader.take_one_of("from", "join")
        if name := reader.name():
            parts = [token.text for token in name.tokens[:_NAME_PARTS]]
            # `schema.view.column` mentions `schema.view`.
            full |= dict.fromkeys(".".join(parts[:number]) for number in range(1, len(parts) + 1))
            if from_here and len(parts) == 1:
                read[parts[0]] = None
            if reader.take("(") and len(parts) == 1:
                called[parts[0]] = None
        elif reader.take_any() is None:
            break
    return full, read, called


def _created(text: str) -> Made | None:
    reader = Reader(tokens(text))
    if not reader.take("create"):
        return None
    reader.take("or", "replace")
    if word := reader.take_one_of("function", "procedure"):
        name = reader.name()
        return _routine(word, name, reader, text) if name and reader.take("(") else None
    if reader.take("materialized", "view"):
        return _view("materialized view", reader)
    reader.take("recursive")
    if reader.take("view"):
        return _view("view", reader)
    reader.take("constraint")
    word = reader.take_one_of("trigger", "policy")
    name = reader.name() if word else None
    if name and reader.take_until("on") and (table := reader.name()):
        drop = f"drop {word} if exists {name.sql} on {table.sql}"
        return Made(_KINDS[word], name.sql, table.sql, drop)
    return None


def _routine(word: str, name: Name, reader: Reader, text: str) -> Made:
    items = filter(None, map(_without_default, separated(reader.rest)))
    arguments = ", ".join(text[item[0].start : item[-1].end] for item in items)
    return Made("function", name.sql, None, f"drop {word} if exists {name.sql}({arguments})")


def _without_default(argument: list[Token]) -> list[Token]:
    """An argument as ``drop function`` takes it."""
    places = (
        place for place, token in enumerate(argument) if token.is_word("default") or token.text in ("=", ":=")
    )
    return argument[: next(places, len(argument))]


def _view(word: str, reader: Reader) -> Made | None:
    reader.take("if", "not", "exists")
    name = reader.name()
    return Made("view", name.sql, None, f"drop {word} if exists {name.sql}") if name else None


def _granted(text: str) -> Made | None:
    given = grant(text)
    if given is None or given.revokes:
        return None
    return Made("other", text, given.on, f"revoke {given.privileges} on {given.on} from {given.roles}")
