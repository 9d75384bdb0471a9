"""Deterministic pseudo-random ids and choices, derived from a world's name, its seed and a row's position."""

from __future__ import annotations

from collections.abc import MutableSequence, Sequence
from dataclasses import dataclass
from hashlib import shake_128
from random import Random
from typing import Any, TypeVar
from uuid import NAMESPACE_URL, UUID, uuid5

T = TypeVar("T")


class Draw:
    """Pseudo-random choices, seeded with ``words``.

    Python guarantees a stable sequence only for ``Random.random()``, so everything here is based on it.
    """

    def __init__(self, *words: object) -> None:
        self._random = Random("/".join(map(str, words))).random  # noqa: S311 - not a secret

    def below(self, limit: int) -> int:
        """A number from 0 to ``limit - 1``."""
        return int(self._random() * limit)

    def between(self, low: int, high: int) -> int:
        """A number from ``low`` to ``high``, both included."""
        return low + self.below(high - low + 1)

    def chance(self, probability: float) -> bool:
        """True with this probability."""
        return self._random() < probability

    def pick(self, items: Sequence[T]) -> T:
        """One of ``items``."""
        return items[self.below(len(items))]

    def sample(self, items: Sequence[T], size: int) -> list[T]:
        """``size`` of ``items`` in random order, without repetition; all of them if there are fewer."""
        pool = list(items)
        for place in range(min(size, len(pool))):
            other = self.between(place, len(pool) - 1)
            pool[place], pool[other] = pool[other], pool[place]
        return pool[:size]

    def shuffle(self, items: MutableSequence[Any]) -> None:
        """Shuffle ``items`` in place."""
        for place in range(len(items) - 1, 0, -1):
            other = int(self._random() * (place + 1))
            items[place], items[other] = items[other], items[place]

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """``items`` in random order."""
        return self.sample(items, len(items))


@dataclass(frozen=True)
class Source:
    """Generates the ids and the choices of one world."""

    world: str
    seed: int

    def id(self, *place: object) -> UUID:
        """The id of the row at ``place``, for example ``id("message", 3, 14)``."""
        return uuid5(NAMESPACE_URL, "/".join(map(str, ("chatctl:seed", self.world, self.seed, *place))))

    def bytes(self, size: int, *place: object) -> bytes:
        """``size`` pseudo-random bytes for the rows at ``place``."""
        return shake_128("/".join(map(str, (self.world, self.seed, *place))).encode()).digest(size)

    def draw(self, *place: object) -> Draw:
        """The choices for the row at ``place``."""
        return Draw(self.world, self.seed, *place)
