"""``chatctl migrate lint``: find problems in the SQL files before they reach a database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from chatctl.cli.commands.migrate.directory import DirectoryOption, sql_directory
from chatctl.cli.options import ROWS, Options, OutputFormat, options
from chatctl.cli.output import chosen_format, note, plain, show, show_document
from chatctl.db.connection import Connection, connection
from chatctl.errors import Found
from chatctl.formats.counting import counted
from chatctl.formats.escaping import line

if TYPE_CHECKING:
    from chatctl.services.lint.run import LintReport

EPILOG = """\b
Exit codes: 0 nothing found, 7 findings, 2 PostgreSQL rejects a file or accepted.yaml is invalid.

\b
Examples:
  chatctl migrate lint                      run squawk and, on a throwaway server, chatctl's rules
  chatctl migrate lint --directory ./sql    check another directory
  chatctl migrate lint --target staging     also check that files applied to staging were not edited
  chatctl migrate lint -o json | jq -r '.findings[] | select(.level == "error").where'
  chatctl migrate lint --list               list the rules

Except for --list, this requires chatctl[local,lint].

\b
lints/accepted.yaml in the directory lists accepted findings, each with a reason:
  squawk:
    - rule: ban-drop-column
      file: migrations/20260301000000_drop_nickname.sql
      reason: no client has read it since 2.4
  rules:
    - rule: view_without_security_invoker
      object: private.my_participations
      reason: shows the caller's own rows only
"""

_COLUMNS = ("rule", "where", "level", "problem", "remedy")
_RULE_COLUMNS = ("name", "level", "looks_at", "title")


def lint(
    ctx: typer.Context,
    directory: DirectoryOption = None,
    list_rules: Annotated[bool, typer.Option("--list", help="List the rules and exit.")] = False,
) -> None:
    """Check the SQL files for locks, security holes and slow schemas.

    Exit 7 if anything is found. Nothing is run on the target: the files are applied to a throwaway server.
    """
    from chatctl.services.lint import run as linting  # noqa: PLC0415 - not needed by `migrate` itself

    shared = options(ctx, formats=None if list_rules else ROWS)
    if list_rules:
        show(linting.rules(), shared, columns=_RULE_COLUMNS)
        note("for migrations also the rules of squawk: squawkhq.com/docs/rules", shared)
        return
    where = sql_directory(directory)
    linting.check_installed()
    with _database(shared) as database:
        report = linting.lint(where, database)
    _show(report, shared)
    if report.findings:
        raise Found(_summary(report, where))
    note(_summary(report, where), shared)


@contextmanager
def _database(shared: Options) -> Iterator[Connection | None]:
    # Its history shows whether an applied file was edited; not worth starting a stopped embedded server.
    target = shared.settings.target
    url = target.db_url
    if target.directory is not None:
        from chatctl.local.postgres.server import status  # noqa: PLC0415 - only the embedded server needs it

        running = status(target.directory)
        url = running.url if running else None
    if url is None:
        yield None
        return
    note(f"target: {target.label}", shared)
    with connection(url, watched=True) as conn:
        yield conn


def _show(report: LintReport, shared: Options) -> None:
    findings = [{"rule": each.rule, "where": each.where, **plain(each)} for each in report.findings]
    match chosen_format(shared):
        case OutputFormat.json | OutputFormat.yaml:
            accepted = [
                {"rule": finding.rule, "where": finding.where, "reason": entry.reason}
                for finding, entry in report.accepted
            ]
            document = {"findings": findings, "accepted": accepted, "not_looked_at": report.unchecked}
            show_document(document, shared, text="")
        case OutputFormat.table if findings:
            show_document({}, shared, text="\n".join(_block(each) for each in findings))
        case _:
            show(findings, shared, columns=_COLUMNS)
    for each in report.unchecked:
        which = each.rules[0] if len(each.rules) == 1 else f"{len(each.rules)} rules about the schema"
        note(f"not checked: {which} ({each.reason})", shared)


def _block(finding: dict[str, Any]) -> str:
    # A table row would be about 300 characters wide.
    rule, where, level, problem, remedy = (line(finding[column]) for column in _COLUMNS)
    return f"{rule}  {where}  ({level})\n    {problem}\n    {remedy}"


def _summary(report: LintReport, directory: Path) -> str:
    result = counted(len(report.findings), "finding") if report.findings else "nothing found"
    accepted = f"{counted(len(report.accepted), 'finding')} accepted"
    return f"{result} in {directory}: {counted(report.files, 'migration')}, {accepted}"
