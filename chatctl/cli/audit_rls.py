"""``chatctl audit-rls``: prove the access rules by impersonating users."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from chatctl.cli.options import App, Options, options
from chatctl.cli.output import note, show_document
from chatctl.cli.session import confirm_write, session
from chatctl.errors import Invalid
from chatctl.services.audit import baseline as accepted
from chatctl.services.audit.expectations import load
from chatctl.services.audit.findings import Doubt, Finding, Place, Rule
from chatctl.services.audit.formats import FILES, Format, github, render
from chatctl.services.audit.report import Report, audit, default_file

EPILOG = """\b
Exit codes: 0 the rules hold, 7 something differs from access.yaml, 9 a probe proved nothing.

\b
Examples:
  chatctl audit-rls                       on the embedded server
  chatctl audit-rls --target staging -y   everything is rolled back; a target that is not local asks first
  chatctl audit-rls --only public.messages
  chatctl audit-rls --format html=audit.html          a page to look at
  chatctl audit-rls --format github --report reports  in CI: annotations, and every format as a file
  chatctl audit-rls --baseline accepted.yaml --update-baseline --reason 'until #12' --owner ann
  chatctl audit-rls -o json | jq '.findings[] | .id, .sql'
  chatctl audit-rls --access my.yaml      another schema's rules
"""

# For how long a finding is accepted when nobody says it.
DAYS = 90

_FORMATS = "|".join(Format)
_STEP_SUMMARY = "GITHUB_STEP_SUMMARY"

app = App(
    help="Prove the access rules by impersonating users.",
    epilog=EPILOG,
    no_args_is_help=False,
    invoke_without_command=True,
)

Wanted = tuple[Format, Path | None]


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
    formats: Annotated[
        list[str] | None,
        typer.Option("--format", help=f"Write it as {_FORMATS}; may be repeated.", metavar="FORMAT[=FILE]"),
    ] = None,
    report_to: Annotated[
        Path | None, typer.Option("--report", help="Write every format into this directory.", metavar="DIR")
    ] = None,
    baseline: Annotated[
        Path | None, typer.Option("--baseline", help="Findings that are accepted.", metavar="FILE")
    ] = None,
    update_baseline: Annotated[
        bool, typer.Option("--update-baseline", help="Accept what is found; drop what is not needed.")
    ] = False,
    reason: Annotated[str | None, typer.Option("--reason", help="Why it is accepted.")] = None,
    owner: Annotated[str | None, typer.Option("--owner", help="Who answers for it.")] = None,
    expires: Annotated[
        str | None, typer.Option("--expires", help=f"Until when; {DAYS} days by default.", metavar="DAY")
    ] = None,
) -> None:
    """Try what every identity of access.yaml can do, compare it with what it may, and roll it all back."""
    shared = options(ctx)
    wanted = [*_wanted(formats or [], shared), *_all_in(report_to)]
    rules = load(access or default_file())
    today = datetime.now(UTC).date()
    accept = _accept(baseline, update_baseline, reason, owner, expires, today)
    creates = update_baseline and baseline is not None and not baseline.exists()
    entries = accepted.load(baseline) if baseline and not creates else []
    with session(shared) as at:
        confirm_write(at.target, shared, what="audit-rls (rolled back)")
        report = audit(at.conn, rules, only=only or ())
    if baseline and update_baseline:
        entries = accepted.updated(report, entries, today, accept, only=only or ())
        accepted.write(baseline, entries)
        note(f"{baseline}: {len(entries)} entries", shared)
    report = accepted.apply(report, entries, today, only=only or ())
    _write(report, wanted, shared)
    if all(file for _, file in wanted):
        text = render(report, Format.text).removesuffix("\n")
        show_document(_document(report), shared, text=text)
    people = f"{report.identities} identities"
    note(f"{report.probes} probes as {people} in {report.seconds} s, all rolled back", shared)
    if report.findings:
        raise typer.Exit(7)
    if not report.conclusive:
        raise typer.Exit(9)


def _wanted(said: Sequence[str], shared: Options) -> list[Wanted]:
    wanted: list[Wanted] = []
    for each in said:
        name, _, file = each.partition("=")
        if name not in set(Format):
            raise Invalid(f"--format {each}: it is one of {', '.join(Format)}")
        if file and not Path(file).absolute().parent.is_dir():
            raise Invalid(f"--format {each}: {Path(file).parent} is no directory")
        wanted.append((Format(name), Path(file) if file else None))
    printed = [name for name, file in wanted if file is None]
    if len(printed) > 1:
        raise Invalid(f"--format {printed[0]} and {printed[1]} both go to stdout; say {printed[1]}=FILE")
    if printed and shared.output:
        raise Invalid(f"--format {printed[0]} and -o {shared.output} both go to stdout; say one of them")
    return wanted


def _all_in(directory: Path | None) -> list[Wanted]:
    if directory is None:
        return []
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Invalid(f"--report {directory}: {error.strerror}") from None
    return [(name, directory / file) for name, file in FILES.items()]


def _write(report: Report, wanted: Sequence[Wanted], shared: Options) -> None:
    for name, file in wanted:
        text = render(report, name)
        if file is None:
            sys.stdout.write(text)
            continue
        try:
            file.write_text(text, encoding="utf-8")
        except OSError as error:
            raise Invalid(f"{file} cannot be written: {error.strerror}") from None
        note(f"{name}: {file}", shared)
    summary = os.environ.get(_STEP_SUMMARY)
    if summary and any(name is Format.github for name, _ in wanted):
        with Path(summary).open("a", encoding="utf-8") as appended:
            appended.write(github.summary(report, written=appended.tell()))


def _accept(
    file: Path | None, update: bool, reason: str | None, owner: str | None, expires: str | None, today: date
) -> accepted.Entry | None:
    """What new entries of the baseline say; None when nobody said why and for whom."""
    if update and file is None:
        raise Invalid("--update-baseline needs --baseline FILE")
    if not update and (reason or owner or expires):
        raise Invalid("--reason, --owner and --expires are for --update-baseline")
    try:
        until = date.fromisoformat(expires) if expires else today + timedelta(days=DAYS)
    except ValueError:
        raise Invalid(f"--expires {expires}: it is a day such as {today + timedelta(days=DAYS)}") from None
    if until < today:
        raise Invalid(f"--expires {expires}: that day is over")
    if not (reason and owner):
        return None
    return accepted.Entry(Rule.leak, "", None, frozenset(), reason, owner, until, Place(str(file), 1))


def _document(report: Report) -> dict[str, object]:
    return {
        "identities": report.identities,
        "tables": report.tables,
        "functions": report.functions,
        "probes": {"total": report.probes, **report.by_action},
        "findings": [_finding(each) for each in report.findings],
        "invalid": [_doubt(each) for each in report.invalid],
        "vacuous": [_doubt(each) for each in report.vacuous],
        "sequences_advanced": list(report.sequences),
    }


def _finding(finding: Finding) -> dict[str, object]:
    keys = ("id", "rule", "object", "action", "message", "sql", "identities", "probes")
    return {key: getattr(finding, key) for key in keys}


def _doubt(doubt: Doubt) -> dict[str, object]:
    keys = ("object", "action", "reason", "probes", "identities", "sql")
    return {key: getattr(doubt, key) for key in keys}
