"""What ``chatctl operator grant`` and ``revoke`` share."""

from __future__ import annotations

import shlex
from typing import Annotated

import typer

from chatctl.cli.guards import confirm_write
from chatctl.cli.operating import operator_act, show_result
from chatctl.cli.options import Options
from chatctl.cli.output import note
from chatctl.cli.session import session
from chatctl.errors import Invalid
from chatctl.services.moderation import operator_roles
from chatctl.services.moderation.operator_roles import OperatorVerb

RoleArgument = Annotated[
    str, typer.Argument(metavar="DATABASE_ROLE", help="An existing role that can log in.")
]


def change(
    shared: Options,
    verb: OperatorVerb,
    role: str,
    *,
    reason: str,
    ticket: str | None,
    actor: str | None,
    dry_run: bool,
) -> None:
    """Grant or revoke, and show the result."""
    act = operator_act(actor=actor, reason=reason, ticket=ticket)
    if not role or "\0" in role:
        raise Invalid("the name of the role is empty or contains a NUL character")
    if not dry_run:
        confirm_write(shared.settings.target, shared, what=f"operator {verb} {shlex.quote(role)}")
    with session(shared) as at:
        result = operator_roles.change(
            at.conn, verb, role, act, dry_run=dry_run, on_wait=lambda why: note(why, shared)
        )
    show_result(result, shared)
