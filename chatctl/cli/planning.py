"""What acts on selected messages share: their number must be given, and a dry run shows the plan."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from chatctl.cli.files import create
from chatctl.cli.operating import result_text
from chatctl.cli.options import Options
from chatctl.cli.output import document_table, note, plain, show_document
from chatctl.errors import Invalid
from chatctl.formats.counting import counted
from chatctl.services.moderation import plans
from chatctl.services.moderation.plans import MessagePlan, PlanPreview
from chatctl.services.moderation.results import ActionResult

ExpectOption = Annotated[
    int | None,
    typer.Option(
        "--expect",
        help="How many messages it will be; required above 100.",
        metavar="N",
        min=0,
        show_default=False,
    ),
]
PlanOption = Annotated[
    Path | None,
    typer.Option(
        "--plan",
        help="Write the selected messages to a file for `chatctl apply`; implies --dry-run.",
        metavar="FILE",
        show_default=False,
    ),
]

_WITHOUT_EXPECT = 100  # messages
_SHOWN = 10  # senders, conversations and held messages in the text of a dry run


def check_expected(count: int, expected: int | None) -> None:
    """Raise Invalid if ``count`` is not what the operator expects, or too large to go without saying."""
    if expected is not None and expected != count:
        are = "is" if count == 1 else "are"
        raise Invalid(f"{counted(count, 'message')} {are} selected, not {expected:,}; nothing was changed")
    if expected is None and count > _WITHOUT_EXPECT:
        raise Invalid(
            f"{count:,} messages are selected, and more than {_WITHOUT_EXPECT} need --expect {count}",
            hint="--dry-run shows whose they are, and some of them",
        )


def save_plan(plan: MessagePlan, file: Path, options: Options) -> None:
    """Create ``file`` with the plan."""
    create(file, plans.text_of(plan))
    expect = f" --expect {len(plan.ids)}" if len(plan.ids) > _WITHOUT_EXPECT else ""
    command = f"chatctl apply {quote(str(file))} --reason …{expect}"
    note(f"plan of {counted(len(plan.ids), 'message')}: {command}", options)


def show_preview(preview: PlanPreview, result: ActionResult, options: Options) -> None:
    """Write what a dry run found: the plan, and what became of its messages before the rollback."""
    held = [item.id for item in result.items if item.problem == "HELD"]
    document = {**plain(result), "plan": plain(preview), "held": held}
    show_document(
        document,
        options,
        text=_text(preview, result, held),
        rows=result.items,
        columns=("id", "status", "problem"),
    )
    note("rolled back; nothing was changed", options)


def _text(preview: PlanPreview, result: ActionResult, held: list[str]) -> str:
    lines = [result_text(result), f"plan {preview.hash}: {preview.count:,} messages"]
    for what, shares in (("sender", preview.senders), ("conversation", preview.conversations)):
        if shares:
            rows = [{what: each.name, "id": each.id or "", "messages": each.messages} for each in shares]
            lines += ["", document_table(rows[:_SHOWN], (what, "id", "messages"))]
            lines += _more(len(shares))
    if preview.samples:
        columns = ("id", "created_at", "sender", "content")
        lines += ["", "samples:", document_table(preview.samples, columns, droppable=("created_at",))]
    if held:
        lines += ["", f"held: {len(held):,}", *held[:_SHOWN], *_more(len(held))]
    return "\n".join(lines)


def _more(count: int) -> list[str]:
    return [f"… and {count - _SHOWN:,} more; -o json lists all"] if count > _SHOWN else []
