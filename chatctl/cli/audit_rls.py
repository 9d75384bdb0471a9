"""``chatctl audit-rls``: prove the access rules by impersonating users."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from chatctl.cli.options import App, options
from chatctl.cli.output import note, show_document
from chatctl.cli.session import confirm_write, session
from chatctl.services.audit.expectations import load
from chatctl.services.audit.findings import Doubt, Finding
from chatctl.services.audit.report import Report, audit, default_file

EPILOG = """\b
Exit codes: 0 the rules hold, 7 something differs from access.yaml, 9 a probe proved nothing.

\b
Examples:
  chatctl audit-rls                       on the embedded server
  chatctl audit-rls --target staging -y   everything is rolled back; a target that is not local asks first
  chatctl audit-rls --only public.messages
  chatctl audit-rls -o json | jq '.findings[] | .id, .sql'
  chatctl audit-rls --access my.yaml      another schema's rules
"""

app = App(
    help="Prove the access rules by impersonating users.",
    epilog=EPILOG,
    no_args_is_help=False,
    invoke_without_command=True,
)


@app.callback()
def audit_rls(
    ctx: typer.Context,
    access: Annotated[
        Path | None, typer.Option("--access", help="The rules; by default sql/access.yaml.", metavar="FILE")
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", help="Try this table or function alone; may be repeated.", metavar="NAME"),
    ] = None,
) -> None:
    """Try what every identity of access.yaml can do, compare it with what it may, and roll it all back."""
    shared = options(ctx)
    rules = load(access or default_file())
    with session(shared) as at:
        confirm_write(at.target, shared, what="audit-rls (rolled back)")
        report = audit(at.conn, rules, only=only or ())
    show_document(_document(report), shared, text="\n".join(_lines(report)))
    people = f"{report.identities} identities"
    note(f"{report.probes} probes as {people} in {report.seconds} s, all rolled back", shared)
    if report.findings:
        raise typer.Exit(7)
    if not report.conclusive:
        raise typer.Exit(9)


def _document(report: Report) -> dict[str, object]:
    return {
        "identities": report.identities,
        "tables": report.tables,
        "functions": report.functions,
        "probes": {"total": report.probes, **report.by_action},
        "findings": [{"id": each.id, **vars(each)} for each in report.findings],
        "invalid": list(report.invalid),
        "vacuous": list(report.vacuous),
        "sequences_advanced": list(report.sequences),
    }


def _lines(report: Report) -> Iterator[str]:
    for finding in report.findings:
        yield from _finding(finding)
    for kind, doubts in (("INVALID", report.invalid), ("VACUOUS", report.vacuous)):
        for doubt in doubts:
            yield from _doubt(kind, doubt)
    yield (
        f"{len(report.findings)} findings, {len(report.invalid)} invalid, {len(report.vacuous)} vacuous: "
        f"{report.tables} tables and {report.functions} functions, {report.probes} probes"
    )
    if report.sequences:
        yield f"sequences that stay advanced: {', '.join(report.sequences)}"


def _finding(finding: Finding) -> Iterator[str]:
    yield f"{finding.rule.upper()} {finding.object}: {finding.action}"
    yield f"  {finding.message}"
    if finding.probes > 1:
        yield f"  {finding.probes} probes, as {', '.join(finding.identities)}"
    yield from _shown(finding.sql)


def _doubt(kind: str, doubt: Doubt) -> Iterator[str]:
    yield f"{kind} {doubt.object}: {doubt.action}"
    yield f"  {doubt.reason} ({doubt.probes} probes, as {', '.join(doubt.identities)})"
    yield from _shown(doubt.sql)


def _shown(statement: str) -> Iterator[str]:
    yield from (f"    {line}" for line in statement.splitlines())
    yield ""
