"""What the commands of operators share: who acts and why, ids from stdin, and the result."""

from __future__ import annotations

import getpass
import json
import os
import socket
import sys
from collections.abc import Iterable
from typing import Annotated
from uuid import UUID

import typer

from chatctl.cli.guards import require_piped_stdin
from chatctl.cli.options import Options
from chatctl.cli.output import note, show_document, table
from chatctl.errors import Invalid
from chatctl.services.moderation.operators import OperatorAct
from chatctl.services.moderation.results import ActionResult

ReasonOption = Annotated[
    str,
    typer.Option("--reason", help="Why; it stays in the log for good.", metavar="TEXT", show_default=False),
]
TicketOption = Annotated[
    str | None,
    typer.Option("--ticket", help="The ticket that this belongs to.", metavar="TEXT", show_default=False),
]
ActorOption = Annotated[
    str | None,
    typer.Option(
        "--actor",
        help="Who acts; by default CHATCTL_ACTOR, else you at this machine.",
        metavar="NAME",
        show_default=False,
    ),
]
OrganizationOption = Annotated[
    str | None,
    typer.Option("--org", help="An organization, by slug or id.", metavar="ORGANIZATION", show_default=False),
]
ConversationOption = Annotated[
    str | None,
    typer.Option(
        "--conversation",
        help="A conversation, by id, or by name together with --org.",
        metavar="CONVERSATION",
        show_default=False,
    ),
]
UserOption = Annotated[
    str | None,
    typer.Option(
        "--user",
        help="A user, by id, email, or the beginning of the name.",
        metavar="USER",
        show_default=False,
    ),
]
WithDeletedOption = Annotated[
    bool, typer.Option("--with-deleted", help="Include what is kept of deleted messages.")
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Do it, show the result, and roll back.")]

_SHOWN = 20  # items in the text of a result


def operator_act(*, actor: str | None, reason: str, ticket: str | None) -> OperatorAct:
    """The actor, the reason and the ticket of the options. Raises Invalid if the actor is not known."""
    if not reason.strip():
        raise Invalid("--reason is empty")
    return OperatorAct(actor_name(actor), reason, ticket)


def actor_name(given: str | None) -> str:
    """The value of ``--actor``, or what replaces it. Raises Invalid if that is not known."""
    name = given if given is not None else os.environ.get("CHATCTL_ACTOR")
    if name is not None:
        if not name.strip():
            raise Invalid("--actor is empty" if given is not None else "CHATCTL_ACTOR is empty")
        return name
    if os.environ.get("CI"):
        raise Invalid("the log needs to know which job acts", hint="name it with --actor or CHATCTL_ACTOR")
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        raise Invalid("the log needs to know who acts", hint="give --actor or CHATCTL_ACTOR") from None
    return f"{user}@{socket.gethostname()}"


def ids_from(arguments: list[str]) -> list[UUID]:
    """The ids on the command line, or with ``-`` those on stdin: one per line, or NDJSON with ``id``.

    Each id once, in their order. Raises Invalid for text that is not an id, and for no ids.
    """
    if arguments == ["-"]:
        require_piped_stdin()
        texts = list(_lines(sys.stdin))
    else:
        texts = [(argument, argument) for argument in arguments]
    ids: dict[UUID, None] = {}
    for text, place in texts:
        try:
            ids[UUID(text)] = None
        except ValueError:
            raise Invalid(f"{place} is not an id") from None
    if not ids:
        raise Invalid("no ids were given")
    return list(ids)


def _lines(stream: Iterable[str]) -> Iterable[tuple[str, str]]:
    for number, line in enumerate(stream, start=1):
        text = line.strip()
        if not text:
            continue
        place = f"line {number} of stdin ({text[:40]!r})"
        if text.startswith("{"):
            try:
                document = json.loads(text)
            except ValueError:
                raise Invalid(f"{place} is not JSON") from None
            text = document.get("id")
            if not isinstance(text, str):
                raise Invalid(f"{place} has no id")
        yield text, place


def show_result(result: ActionResult, options: Options) -> None:
    """Write the result of an act, then raise the error that its skipped and failed items amount to."""
    show_document(
        result, options, text=result_text(result), rows=result.items, columns=("id", "status", "problem")
    )
    if result.dry_run:
        note("rolled back; nothing was changed", options)
    elif result.undo:
        note(f"undo: {result.undo} --reason …", options)
    if result.error:
        raise result.error


def result_text(result: ActionResult) -> str:
    """The result for people: counts, and the failures."""
    counted = {name: getattr(result, name) for name in ("done", "noop", "skipped", "failed")}
    counts = ", ".join(f"{count:,} {status}" for status, count in counted.items() if count) or "0 done"
    action = f", action {result.action_id}" if result.action_id else ""
    if result.job_id:
        action = f", job {result.job_id}"
    lines = [f"{result.action}{' (dry run)' if result.dry_run else ''}: {counts}{action}"]
    failures = result.failures
    if failures:
        lines.append(table([vars(item) for item in failures[:_SHOWN]], ("id", "problem")))
    if len(failures) > _SHOWN:
        lines.append(f"… and {len(failures) - _SHOWN:,} more; -o json lists all")
    return "\n".join(lines)
