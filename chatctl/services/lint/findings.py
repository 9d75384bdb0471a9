"""The rules of ``migrate lint``, and what each found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

# An error lets somebody see or do what they must not, or stops migrations; a warning costs speed, or takes
# away what would hold if something else failed.
Level = Literal["error", "warning"]


@dataclass(frozen=True)
class LintRule:
    """One rule: ``title`` says in a sentence what is healthy, ``explanation`` why, and what is found."""

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
        """What this rule found in one place."""
        return LintFinding(self.name, self.level, self.title, problem, remedy, file, line, object)


@dataclass(frozen=True)
class LintFinding:
    """What one rule says about one place: a line of a file, or an object of the database."""

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
        """The place in one word: ``file:line``, ``file`` or the object."""
        if self.file is None:
            return self.object or ""
        return self.file if self.line is None else f"{self.file}:{self.line}"
