"""What the verbs of ``chatctl message`` share that change messages."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from chatctl.cli.apiclient import api_client
from chatctl.cli.files import require_new
from chatctl.cli.guards import confirm_by_name, confirm_write
from chatctl.cli.operating import ids_from, operator_act, show_result
from chatctl.cli.options import Options
from chatctl.cli.output import note
from chatctl.cli.planning import check_expected, save_plan, show_preview
from chatctl.cli.progress import progress
from chatctl.cli.selecting import SelectionOptions
from chatctl.cli.session import Session, session
from chatctl.db.connection import Connection
from chatctl.errors import Invalid
from chatctl.formats.counting import counted
from chatctl.services.moderation import files, messages, plans, search
from chatctl.services.moderation.messages import MessageVerb
from chatctl.services.moderation.operators import OperatorAct
from chatctl.services.moderation.results import ActionResult

ConfirmOption = Annotated[
    str | None,
    typer.Option(
        "--confirm",
        help="The slug of the messages' organization.",
        metavar="ORGANIZATION",
        show_default=False,
    ),
]
MessagesArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="MESSAGE",
        help="Ids of messages; - reads them from stdin. Or filters instead.",
        show_default=False,
    ),
]
TextOption = Annotated[
    str | None,
    typer.Option("--text", help="Words that the message contains.", metavar="TEXT", show_default=False),
]


def moderate(
    shared: Options,
    verb: MessageVerb,
    arguments: list[str] | None,
    selection: SelectionOptions,
    *,
    reason: str,
    ticket: str | None,
    actor: str | None,
    dry_run: bool,
    expect: int | None,
    plan: Path | None,
    confirm: str | None = None,
) -> None:
    """Do ``verb`` to the messages of the arguments or of the filters, and show what became of each.

    Verbs that cannot be undone must be confirmed with the name of the messages' organization.
    """
    act = operator_act(actor=actor, reason=reason, ticket=ticket)
    if not arguments:
        # The deleted messages are the only ones that can be restored.
        selection.check(for_act=True)
        chosen = selection.of_deleted() if verb is MessageVerb.restore else selection
        _moderate_selected(
            shared, verb, chosen, act, dry_run=dry_run, expect=expect, file=plan, confirm=confirm
        )
        return
    if selection.is_given:
        raise Invalid("ids and filters cannot be combined")
    if plan is not None:
        raise Invalid("--plan writes what filters select, and cannot be combined with ids")
    ids = ids_from(arguments)
    if expect is not None:
        check_expected(len(ids), expect)
    if not dry_run:
        confirm_write(shared.settings.target, shared, what=f"message {verb} of {len(ids):,}")
    with session(shared) as at:
        if not dry_run:
            confirm_irreversible(at.conn, verb, ids, confirm)
        with progress(shared) as on_step:
            result = messages.moderate(
                at.conn, verb, ids, act,
                dry_run=dry_run, on_wait=lambda why: note(why, shared), on_step=on_step,
            )  # fmt: skip
        finish(at, verb, result, shared)


def _moderate_selected(
    shared: Options,
    verb: MessageVerb,
    selection: SelectionOptions,
    act: OperatorAct,
    *,
    dry_run: bool,
    expect: int | None,
    file: Path | None,
    confirm: str | None,
) -> None:
    if file is not None:
        require_new(file, "--plan")
    with session(shared) as at:
        selector = selection.resolve(at.conn)
        if dry_run or file is not None:
            search.log_search(
                at.conn, f"message {verb} --dry-run", selector, act, on_wait=lambda why: note(why, shared)
            )
        plan = plans.make(at.conn, verb, selector)
        if expect is not None or not (dry_run or file):
            check_expected(len(plan.ids), expect)
        if dry_run or file is not None:
            preview_plan(at, plan, act, shared, file)
            return
        confirm_write(shared.settings.target, shared, what=f"message {verb} of {len(plan.ids):,}")
        confirm_irreversible(at.conn, verb, plan.ids, confirm)
        with progress(shared) as on_step:
            result = messages.moderate(
                at.conn, verb, plan.ids, act,
                versions=plan.versions, on_wait=lambda why: note(why, shared), on_step=on_step,
            )  # fmt: skip
        finish(at, verb, result, shared)


def preview_plan(
    at: Session, plan: plans.MessagePlan, act: OperatorAct, shared: Options, file: Path | None = None
) -> None:
    """Show what the plan would do, after doing it and rolling back, and save it in ``file``.

    Raises the error that the failed items amount to.
    """
    preview = plans.preview(at.conn, plan)
    with progress(shared) as on_step:
        result = messages.moderate(
            at.conn, plan.verb, plan.ids, act,
            versions=plan.versions, dry_run=True, on_wait=lambda why: note(why, shared), on_step=on_step,
        )  # fmt: skip
    show_preview(preview, result, shared)
    if file is not None:
        save_plan(plan, file, shared)
    if result.error:
        raise result.error


def finish(at: Session, verb: MessageVerb, result: ActionResult, shared: Options) -> None:
    """Show what became of each message, then delete the files of those whose content is gone for good.

    In this order because the act is committed, and Storage may be slow or fail.
    """
    try:
        show_result(result, shared)
    finally:
        if not result.dry_run:
            delete_files(at, verb, shared)


def delete_files(at: Session, verb: MessageVerb, shared: Options) -> None:
    """Delete the files of messages whose content is gone for good, unless the verb can be undone."""
    if not verb.can_be_undone:
        delete_waiting_files(at, shared)


def delete_waiting_files(at: Session, shared: Options) -> None:
    """Delete the files that wait for it; a note says which stay, and why."""
    sys.stdout.flush()  # the result, before Storage may make somebody lose patience
    left = files.delete(at.conn, api_client(at.target), without_storage=at.target.embedded)
    if left.count:
        wait = "waits" if left.count == 1 else "wait"
        note(
            f"{counted(left.count, 'file')} {wait} to be deleted, hidden from everybody: {left.reason}; "
            "the next redact, purge or user erase tries again",
            shared,
        )


def confirm_irreversible(conn: Connection, verb: MessageVerb, ids: Sequence[UUID], given: str | None) -> None:
    """Confirm a verb that cannot be undone with the slug of the messages' organization.

    Raises Invalid if they belong to several.
    """
    if verb.can_be_undone:
        return
    slugs = messages.organizations_of(conn, ids)
    if len(slugs) > 1:
        raise Invalid(
            f"these messages belong to {len(slugs)} organizations: {', '.join(slugs)}",
            hint=f"{verb} the messages of one organization at a time",
        )
    for slug in slugs:
        confirm_by_name(slug, given, what=f"message {verb} of {len(ids):,} in {slug}")
