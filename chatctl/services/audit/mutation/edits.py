"""Edits of a text, and describing them for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import takewhile

_AROUND = 45  # characters shown on either side of a difference


@dataclass(frozen=True, order=True, kw_only=True)
class Edit:
    """``new`` replaces the text from ``start`` to ``end``; ``was`` and ``now`` are for its description."""

    start: int
    end: int
    operator: str
    new: str
    was: str
    now: str

    def applied(self, text: str) -> str:
        return text[: self.start] + self.new + text[self.end :]

    @property
    def change(self) -> str:
        return difference(self.was, self.now)


def distinct_edits(edits: Iterable[Edit], text: str) -> list[tuple[Edit, str]]:
    """The edits that change ``text``, each with a unique description; duplicates are dropped."""
    results: set[str] = {text}
    counts: Counter[tuple[str, str]] = Counter()
    described = []
    for edit in sorted(edits):
        result = edit.applied(text)
        if result in results:
            continue
        results.add(result)
        counts[edit.operator, edit.change] += 1
        count = counts[edit.operator, edit.change]
        described.append((edit, edit.change if count == 1 else f"{edit.change} (no. {count})"))
    return described


def difference(was: str, now: str) -> str:
    """``was -> now`` on one line, with long equal parts shortened."""
    was, now = " ".join(was.split()), " ".join(now.split())
    before = _shared(was, now)
    after = _shared(was[before:][::-1], now[before:][::-1])
    return " -> ".join(_around(line, before, len(line) - after) for line in (was, now))


def _shared(one: str, other: str) -> int:
    """The length of the common prefix."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def _around(line: str, start: int, end: int) -> str:
    """``line`` from ``start`` to ``end``, with some characters around it."""
    middle = line[start:end]
    if len(middle) > 2 * _AROUND:
        middle = f"{middle[:_AROUND]} … {middle[-_AROUND:]}"
    before, after = line[:start], line[end:]
    if len(before) > _AROUND:
        before = f"… {before[-_AROUND:]}"
    if len(after) > _AROUND:
        after = f"{after[:_AROUND]} …"
    return f"{before}{middle}{after}"
