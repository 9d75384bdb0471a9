"""What came of one probe."""

from __future__ import annotations

from dataclasses import dataclass

from chatctl.services.audit.probes.probe import Probe

RAN = "00000"
# In place of what PostgreSQL would have said: given up after some seconds, and not begun for others like it.
TOO_LONG = "57014"
NOT_BEGUN = "not begun"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a probe; ``state`` is a SQLSTATE, 00000 when the statement ran.

    ``wrote`` is where a call wrote, such as ``insert public.messages``; empty for other probes. ``later`` is
    what must come of it in the end, in words, where that is not what had to come at first.
    """

    state: str
    message: str | None
    brought: tuple[str | None, ...]
    changed: int
    holds: bool | None
    wrote: frozenset[str] = frozenset()
    later: str | None = None

    @property
    def slow(self) -> bool:
        """Whether it took too long, or was not begun since others did; ``message`` says which."""
        return self.state in (TOO_LONG, NOT_BEGUN)


Tried = tuple[Probe, Outcome]


def given_up(state: str, message: str) -> Outcome:
    """The outcome of a probe that did not come to an end."""
    return Outcome(state=state, message=message, brought=(), changed=0, holds=None)
