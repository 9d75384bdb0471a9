"""The error of an act on several items, from what became of each."""

from __future__ import annotations

import pytest

from chatctl.errors import ChatctlError, Conflict, NotFound, PartlyDone
from chatctl.services.moderation.results import ActionResult, ItemOutcome


@pytest.mark.parametrize(
    ("outcomes", "error", "message"),
    [
        (["done", "noop"], None, ""),
        (["HELD"], Conflict, "0 is held; nothing was changed"),
        (["NOT_FOUND"], NotFound, "0 does not exist; nothing was changed"),
        (["HELD", "HELD"], Conflict, "nothing was changed: 2 held"),
        (["NOT_FOUND", "NOT_FOUND"], NotFound, "nothing was changed: 2 not found"),
        (["HELD", "CHANGED"], Conflict, "nothing was changed: 1 changed since, 1 held"),
        (["HELD", "NOT_FOUND"], Conflict, "nothing was changed: 1 held, 1 not found"),
        (["CHANGED", "CHANGED"], Conflict, "nothing was changed: 2 changed since"),
        (["done", "CHANGED"], PartlyDone, "1 of 2 skipped: 1 changed since"),
        (["done", "HELD"], PartlyDone, "1 of 2 failed: 1 held"),
        (["noop", "NOT_FOUND"], PartlyDone, "1 of 2 failed: 1 not found"),
    ],
)
def test_the_error_of_an_act(outcomes: list[str], error: type[ChatctlError] | None, message: str) -> None:
    statuses = {"HELD": "failed", "NOT_FOUND": "failed", "CHANGED": "skipped"}
    items = [
        ItemOutcome(str(number), statuses.get(each, each), each if each in statuses else None)
        for number, each in enumerate(outcomes)
    ]
    result = ActionResult("message.redact", None, dry_run=False, undo=None, items=items)
    assert type(result.error) is (error or type(None))
    assert str(result.error or "") == message
