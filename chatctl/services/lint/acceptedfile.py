"""lints/accepted.yaml: its keys and their types."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chatctl.yamlfile.nodes import Dialect
from chatctl.yamlfile.shapes import ShapeReading, Text
from chatctl.yamlfile.suggestions import suggestion

_YAML = Dialect("list of accepted findings", most_bytes=1024 * 1024, deepest=8, empty="mapping")


@dataclass(frozen=True)
class AcceptedLint:
    """One entry: the rule, the reason and the place; without a place, everywhere."""

    rule: Text
    reason: Text
    file: Text | None = None
    object: Text | None = None


@dataclass(frozen=True)
class AcceptedLints:
    """The whole file: accepted findings of squawk's rules and of chatctl's own."""

    squawk: tuple[AcceptedLint, ...] = ()
    rules: tuple[AcceptedLint, ...] = ()


def read(path: Path, name: str, rules: Collection[str]) -> list[tuple[str, int, AcceptedLint]]:
    """The entries of ``path``, called ``name`` in messages: section, line and entry.

    Raises Invalid with up to ten mistakes, each with file, line, key path, and what is allowed.
    """
    reading = _AcceptedReading(path, name, rules)
    document = reading.document(AcceptedLints)
    return [
        (section, reading.positions[f"{section}[{index}]"].line, entry)
        for section, entries in vars(document).items()
        for index, entry in enumerate(entries)
    ]


class _AcceptedReading(ShapeReading):
    """Reads the file and checks the names of chatctl's rules."""

    def __init__(self, path: Path, name: str, rules: Collection[str]) -> None:
        super().__init__(path, _YAML, name=name)
        self._rules = rules

    def check(self, shape: Any, at: str) -> None:
        if isinstance(shape, AcceptedLint) and at.startswith("rules[") and shape.rule not in self._rules:
            self.report_key(
                at, "rule", f"is {shape.rule}, which is not known; {suggestion(shape.rule, self._rules)}"
            )
