"""Chance that is none: ids and choices that follow from a world's name, its seed and a row's place."""

from __future__ import annotations

from collections.abc import MutableSequence, Sequence
from dataclasses import dataclass
from hashlib import shake_128
from random import Random
from typing import Any, TypeVar
from uuid import NAMESPACE_URL, UUID, uuid5

T = TypeVar("T")


class Draw:
    """Choices that follow from ``words``.

    Python promises to keep what ``Random.random()`` returns for a text seed; the rest of ``random`` may
    change between versions, so everything here is made of that one method.
    """

    def __init__(self, *words: object) -> None:
        self._random = Random("/".join(map(str, words))).random  # noqa: S311 - not a secret: repeatable

    def below(self, limit: int) -> int:
        """A number from 0 to ``limit - 1``."""
        return int(self._random() * limit)

    def between(self, low: int, high: int) -> int:
        """A number from ``low`` to ``high``, both included."""
        return low + self.below(high - low + 1)

    def chance(self, probability: float) -> bool:
        """True in this share of the cases."""
        return self._random() < probability

    def pick(self, items: Sequence[T]) -> T:
        """One of ``items``."""
        return items[self.below(len(items))]

    def sample(self, items: Sequence[T], size: int) -> list[T]:
        """``size`` of ``items`` in any order, each at most once (all of them when there are fewer)."""
        pool = list(items)
        for place in range(min(size, len(pool))):
            other = self.between(place, len(pool) - 1)
            pool[place], pool[other] = pool[other], pool[place]
        return pool[:size]

    def shuffle(self, items: MutableSequence[Any]) -> None:
        """Put ``items`` into any order, in place."""
        for place in range(len(items) - 1, 0, -1):
            other = int(self._random() * (place + 1))
            items[place], items[other] = items[other], items[place]

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """All of ``items`` in any order."""
        return self.sample(items, len(items))


@dataclass(frozen=True)
class Source:
    """Where the ids and the draws of one world come from."""

    world: str
    seed: int

    def id(self, *place: object) -> UUID:
        """The id of the row in ``place``, for example ``id("message", 3, 14)``."""
        return uuid5(NAMESPACE_URL, "/".join(map(str, ("chatctl:seed", self.world, self.seed, *place))))

    def bytes(self, size: int, *place: object) -> bytes:
        """So many bytes for the rows in ``place``: as good as random, and many at once."""
        return shake_128("/".join(map(str, (self.world, self.seed, *place))).encode()).digest(size)

    def draw(self, *place: object) -> Draw:
        """The choices of the row in ``place``."""
        return Draw(self.world, self.seed, *place)
