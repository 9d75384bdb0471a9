"""A probe: one statement as one identity, with the expected outcome."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from chatctl.services.audit.access.expectations import Identity

ALL = "all rows"
WITHOUT_WHERE = " without where"


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One statement as one identity, its values in ``args``, and the expected outcome.

    ``object``, ``action`` and ``subject`` name what is tried in reports. An ``allowed`` read or call returns
    exactly ``rows``, a write changes ``count`` rows, and both write only to ``changes``; None: not checked.
    ``holds`` is a query that must return true afterwards. ``privilege`` and ``column`` are the privilege that
    the role needs before any policy is evaluated. The two probes of a ``pair`` differ only in whether
    something exists, and must get the same answer. Values that a ``private`` probe returns are not reported.
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
        """What probes share if the success of one shows that the refusal of another means something."""
        return self.object, self.action.removesuffix(WITHOUT_WHERE)

    @property
    def full_action(self) -> str:
        """The action, with the moment at which it is tried."""
        return f"{self.action}, {self.moment}" if self.moment else self.action


def write_targets(changes: Mapping[str, tuple[str, ...]]) -> frozenset[str]:
    """The allowed writes, such as ``insert public.messages``."""
    return frozenset(f"{command} {table}" for table, commands in changes.items() for command in commands)
