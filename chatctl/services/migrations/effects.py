"""The effects of each file in a dry run: its locks on existing tables, and table rewrites."""

from __future__ import annotations

from dataclasses import dataclass, field

from chatctl.db.blockers import LOCK_MODES
from chatctl.db.connection import Connection
from chatctl.db.files import query

_STRENGTH = {mode: strength for strength, mode in enumerate(LOCK_MODES.values())}


@dataclass(frozen=True)
class Lock:
    """A lock on a table that existed before, and what it blocks."""

    table: str
    mode: str

    @property
    def blocks(self) -> str:
        """``reads and writes``, ``writes`` or ``schema changes``."""
        if self.mode == "access exclusive":
            return "reads and writes"
        return "writes" if _STRENGTH[self.mode] >= _STRENGTH["share"] else "schema changes"


@dataclass(frozen=True)
class Rewrite:
    """The rewrite of a table or index that existed before, and its former size."""

    table: str
    bytes: int


@dataclass(frozen=True)
class Effects:
    """The effects of one file: the locks that no earlier file had taken, and the rewrites."""

    locks: list[Lock] = field(default_factory=list)
    rewrites: list[Rewrite] = field(default_factory=list)


class Observer:
    """Observes the open transaction after each file."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn
        self._before = self._relations()
        self._last_locks: dict[str, int] = {}

    def new_effects(self) -> Effects:
        """The effects since the last call."""
        return Effects(locks=self._new_locks(), rewrites=self._new_rewrites())

    def _relations(self) -> dict[int, tuple[str, int | None, int]]:
        return {oid: (*rest,) for oid, *rest in self._conn.execute(query("migrate/relations"))}

    def _new_locks(self) -> list[Lock]:
        strongest: dict[str, int] = {}
        for oid, mode in self._conn.execute(query("migrate/locks_held")):
            if oid in self._before and mode in LOCK_MODES:
                table = self._before[oid][0]
                strongest[table] = max(strongest.get(table, 0), _STRENGTH[LOCK_MODES[mode]])
        modes = list(_STRENGTH)
        new = [
            Lock(table, modes[strength])
            for table, strength in sorted(strongest.items())
            if strength > self._last_locks.get(table, -1)
        ]
        self._last_locks = strongest
        return new

    def _new_rewrites(self) -> list[Rewrite]:
        sizes: dict[str, int] = {}
        for oid, (table, filenode, _) in self._relations().items():
            if oid in self._before and filenode is not None and filenode != self._before[oid][1]:
                sizes[table] = sizes.get(table, 0) + self._before[oid][2]
                self._before[oid] = (table, filenode, self._before[oid][2])
        return [Rewrite(table, size) for table, size in sorted(sizes.items())]
