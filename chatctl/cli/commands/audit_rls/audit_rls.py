"""``chatctl audit-rls``: check the access rules by impersonating users."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from chatctl.cli import files
from chatctl.cli.commands.audit_rls import explaining, mutating, reports
from chatctl.cli.commands.audit_rls.heartbeat import heartbeat
from chatctl.cli.files import path
from chatctl.cli.guards import confirm_write, refuse_production
from chatctl.cli.options import DOCUMENT, options
from chatctl.cli.output import note
from chatctl.cli.session import session
from chatctl.errors import Found, Inconclusive, Invalid
from chatctl.services.audit import baseline as accepted
from chatctl.services.audit.access import default_file, load
from chatctl.services.audit.explain import scope_of_cell
from chatctl.services.audit.findings.finding import AuditRule, Place
from chatctl.services.audit.formats import ReportFormat
from chatctl.services.audit.formats.groups import verdict
from chatctl.services.audit.probes.scope import Scope
from chatctl.services.audit.run import audit
from chatctl.services.audit.stage import requirements

EPILOG = """\b
Exit codes:
  0  access matches the rules
  7  something differs from access.yaml
  9  no verdict: at least one probe was inconclusive

\b
Examples:
  chatctl audit-rls                       on the embedded server
  chatctl audit-rls --target staging -y   everything is rolled back; a target that is not local asks first
  chatctl audit-rls --only public.messages --only sender --only update
  chatctl audit-rls --explain sender:public.messages:update   what decides it
  chatctl audit-rls --mutate              break the rules one at a time: does the audit detect it?
  chatctl audit-rls --format html=audit.html          a page to look at
  chatctl audit-rls --format github --report reports  in CI: annotations, and every format as a file
  chatctl audit-rls --baseline accepted.yaml --update-baseline --reason 'until #12' --owner ann
  chatctl audit-rls -o json | jq '.findings[] | .id, .sql'
  chatctl audit-rls --access my.yaml      another schema's rules
  chatctl audit-rls --on-existing-data    as users of the database, on some of its rows
