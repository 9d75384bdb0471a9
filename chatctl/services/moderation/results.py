"""The result of an act on several items: what became of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from chatctl.errors import ChatctlError, Conflict, NotFound, PartlyDone

# Why an item was not acted upon: the sentence about one item, the words about several, and the class of error
# if it is the problem of all.
_PROBLEMS: dict[str, tuple[str, str, type[ChatctlError]]] = {
    "NOT_FOUND": ("does not exist", "not found", NotFound),
    "CHANGED": ("has changed since", "changed since", Conflict),
    "HELD": ("is held", "held", Conflict),
    "NOT_MEMBER": ("is not a member of the organization", "not members of the organization", Conflict),
    "CLAIMED": ("is claimed by another operator", "claimed by another operator", Conflict),
    "RESOLVED": ("is resolved already", "resolved before", Conflict),
    "PURGED": ("is about a message that was purged", "about purged messages", Conflict),
    "ERASED": ("is about a message of an erased sender", "about messages of erased senders", Conflict),
    "CANCELED": ("was not reached before its job was canceled", "canceled", Conflict),
    "REDACTED": ("was redacted, and nothing of it is kept", "redacted before", Conflict),
}


@dataclass(frozen=True)
class ItemOutcome:
    """What became of an item.

    ``done``, ``noop`` (it was so already), ``skipped`` (it has changed since) or ``failed``; skipped and
    failed items have a problem.
    """

    id: str
    status: str
    problem: str | None = None


@dataclass(frozen=True)
class ActionResult:
    """What an act did. ``action_id`` is its row in the log; None if nothing was changed, and for a job, which
    has several."""

    action: str
    action_id: int | None
    dry_run: bool
    matched: int = field(init=False)
    done: int = field(init=False)
    noop: int = field(init=False)
    skipped: int = field(init=False)
    failed: int = field(init=False)
    undo: str | None
    items: Sequence[ItemOutcome]
    job_id: UUID | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "matched", len(self.items))
        for status in ("done", "noop", "skipped", "failed"):
            object.__setattr__(self, status, sum(item.status == status for item in self.items))

    @property
    def failures(self) -> list[ItemOutcome]:
        """The items that were skipped or failed."""
        return [item for item in self.items if item.status in ("skipped", "failed")]

    @property
    def error(self) -> ChatctlError | None:
        """The error that the skipped and failed items amount to.

        PartlyDone, unless there were no others: then NotFound if none exists, else Conflict.
        """
        failures = self.failures
        if not failures:
            return None
        if len(failures) == 1 == len(self.items):
            sentence, _, kind = _PROBLEMS[str(failures[0].problem)]
            return kind(f"{failures[0].id} {sentence}; nothing was changed")
        problems = {item.problem for item in failures}
        counts = ", ".join(
            f"{sum(item.problem == problem for item in failures):,} {_PROBLEMS[str(problem)][1]}"
            for problem in sorted(map(str, problems))
        )
        if len(failures) == len(self.items):
            kind = NotFound if problems == {"NOT_FOUND"} else Conflict
            return kind(f"nothing was changed: {counts}")
        what = "failed" if self.failed else "skipped"
        return PartlyDone(f"{len(failures):,} of {len(self.items):,} {what}: {counts}")


def action_result(
    action: str, rows: Sequence[tuple[Any, ...]], *, dry_run: bool, can_be_undone: bool = True
) -> ActionResult:
    """The result of an act from the rows of its statement: action id, item id, status and problem."""
    action_id = None if dry_run else next((row[0] for row in rows if row[0] is not None), None)
    return ActionResult(
        action=action,
        action_id=action_id,
        dry_run=dry_run,
        undo=f"chatctl undo {action_id}" if action_id and can_be_undone else None,
        items=[ItemOutcome(str(item_id), status, problem) for _, item_id, status, problem in rows],
    )
