"""Writing the missing chunks of a world, each in one transaction with its ledger row.

The exception is a large load into an empty table: one transaction writes it, and then builds the indexes.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal

from chatctl.db.connection import Connection
from chatctl.db.files import query
from chatctl.services.seed import chunks, indexes, paths
from chatctl.services.seed.chunks import Chunk
from chatctl.services.seed.outline import Outline
from chatctl.services.seed.paths import Path


@dataclass(frozen=True)
class SeedProgress:
    """The progress of a seed with its users, messages or files."""

    what: Literal["users", "messages", "files"]
    done: int
    of: int


@dataclass
class ChunkWriter:
    """Writes the missing chunks of a world whose people exist, of ``size`` messages each."""

    conn: Connection
    outline: Outline
    path: Path
    size: int
    storage_rows: bool
    on_progress: Callable[[SeedProgress], None] = lambda progress: None

    def __post_init__(self) -> None:
        key = {"world": self.outline.spec.name, "seed": self.outline.source.seed}
        existing = self.conn.execute(query("seed/chunks"), key).fetchall()
        done = {place for first, number, _ in existing for place in range(first, first + number)}
        self._written_messages = sum(messages for _, _, messages in existing)
        self._missing = list(chunks.cut(self.outline, self.size, without=done))

    def write(self) -> None:
        """Write all missing chunks."""
        for chunk in self._missing[self._write_at_once() :]:
            with self.conn.transaction():
                self._write(chunk)

    def write_first(self) -> None:
        """Write the first missing chunk in the open transaction."""
        for chunk in self._missing[:1]:
            self._write(chunk)

    def _write_at_once(self) -> int:
        """Write the first chunks in one transaction if that is faster; returns how many."""
        reached = list(accumulate(chunk.messages for chunk in self._missing))
        number = bisect_right(reached, indexes.MAX_MESSAGES)
        worthwhile = number > 0 and reached[number - 1] >= indexes.MIN_MESSAGES
        if not (worthwhile and self.path.owns_tables and indexes.is_empty(self.conn)):
            return 0
        with self.conn.transaction():
            if not indexes.lock_if_empty(self.conn):
                return 0
            with indexes.rebuilt_afterwards(self.conn):
                for chunk in self._missing[:number]:
                    self._write(chunk)
        return number

    def _write(self, chunk: Chunk) -> None:
        with paths.triggers_disabled(self.conn, self.path):
            chunks.write(
                self.conn,
                self.outline,
                chunk,
                storage_rows=self.storage_rows,
                on_messages=self._count_messages,
            )

    def _count_messages(self, messages: int) -> None:
        self._written_messages += messages
        self.on_progress(SeedProgress("messages", self._written_messages, self.outline.messages))
