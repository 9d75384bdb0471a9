"""What the verbs of ``chatctl report`` share that change reports."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated
from uuid import UUID

import typer

from chatctl.cli.guards import confirm_write
from chatctl.cli.operating import ids_from, operator_act, show_result
from chatctl.cli.options import Options
from chatctl.cli.output import note
from chatctl.cli.session import Session, session
from chatctl.db.connection import Connection
from chatctl.services.moderation.results import ActionResult

ReportsArgument = Annotated[
    list[str], typer.Argument(metavar="REPORT", help="Ids of reports; - reads them from stdin.")
]


def act_on(
    shared: Options,
    verb: str,
    arguments: list[str],
    service: Callable[..., ActionResult],
    *,
    before: Callable[[Connection, Sequence[UUID]], None] = lambda conn, ids: None,
    after: Callable[[Session], None] = lambda at: None,
    reason: str,
    ticket: str | None,
    actor: str | None,
    dry_run: bool,
) -> None:
    """Call ``service`` for the reports of the arguments, and show what became of each.

    ``before`` may refuse before anything is changed; ``after`` runs when it is committed and shown.
    """
    act = operator_act(actor=actor, reason=reason, ticket=ticket)
    ids = ids_from(arguments)
    if not dry_run:
        confirm_write(shared.settings.target, shared, what=f"report {verb} of {len(ids):,}")
    with session(shared) as at:
        before(at.conn, ids)
        result = service(at.conn, ids, act=act, dry_run=dry_run, on_wait=lambda why: note(why, shared))
        try:
            show_result(result, shared)
        finally:
            after(at)
