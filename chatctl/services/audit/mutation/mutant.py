"""A mutant: a change to one object, and the statement for it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from chatctl.services.audit.mutation.edits import Edit, distinct_edits


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """``part`` is the part of ``object`` that is changed, such as a policy; ``sql`` applies the change."""

    operator: str
    object: str
    part: str
    change: str
    sql: str

    @property
    def id(self) -> str:
        """An id that does not depend on other mutants."""
        digest = hashlib.sha256(self.change.encode()).hexdigest()
        return f"{self.operator}:{self.object}:{self.part}:{digest[:8]}"


@dataclass(frozen=True)
class NotMutated:
    """An object without mutants, and the reason."""

    object: str
    reason: str


def mutants_of_edits(
    edits: Iterable[Edit],
    text: str,
    *,
    name: str,
    part: str,
    statement: Callable[[str], str],
    where: str = "",
) -> Iterator[Mutant]:
    """A mutant for each edit of ``text``; ``statement`` makes SQL of the edited text."""
    for edit, change in distinct_edits(edits, text):
        yield Mutant(
            operator=edit.operator,
            object=name,
            part=part,
            change=f"{where}{change}",
            sql=statement(edit.applied(text)),
        )
