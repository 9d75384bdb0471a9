"""Who acts, and why: what every row of the moderation log says."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class OperatorAct:
    """The operator's name, the reason for the act, and the ticket that it belongs to, if any."""

    actor: str
    reason: str
    ticket: str | None = None

    @property
    def parameters(self) -> dict[str, Any]:
        """``actor``, ``reason`` and ``ticket`` for a statement of sql/statements/moderation."""
        return asdict(self)
