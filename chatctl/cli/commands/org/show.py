"""``chatctl org show``."""

from __future__ import annotations

from typing import Annotated

import typer

from chatctl.cli.options import options
from chatctl.cli.output import show_document
from chatctl.cli.session import session
from chatctl.cli.text import ago, count, labelled
from chatctl.services.moderation import names
from chatctl.services.moderation.look import organizations
from chatctl.services.moderation.look.organizations import OrganizationDetails

EPILOG = """\b
Examples:
  chatctl org show acme
  chatctl org show acme -o json | jq .people

Exit codes: 2 if the name is ambiguous, 3 if there is no such organization.
"""


def show(
    ctx: typer.Context,
    organization: Annotated[
        str, typer.Argument(help="An organization, by slug, id or beginning of its name.")
    ],
) -> None:
    """Show one organization with its counts and holds."""
    shared = options(ctx)
    with session(shared, watched=True) as at:
        shown = organizations.details(at.conn, names.organization(at.conn, organization).id)
    show_document(shown, shared, text=_text(shown))


def _text(shown: OrganizationDetails) -> str:
    return labelled({
        "organization": f"{shown.name} ({shown.slug})",
        "id": shown.id,
        "created": ago(shown.created_at),
        "people": f"{shown.people:,}: {count(shown.owners, 'owner')}, {count(shown.admins, 'admin')}",
        "suspended": count(shown.suspended, "member") if shown.suspended else None,
        "conversations": f"{shown.conversations:,}: {count(shown.groups, 'group')}",
        "no creator": count(shown.without_creator, "group") if shown.without_creator else None,
        "messages": f"{shown.messages:,}",
        "last activity": ago(shown.last_activity_at),
        "holds": ", ".join(shown.holds) or None,
    })  # fmt: skip
