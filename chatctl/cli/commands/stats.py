"""``chatctl stats``: how much each organization has, and how much is sent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import typer

from chatctl.cli import bars
from chatctl.cli.operating import OrganizationOption
from chatctl.cli.options import ROWS_WITH_IDS, App, OutputFormat, options
from chatctl.cli.output import chosen_format, document_table, show, show_text
from chatctl.cli.paging import LIMIT, CursorOption, LimitOption, note_page
from chatctl.cli.session import session
from chatctl.cli.text import count, labelled, size
from chatctl.services.moderation import names
from chatctl.services.moderation.look import statistics
from chatctl.services.moderation.look.statistics import OrganizationStatistics

COLUMNS = (
    "id", "slug", "people", "conversations", "messages", "deleted", "purged", "reported", "open_reports",
    "recent_messages", "stored_files", "stored_bytes",
)  # fmt: skip
EPILOG = """\b
Examples:
  chatctl stats
  chatctl stats --org acme
  chatctl stats -o json | jq '.[] | {slug, per_day}'

Days are UTC. Recent messages are those of the last 14 days, today included; per_day has them in this order.

Exit codes: 2 if the organization's name is ambiguous, 3 if there is none of that name.
"""

app = App(no_args_is_help=False)


@app.command(epilog=EPILOG, formats=ROWS_WITH_IDS)
def stats(
    ctx: typer.Context,
    org: OrganizationOption = None,
    limit: LimitOption = LIMIT,
    cursor: CursorOption = None,
) -> None:
    """Show how much each organization has: people, conversations, messages, files, and messages per day."""
    shared = options(ctx)
    days = statistics.last_days()
    with session(shared, watched=True) as at:
        organization = names.organization(at.conn, org) if org is not None else None
        page = statistics.listed(
            at.conn,
            days,
            organization_id=organization.id if organization else None,
            cursor=cursor,
            limit=limit,
        )
    if chosen_format(shared) is not OutputFormat.table:
        show(page.rows, shared, columns=COLUMNS)
    elif organization is not None:
        show_text("\n\n".join(_details(row, days) for row in page.rows))
    else:
        rows = [_line(row) for row in page.rows]
        columns = list(rows[0]) if rows else []
        droppable = ("top_sender", "purged", "reported", "conversations", "deleted")
        show(rows, shared, columns=columns, droppable=droppable)
    note_page(page, "organizations", shared)


def _line(row: OrganizationStatistics) -> dict[str, object]:
    return {
        "organization": row.slug,
        "people": f"{row.people:,}",
        "conversations": f"{row.conversations:,}",
        "messages": f"{row.messages:,}",
        "last_14_days": f"{bars.spark(row.per_day)} {row.recent_messages:,}",
        "deleted": f"{row.deleted:,}",
        "purged": f"{row.purged:,}",
        "reported": f"{row.reported:,}",
        "files": size(row.stored_bytes),
        "top_sender": _person(row.top_senders[0]) if row.top_senders else "",
    }


def _details(row: OrganizationStatistics, days: Sequence[date]) -> str:
    charted = zip(days, bars.rows(row.per_day), strict=True)
    parts = [
        labelled({
            "organization": f"{row.name} ({row.slug})",
            "id": row.id,
            "people": f"{row.people:,}",
            "conversations": f"{row.conversations:,}",
            "messages": f"{row.messages:,}, besides {row.deleted:,} deleted and {row.purged:,} purged",
            "reports": f"{count(row.reported, 'reported message')}, {count(row.open_reports, 'open report')}",
            "files": f"{count(row.stored_files, 'file')}, {size(row.stored_bytes)}",
        }),
        "",
        "messages per day",
        *(f"{day:%a} {day.day:2} {day:%b}  {bar}" for day, bar in charted),
    ]  # fmt: skip
    if row.top_senders:
        senders = [{"sender": _person(each), "messages": f"{each['messages']:,}"} for each in row.top_senders]
        parts += ["", "top senders of these days", document_table(senders, ("sender", "messages"))]
    return "\n".join(parts)


def _person(sender: dict[str, object]) -> str:
    return str(sender["name"] or sender["email"] or sender["id"])
