"""One thing that is tried, and what must come of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from chatctl.services.audit.access.expectations import Identity

ALL = "all rows"
WITHOUT_WHERE = " without where"


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One statement as one identity, its values in ``args``, and what must come of it.

    ``action`` says what is tried; one that succeeds shows for its whole shape that a refusal means something.
    A read or call that is ``allowed`` brings exactly ``rows`` (unless None), a write changes ``count`` rows,
    either writes only where ``changes`` says (unless None). ``privilege`` and ``column`` are what the role
    needs to get as far as the policies. Probes of one ``pair`` must look alike: they differ in whether
    something exists. What comes back of a ``private`` one is people's own, and is not told.
    """

    identity: Identity
    object: str
    action: str
    subject: str
    statement: str
    args: tuple[str | None, ...]
    allowed: bool
    privilege: str
    column: str | None = None
    fetches: bool = False
    rows: tuple[str | None, ...] | None = None
    count: int | None = None
    holds: str | None = None
    refused: tuple[str, ...] = ()
    may_refuse: bool = False
    trusted: bool = False
    changes: frozenset[str] | None = None
    pair: str | None = None
    private: bool = False
    moment: str | None = None

    @property
    def shape(self) -> tuple[str, str]:
        """What a twin shares: the same statement, whether it names its row or not, at whatever moment."""
        return self.object, self.action.removesuffix(WITHOUT_WHERE)

    @property
    def tried(self) -> str:
        """The action and the moment it is tried at."""
        return f"{self.action}, {self.moment}" if self.moment else self.action


def ways(changes: Mapping[str, tuple[str, ...]]) -> frozenset[str]:
    """Where may be written, such as ``insert public.messages``."""
    return frozenset(f"{command} {table}" for table, commands in changes.items() for command in commands)
