"""``chatctl conversation export``."""

from __future__ import annotations

import typer

from chatctl.cli import exporting
from chatctl.cli.exporting import DataFormatOption, OutOption
from chatctl.cli.naming import ConversationArgument, conversation_named
from chatctl.cli.operating import (
    ActorOption,
    OrganizationOption,
    ReasonOption,
    TicketOption,
    WithDeletedOption,
)
from chatctl.cli.options import options
from chatctl.db.connection import Connection
from chatctl.services.moderation.exports.writers import ExportFormat
from chatctl.services.moderation.names import NamedThing

EPILOG = """\b
Examples:
  chatctl conversation export support --org acme --out support-2026 --reason 'case 12'
  chatctl conversation export 6f1c… --out case-12 --format html --with-deleted --reason 'case 12'
  chatctl export verify case-12

Writes the messages, participants and purged messages, the attachments if the target has api_url and
secret_key, and manifest.json with the number of rows and the SHA-256 of each file. The directory appears when
it is complete, and only you can read it. NDJSON has the exact content; CSV and HTML escape control
characters, and CSV puts an apostrophe before formulas. The log records the export before anything is read.

Exit codes: 2 if DIR exists, 3 if there is no such conversation.
"""


def export(
    ctx: typer.Context,
    conversation: ConversationArgument,
    out: OutOption,
    reason: ReasonOption,
    org: OrganizationOption = None,
    data_format: DataFormatOption = ExportFormat.ndjson,
    with_deleted: WithDeletedOption = False,
    ticket: TicketOption = None,
    actor: ActorOption = None,
) -> None:
    """Write a conversation to a directory, with a manifest."""

    def find(conn: Connection) -> NamedThing:
        return conversation_named(conn, conversation, org)

    exporting.export(
        options(ctx), "conversation", find, out=out, data_format=data_format, with_deleted=with_deleted,
        reason=reason, ticket=ticket, actor=actor,
    )  # fmt: skip
