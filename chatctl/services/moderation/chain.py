"""The chain of the moderation log, whose rows contain the hash of the one before: where it was broken."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_BEGINNING = ""  # what the first row has for the hash of the one before it


@dataclass(frozen=True)
class ChainLink:
    """A row of the log: the hash of the previous row, its own, and the one that its columns give."""

    id: int
    previous_hash: str
    hash: str
    expected_hash: str


@dataclass(frozen=True)
class ChainHead:
    """The last row that was added; id 0 and no hash for an empty log."""

    id: int
    hash: str


@dataclass(frozen=True)
class ChainBreak:
    """How it shows that a row was changed, inserted, swapped or renumbered, or is missing."""

    id: int
    problem: str
    explanation: str


def is_intact(links: Iterable[ChainLink], head: ChainHead) -> bool:
    """Whether every row has its hash and follows the one before it, up to the head."""
    last = ChainHead(0, _BEGINNING)
    for link in links:
        if link.hash != link.expected_hash or link.previous_hash != last.hash or link.id <= last.id:
            return False
        last = ChainHead(link.id, link.hash)
    return last == head


def breaks(links: Sequence[ChainLink], head: ChainHead) -> list[ChainBreak]:
    """Where the chain of ``links``, in the order of ids, is broken; by id. Empty only if it is intact."""
    changed = [
        ChainBreak(link.id, "changed", "its columns do not give its hash")
        for link in links
        if link.hash != link.expected_hash
    ]
    chain, gaps = _followed_back(links, head, known={item.id for item in changed})
    in_order = sorted(chain, key=lambda link: link.id, reverse=True)
    swapped = [
        ChainBreak(link.id, "swapped", f"it stands where row {other.id} was written")
        for link, other in zip(chain, in_order, strict=True)
        if link is not other
    ]
    reached = {link.id for link in chain}
    inserted = [
        ChainBreak(link.id, "inserted", "no later row follows it, and it is not the last one")
        for link in links
        if link.id not in reached
    ]
    moved = {item.id for item in swapped}
    changed = [item for item in changed if item.id not in moved]  # a row's id is part of its hash
    found = [*changed, *gaps, *swapped, *inserted]
    last = ChainHead(links[-1].id, links[-1].hash) if links else ChainHead(0, _BEGINNING)
    if not found and last != head:
        found = [ChainBreak(last.id, "renumbered", f"as the last row of the log it was row {head.id}")]
    return sorted(found, key=lambda item: item.id)


def _followed_back(
    links: Sequence[ChainLink], head: ChainHead, *, known: set[int]
) -> tuple[list[ChainLink], list[ChainBreak]]:
    """The rows from the head backwards, and where the row that should come next was not there.

    ``known`` are the ids of rows that are known to be changed: nothing else is missing before them.
    """
    by_hash = {link.hash: link for link in links}
    remaining = {link.id: link for link in links}
    chain: list[ChainLink] = []
    gaps: list[ChainBreak] = []
    wanted, follower = head.hash, head.id + 1
    while wanted != _BEGINNING:
        link = by_hash.get(wanted)
        if link is None or link.id not in remaining:
            older = [each for each in remaining if each < follower]
            nearest = remaining[max(older)] if older else None
            if nearest is not None and nearest.id == follower - 1 and nearest.id <= head.id:
                if nearest.id not in known:
                    gaps.append(
                        ChainBreak(
                            nearest.id, "changed", f"row {follower} does not follow it: it was hashed again"
                        )
                    )
            else:
                gaps.append(_missing(follower, nearest, head))
            if nearest is None:
                break
            link = nearest
        chain.append(link)
        del remaining[link.id]
        wanted, follower = link.previous_hash, link.id
    return chain, gaps


def _missing(follower: int, nearest: ChainLink | None, head: ChainHead) -> ChainBreak:
    first = nearest.id + 1 if nearest else 1
    last = follower - 1
    rows = f"rows {first} to {last} are" if first < last else "it is"
    where = f"before row {follower}" if follower <= head.id else "at the end"
    return ChainBreak(last, "missing", f"{rows} missing {where}")
