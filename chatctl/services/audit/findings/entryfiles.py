"""The YAML lists next to access.yaml: accepted findings, and equivalent mutants."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Annotated, Any, TypeVar

from annotated_types import Ge
from pydantic import BeforeValidator

from chatctl.services.audit.findings.finding import AuditRule
from chatctl.yamlfile.nodes import Dialect
from chatctl.yamlfile.shapes import ShapeReading, Text
from chatctl.yamlfile.suggestions import suggestion


def _day(value: Any) -> Any:
    """A quoted date like an unquoted one; anything else is unchanged, so that pydantic rejects it."""
    with suppress(ValueError):
        return date.fromisoformat(value) if isinstance(value, str) else value
    return value


Day = Annotated[date, BeforeValidator(_day)]
_RULES = [rule.value for rule in AuditRule if rule is not AuditRule.baseline]


@dataclass(frozen=True, kw_only=True)
class AcceptedEntry:
    """One accepted finding, as ``baseline`` describes it."""

    rule: Text
    object: Text
    reason: Text
    owner: Text
    expires: Day
    action: Text | None = None
    identities: tuple[Text, ...] = ()
    rows: Mapping[str, Mapping[str, Annotated[int, Ge(0)]]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What identifies the entry; duplicates are errors."""
        return ":".join(filter(None, (self.rule, self.object, self.action)))


@dataclass(frozen=True)
class EquivalentEntry:
    """One mutant that changes no behavior, and why."""

    mutant: Text
    reason: Text

    @property
    def name(self) -> str:
        """What identifies the entry; duplicates are errors."""
        return self.mutant


Listed = TypeVar("Listed", AcceptedEntry, EquivalentEntry)


def read(path: Path, kind: type[Listed], noun: str) -> list[tuple[int, Listed]]:
    """The entries of ``path``, each with its line; ``noun`` names the kind of file in messages.

    Raises Invalid with up to ten mistakes: file, line, key path, and what is allowed.
    """
    dialect = Dialect(noun, most_bytes=1024 * 1024, deepest=8, aliases=True, empty="list")
    reading = _EntryReading(path, dialect)
    entries = reading.document(tuple[kind, ...])  # type: ignore[valid-type]  # for pydantic
    return [(reading.positions[f"[{index}]"].line, entry) for index, entry in enumerate(entries)]


class _EntryReading(ShapeReading):
    """Reads a list and checks rules and duplicates."""

    def __init__(self, path: Path, dialect: Dialect) -> None:
        super().__init__(path, dialect)
        self._first: dict[str, str] = {}

    def check(self, shape: Any, at: str) -> None:
        if isinstance(shape, AcceptedEntry) and shape.rule not in _RULES:
            sentence = (
                f"is {shape.rule}, which is not a rule that can be accepted; {suggestion(shape.rule, _RULES)}"
            )
            self.report_key(at, "rule", sentence)
        first = self._first.setdefault(shape.name, at)
        if first != at:
            self.report_key(at, "", f"repeats {shape.name} of line {self.positions[first].line}")
