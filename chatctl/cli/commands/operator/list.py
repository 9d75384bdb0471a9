"""``chatctl operator list``."""

from __future__ import annotations

import typer

from chatctl.cli.options import options
from chatctl.cli.output import note, show
from chatctl.cli.session import session
from chatctl.services.moderation import operator_roles

EPILOG = """\b
Examples:
  chatctl operator list
  chatctl operator list -o json | jq '.[] | select(.missing != [] or .surplus != [])'

MISSING is what a role lacks to work as an operator, SURPLUS what it has beyond that: other privileges in
schema moderation, privileges and objects elsewhere in the database, memberships, and attributes such as
CREATEDB. Run `operator grant` again to mend the privileges in schema moderation.
"""


def list_roles(ctx: typer.Context) -> None:
    """List the roles that have privileges in schema moderation."""
    shared = options(ctx)
    with session(shared, watched=True) as at:
        roles = operator_roles.roles(at.conn)
    show(roles, shared, columns=("name", "can_log_in", "missing", "surplus"))
    if not roles:
        note("no role can act as an operator but the owner of the schema", shared)
