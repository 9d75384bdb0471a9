"""What a rule of ``migrate lint`` found."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """What one rule says about one place: a line of a file, or an object of the database."""

    rule: str
    problem: str
    remedy: str
    file: str | None = None
    line: int | None = None
    object: str | None = None

    @property
    def where(self) -> str:
        """The place in one word: ``file:line``, ``file`` or the object."""
        if self.file is None:
            return self.object or ""
        return self.file if self.line is None else f"{self.file}:{self.line}"
