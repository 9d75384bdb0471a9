"""``chatctl apply``: act on the messages of a plan."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from psycopg.types.json import Jsonb

from chatctl.cli.commands.message.moderating import (
    ConfirmOption,
    confirm_irreversible,
    finish,
    preview_plan,
)
from chatctl.cli.guards import confirm_write
from chatctl.cli.operating import (
    ActorOption,
    DryRunOption,
    ReasonOption,
    TicketOption,
    operator_act,
)
from chatctl.cli.options import ROWS_WITH_IDS, App, options
from chatctl.cli.output import note
from chatctl.cli.planning import ExpectOption, check_expected
from chatctl.cli.progress import progress
from chatctl.cli.session import session
from chatctl.services.moderation import plans, transaction

EPILOG = """\b
Examples:
  chatctl message redact --text 'the key' --org acme --reason leak --plan leak.json
  chatctl apply leak.json --reason leak --ticket T-91 --confirm acme --expect 342

Exactly the messages of the plan are acted upon, in committed batches. Those that changed since the plan was
made are skipped and listed. A plan is applied once: after an interruption, the same command continues it;
after that, it does nothing.

Exit codes: 2 if the file is not a plan, 3 if it does not exist, 5 if all messages are held or changed or the
plan was applied and undone, 6 if only some are.
"""

app = App(no_args_is_help=False)


@app.command(epilog=EPILOG, formats=ROWS_WITH_IDS)
def apply(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A plan, written with --plan.")],
    reason: ReasonOption,
    ticket: TicketOption = None,
    actor: ActorOption = None,
    confirm: ConfirmOption = None,
    expect: ExpectOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Act on exactly the messages of a plan."""
    shared = options(ctx)
    act = operator_act(actor=actor, reason=reason, ticket=ticket)
    plan = plans.read(file)
    if expect is not None or not dry_run:
        check_expected(len(plan.ids), expect)
    what = f"message {plan.verb} of {len(plan.ids):,}"
    if not dry_run:
        confirm_write(shared.settings.target, shared, what=what)
    with session(shared) as at:
        if dry_run:
            arguments = {"command": "apply --dry-run", "targets": [], "arguments": Jsonb({"plan": plan.hash})}
            transaction.run(
                at.conn, "log_read", {**arguments, **act.parameters},
                dry_run=False, on_wait=lambda why: note(why, shared),
            )  # fmt: skip
            preview_plan(at, plan, act, shared)
            return
        confirm_irreversible(at.conn, plan.verb, plan.ids, confirm)
        with progress(shared) as on_step:
            result = plans.apply(at.conn, plan, act, on_wait=lambda why: note(why, shared), on_step=on_step)
        finish(at, plan.verb, result, shared)
