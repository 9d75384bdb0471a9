"""Reading GRANT and REVOKE: which privileges, on what, for whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chatctl.sqltext.reader import Name, Reader, separated
from chatctl.sqltext.tokens import Token, tokens


@dataclass(frozen=True)
class Grant:
    """The parts of a GRANT or REVOKE, as they are written; ``roles`` without the options after them."""

    revokes: bool
    privileges: str
    on: str
    roles: str


@dataclass(frozen=True)
class Objects:
    """What a privilege is on: ``public.a, b``, ``function f(int)``, ``all tables in schema s``.

    ``kind`` are the words before the first name, in lower case; empty for tables and views.
    """

    kind: str
    names: tuple[Name, ...]

    @property
    def is_everything_in_schema(self) -> bool:
        """Whether it is on all objects of some kind in the schemas that are named."""
        return self.kind.startswith("all ")


def grant(text: str) -> Grant | None:
    """The GRANT or REVOKE that ``text`` is; None for another statement, and for one about membership."""
    found = tokens(text)
    if not found or not found[0].is_word("grant", "revoke"):
        return None
    revokes = found[0].text == "revoke"
    on = next((place for place, token in enumerate(found) if token.is_word("on")), None)
    joins = [place for place, token in enumerate(found) if token.is_word("from" if revokes else "to")]
    if on is None or not joins or joins[-1] < on:
        return None
    roles = found[joins[-1] + 1 :]
    options = next((place for place in range(len(roles)) if _are_options(roles[place:])), len(roles))
    return Grant(
        revokes,
        text[found[0].end : found[on].start].strip(),
        text[found[on].end : found[joins[-1]].start].strip(),
        text[roles[0].start : roles[options - 1].end] if options else "",
    )


def objects(on: str) -> Objects:
    """What the part ``on`` of a grant names."""
    items = [_signature(item) for item in separated(tokens(on))]
    places = [_start_of_name(item) for item in items]
    kind = " ".join(token.text for token in items[0][: places[0]])
    names = (Reader(item[place:]).name() for item, place in zip(items, places, strict=True))
    return Objects(kind, tuple(name for name in names if name))


def _are_options(following: Sequence[Token]) -> bool:
    words = [token.text for token in following[:3]]
    return words == ["with", "grant", "option"] or words[:2] == ["granted", "by"]


def _signature(item: list[Token]) -> list[Token]:
    """``item`` without the arguments of a function."""
    opener = next((place for place, token in enumerate(item) if token.text == "("), len(item))
    return item[:opener]


def _start_of_name(item: Sequence[Token]) -> int:
    """Where the name begins that ``item`` ends with."""
    start = max(len(item) - 1, 0)
    while start >= 2 and item[start - 1].text == ".":  # noqa: PLR2004 - a dot and what it qualifies
        start -= 2
    return start
