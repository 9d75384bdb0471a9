"""access.mutants.yaml: mutants that are equivalent to the original, each with the reason.

- mutant: conjunct-dropped:public.messages:participants read messages:0f3a9c1e
  reason: the foreign key says the same
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from chatctl.services.audit.findings.finding import Place
from chatctl.services.audit.findings.paths import name_of


@dataclass(frozen=True)
class Equivalent:
    """The id of an equivalent mutant, the reason, and the line of the entry."""

    mutant: str
    reason: str
    place: Place


def path_for(access: Path) -> Path:
    """The path of the list for an access.yaml."""
    return access.with_suffix(".mutants.yaml")


def load(path: Path) -> dict[str, Equivalent]:
    """The entries of ``path`` by mutant; empty if there is no file. Raises Invalid naming file and line."""
    if not path.exists():
        return {}
    from chatctl.services.audit.findings import entryfiles  # noqa: PLC0415 - pydantic and yaml are slow to import

    return {
        entry.mutant: Equivalent(entry.mutant, entry.reason, Place(name_of(path), line))
        for line, entry in entryfiles.read(path, entryfiles.EquivalentEntry, "list of equivalent mutants")
    }
