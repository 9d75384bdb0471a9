"""The rules and findings of ``migrate lint``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

# An error is a security hole or stops migrations; a warning costs speed, or weakens a second line of defense.
Level = Literal["error", "warning"]


@dataclass(frozen=True)
class LintRule:
    """One rule: ``title`` is a sentence about the healthy state, ``explanation`` says why it matters."""

    name: str
    level: Level
    looks_at: str
    title: str
    explanation: str

    def finding(
        self,
        problem: str,
        remedy: str,
        *,
        file: str | None = None,
        line: int | None = None,
        object: str | None = None,
    ) -> LintFinding:
        """A finding of this rule."""
        return LintFinding(self.name, self.level, self.title, problem, remedy, file, line, object)


@dataclass(frozen=True)
class LintFinding:
    """A violation of one rule by a line of a file, or by an object of the database."""

    rule: str
    level: Level
    title: str
    problem: str
    remedy: str
    file: str | None = None
    line: int | None = None
    object: str | None = None

    @property
    def where(self) -> str:
        """The place: ``file:line``, ``file`` or the object."""
        if self.file is None:
            return self.object or ""
        return self.file if self.line is None else f"{self.file}:{self.line}"
