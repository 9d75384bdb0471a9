"""Reading GRANT and REVOKE: the privileges, the objects and the roles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chatctl.sqltext.reader import Name, Reader, separated
from chatctl.sqltext.tokens import Token, tokens


@dataclass(frozen=True)
class Grant:
    """The parts of a GRANT or REVOKE as written; ``roles`` excludes the options after them."""

    revokes: bool
    privileges: str
    on: str
    roles: str


@dataclass(frozen=True)
class Objects:
    """The objects of a privilege: ``public.a, b``, ``function f(int)``, ``all tables in schema s``.

    ``kind`` is the words before the first name, in lower case; empty for tables and views.
    """

    kind: str
    names: tuple[Name, ...]

    @property
    def is_everything_in_schema(self) -> bool:
        """Whether these are all objects of a kind in the named schemas."""
        return self.kind.startswith("all ")


def grant(text: str) -> Grant | None:
    """Parse ``text`` as GRANT or REVOKE of privileges; None for other statements and for role membership."""
    scanned = tokens(text)
    if not scanned or not scanned[0].is_word("grant", "revoke"):
        return None
    revokes = scanned[0].text == "revoke"
    on = next((place for place, token in enumerate(scanned) if token.is_word("on")), None)
    separators = [place for place, token in enumerate(scanned) if token.is_word("from" if revokes else "to")]
    if on is None or not separators or separators[-1] < on:
        return None
    roles = scanned[separators[-1] + 1 :]
    options = next((place for place in range(len(roles)) if _are_options(roles[place:])), len(roles))
    return Grant(
        revokes,
        text[scanned[0].end : scanned[on].start].strip(),
        text[scanned[on].end : scanned[separators[-1]].start].strip(),
        text[roles[0].start : roles[options - 1].end] if options else "",
    )


def objects(on: str) -> Objects:
    """The objects that the ON clause ``on`` of a grant names."""
    items = [_signature(item) for item in separated(tokens(on))]
    places = [_start_of_name(item) for item in items]
    kind = " ".join(token.text for token in items[0][: places[0]])
    names = (Reader(item[place:]).name() for item, place in zip(items, places, strict=True))
    return Objects(kind, tuple(name for name in names if name))


def _are_options(following: Sequence[Token]) -> bool:
    words = [token.text for token in following[:3]]
    return words == ["with", "grant", "option"] or words[:2] == ["granted", "by"]


def _signature(item: list[Token]) -> list[Token]:
    """``item`` without the arguments, if it is a function."""
    opener = next((place for place, token in enumerate(item) if token.text == "("), len(item))
    return item[:opener]


def _start_of_name(item: Sequence[Token]) -> int:
    """The index in ``item`` where the name at its end begins."""
    start = max(len(item) - 1, 0)
    while start >= 2 and item[start - 1].text == ".":  # noqa: PLR2004 - a name and a dot before it
        start -= 2
    return start
