"""A mutant: a change to one object, and the statement that makes it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from chatctl.services.audit.mutation.edits import Edit, told_apart


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """``part`` is what of ``object`` is changed, such as a policy; ``sql`` is for the operator to run."""

    operator: str
    object: str
    part: str
    change: str
    sql: str

    @property
    def id(self) -> str:
        """The same in every run, whatever other mutants there are."""
        digest = hashlib.sha256(self.change.encode()).hexdigest()
        return f"{self.operator}:{self.object}:{self.part}:{digest[:8]}"


@dataclass(frozen=True)
class LeftOut:
    """What no mutant changes, and why."""

    object: str
    reason: str


def of_edits(
    edits: Iterable[Edit],
    text: str,
    *,
    name: str,
    part: str,
    statement: Callable[[str], str],
    where: str = "",
) -> Iterator[Mutant]:
    """A mutant for each edit of ``text``; ``statement`` puts the edited text into the database."""
    for edit, change in told_apart(edits, text):
        yield Mutant(
            operator=edit.operator,
            object=name,
            part=part,
            change=f"{where}{change}",
            sql=statement(edit.applied(text)),
        )
