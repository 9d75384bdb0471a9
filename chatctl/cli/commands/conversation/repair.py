"""``chatctl conversation repair``."""

from __future__ import annotations

import typer

from chatctl.cli.guards import confirm_write
from chatctl.cli.naming import ConversationArgument, conversation_named
from chatctl.cli.operating import (
    ActorOption,
    DryRunOption,
    OrganizationOption,
    ReasonOption,
    TicketOption,
    operator_act,
)
from chatctl.cli.options import options
from chatctl.cli.output import note, show_document, table
from chatctl.cli.session import session
from chatctl.services.moderation import repair as repairing
from chatctl.services.moderation.repair import RepairResult

COLUMNS = ("what", "user_id", "was", "becomes")
EPILOG = """\b
Examples:
  chatctl conversation repair 6f1c… --reason 'unread counts' --dry-run     show what is wrong
  chatctl conversation repair 6f1c… --reason 'unread counts'

Repairs a group that nobody manages, the counters of messages and participants, and how far each participant
has read. What would change is shown before anything does. There is no undo: the values follow from the rest.

Exit codes: 2 if several conversations have that name, 3 if there is no such conversation.
"""


def repair(
    ctx: typer.Context,
    conversation: ConversationArgument,
    reason: ReasonOption,
    org: OrganizationOption = None,
    ticket: TicketOption = None,
    actor: ActorOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Repair creator, counters and read states of a conversation."""
    shared = options(ctx)
    act = operator_act(actor=actor, reason=reason, ticket=ticket)
    with session(shared) as at:
        named = conversation_named(at.conn, conversation, org)
        note(f"conversation {named.name} {named.id}", shared)
        result = repairing.repair(at.conn, named.id, act, dry_run=True, on_wait=lambda why: note(why, shared))
        if result.changes and not dry_run:
            changes = f"{len(result.changes)} changes"
            confirm_write(at.target, shared, what=changes, details=_table(result))
            result = repairing.repair(
                at.conn, named.id, act, dry_run=False, on_wait=lambda why: note(why, shared)
            )
    show_document(result, shared, text=_text(result), rows=result.changes, columns=COLUMNS)
    if dry_run:
        note("rolled back; nothing was changed", shared)


def _table(result: RepairResult) -> str:
    return table([vars(change) for change in result.changes], COLUMNS)


def _text(result: RepairResult) -> str:
    if not result.changes:
        return "nothing is wrong"
    action = f", action {result.action_id}" if result.action_id else " (dry run)"
    return f"conversation.repair: {len(result.changes):,} values{action}\n{_table(result)}"