"""

# How long a finding is accepted by default.
DAYS = 90

# Rows of each table with --on-existing-data, by default.
SAMPLE = 20

_FORMATS = "|".join(ReportFormat)


def audit_rls(
    ctx: typer.Context,
    access: Annotated[
        Path | None,
        typer.Option("--access", help="The rules; by default sql/access.yaml.", metavar="FILE", parser=path),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--only", help="Only this table, function, identity or command; may be repeated.", metavar="NAME"
        ),
    ] = None,
    explain: Annotated[
        str | None,
        typer.Option(
            help="Explain why one identity may or may not run one command on one object.",
            metavar="IDENTITY:OBJECT:COMMAND",
        ),
    ] = None,
    mutate: Annotated[
        bool,
        typer.Option("--mutate", help="Break the rules one at a time, and check that the audit detects it."),
    ] = False,
    on_existing_data: Annotated[
        bool,
        typer.Option("--on-existing-data", help="Use existing users and rows instead of a fixture."),
    ] = False,
    sample: Annotated[
        int | None,
        typer.Option(help=f"Rows of each table to use; {SAMPLE} by default.", metavar="ROWS", min=1),
    ] = None,
    formats: Annotated[
        list[str] | None,
        typer.Option(
            "--format", help=f"Write the report as {_FORMATS}; may be repeated.", metavar="FORMAT[=FILE]"
        ),
    ] = None,
    report_to: Annotated[
        Path | None,
        typer.Option("--report", help="Write every format into this directory.", metavar="DIR", parser=path),
    ] = None,
    baseline: Annotated[
        Path | None,
        typer.Option("--baseline", help="A list of accepted findings.", metavar="FILE", parser=path),
    ] = None,
    update_baseline: Annotated[
        bool,
        typer.Option(
            "--update-baseline",
            help="Add all current findings to the baseline file, and remove unused entries.",
        ),
    ] = False,
    reason: Annotated[
        str | None, typer.Option("--reason", help="Why new findings are accepted; required for them.")
    ] = None,
    owner: Annotated[
        str | None, typer.Option("--owner", help="Who is responsible for new entries; required for them.")
    ] = None,
    expires: Annotated[
        str | None,
        typer.Option(
            "--expires", help=f"The last day of new entries; {DAYS} days by default.", metavar="DAY"
        ),
    ] = None,
) -> None:
    """Try what each identity of access.yaml can do, compare it with the rules, and roll back."""
    if ctx.invoked_subcommand is not None:
        return
    shared = options(ctx, formats=DOCUMENT if explain or mutate else None)
    if (explain and mutate) or ((explain or mutate) and (formats or report_to or baseline)):
        raise Invalid(
            "--explain and --mutate cannot be combined, nor used with --format, --report or --baseline"
        )
    if on_existing_data and (explain or mutate):
        raise Invalid("--explain and --mutate cannot be combined with --on-existing-data")
    if sample and not on_existing_data:
        raise Invalid("--sample requires --on-existing-data")
    if mutate:
        refuse_production(shared.settings.target, done="mutated")
    rules = load(access or default_file())
    scope = Scope.of(rules, only or ())
    cell = scope_of_cell(rules, explain) if explain else None
    today = datetime.now(UTC).date()
    template = _entry_template(baseline, update_baseline, reason, owner, expires, today)
    entries = _entries(baseline, update_baseline, template)
    requested = reports.requested_formats(formats or [], report_to, shared)
    with session(shared, watched=True) as opened:
        confirm_write(opened.target, shared, what="audit-rls (rolled back)")
        requirements.require(opened.conn, rules)
        if cell:
            explaining.show(opened.conn, rules, cell, shared)
            return
        if mutate:
            mutating.run(opened.conn, rules, only or (), shared)
            return
        rows = (sample or SAMPLE) if on_existing_data else None
        with heartbeat(shared) as on_progress:
            report = audit(opened.conn, rules, only=only or (), sample=rows, on_progress=on_progress)
    if baseline and update_baseline:
        entries = accepted.updated(report, entries, today, template, scope=scope)
        accepted.write(baseline, entries)
        note(f"{baseline}: {len(entries)} {'entry' if len(entries) == 1 else 'entries'}", shared)
    report = accepted.apply(report, entries, today, scope=scope)
    if uncounted := sum(not each.limits_rows for each in entries):
        what = "entries accept findings" if uncounted > 1 else "entry accepts findings"
        note(f"{baseline}: {uncounted} {what} on any row; --update-baseline limits them to today's", shared)
    reports.write(report, requested, shared)
    people = f"{report.identities} identities"
    note(f"{report.probes} probes as {people} in {report.seconds} s, all rolled back", shared)
    if report.findings:
        raise Found(verdict(report))
    if not report.conclusive:
        raise Inconclusive(f"{verdict(report)}: these probes prove nothing")


def _entries(
    file: Path | None, update: bool, template: accepted.BaselineEntry | None
) -> list[accepted.BaselineEntry]:
    """The entries of the baseline; a file that is to be written need not exist."""
    if file is None:
        return []
    entries = [] if update and not file.exists() else accepted.load(file)
    if update:
        if not entries and template is None:
            raise Invalid("a baseline without entries requires --reason and --owner for the new ones")
        files.require_writable(file, "--baseline")
    return entries


def _entry_template(
    file: Path | None, update: bool, reason: str | None, owner: str | None, expires: str | None, today: date
) -> accepted.BaselineEntry | None:
    """The template for new entries of the baseline; None without --reason and --owner."""
    if update and file is None:
        raise Invalid("--update-baseline needs --baseline FILE")
    if not update and (reason or owner or expires):
        raise Invalid("--reason, --owner and --expires require --update-baseline")
    try:
        until = date.fromisoformat(expires) if expires else today + timedelta(days=DAYS)
    except ValueError:
        raise Invalid(
            f"--expires {expires} is not a date; write it as {today + timedelta(days=DAYS)}"
        ) from None
    if until < today:
        raise Invalid(f"--expires {expires} is in the past")
    if not (reason and owner):
        return None
    return accepted.BaselineEntry(
        rule=AuditRule.leak,
        object="",
        action=None,
        identities=frozenset(),
        reason=reason,
        owner=owner,
        expires=until,
        place=Place(str(file), 1),
    )
