"""``chatctl user export``."""

from __future__ import annotations

from typing import Annotated

import typer

from chatctl.cli import exporting
from chatctl.cli.exporting import DataFormatOption, OutOption
from chatctl.cli.operating import ActorOption, ReasonOption, TicketOption, WithDeletedOption
from chatctl.cli.options import options
from chatctl.services.moderation import names
from chatctl.services.moderation.exports.writers import ExportFormat

EPILOG = """\b
Examples:
  chatctl user export ann@example.com --out ann --reason 'request T-91'
  chatctl user export ann@example.com --out ann --format html --with-deleted --reason 'request T-91'
  chatctl export verify ann

Writes the profile, organizations, conversations, sent messages and reactions of the user, the attachments if
the target has api_url and secret_key, and manifest.json. Nothing that other people wrote is in it. See also
`chatctl conversation export -h`.

Exit codes: 2 if DIR exists or the name is ambiguous, 3 if there is no such user.
"""


def export(
    ctx: typer.Context,
    user: Annotated[str, typer.Argument(help="By id, email, or the beginning of the name.")],
    out: OutOption,
    reason: ReasonOption,
    data_format: DataFormatOption = ExportFormat.ndjson,
    with_deleted: WithDeletedOption = False,
    ticket: TicketOption = None,
    actor: ActorOption = None,
) -> None:
    """Write what concerns a user to a directory, with a manifest."""
    exporting.export(
        options(ctx), "user", lambda conn: names.user(conn, user), out=out, data_format=data_format,
        with_deleted=with_deleted, reason=reason, ticket=ticket, actor=actor,
    )  # fmt: skip
