"""The outcome of one probe."""

from __future__ import annotations

from dataclasses import dataclass

from chatctl.services.audit.probes.probe import Probe

RAN = "00000"
# For a probe without a result: canceled after some seconds, or skipped because others like it were slow.
TOO_LONG = "57014"
SKIPPED = "not begun"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeOutcome:
    """What a probe did; ``state`` is a SQLSTATE, 00000 when the statement succeeded.

    ``returned`` are the values of a read or call, ``changed`` counts the rows of a write. ``writes`` are the
    tables that a call wrote to, such as ``insert public.messages``. ``later`` describes what is expected
    at the end of the run, if that differs from what was expected first.
    """

    state: str
    message: str | None
    returned: tuple[str | None, ...]
    changed: int
    holds: bool | None
    writes: frozenset[str] = frozenset()
    later: str | None = None

    @property
    def slow(self) -> bool:
        """Whether it took too long, or was skipped because others did; ``message`` says which."""
        return self.state in (TOO_LONG, SKIPPED)


Tried = tuple[Probe, ProbeOutcome]


def no_result(state: str, message: str) -> ProbeOutcome:
    """The outcome of a probe that did not finish."""
    return ProbeOutcome(state=state, message=message, returned=(), changed=0, holds=None)
