"""``chatctl migrate lint``: what is wrong with the SQL files, before a database has them."""

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
from chatctl.formats.escaping import line

if TYPE_CHECKING:
    from chatctl.services.lint.run import LintReport

EPILOG = """\b
Exit codes: 0 nothing found, 7 findings, 2 PostgreSQL refuses a file or accepted.yaml is wrong.

\b
Examples:
  chatctl migrate lint                      squawk, and chatctl's rules on a throwaway server
  chatctl migrate lint --directory ./sql    another directory of files
  chatctl migrate lint --target staging     and whether a file that staging has had was edited
  chatctl migrate lint -o json | jq -r '.findings[] | select(.level == "error").where'
  chatctl migrate lint --list               every rule in a line

\b
What a team accepts stands in lints/accepted.yaml of the directory, each with its reason:
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
    list_rules: Annotated[bool, typer.Option("--list", help="Say what the rules are, and stop.")] = False,
) -> None:
    """Look for what locks, leaks or slows in the SQL files; exit 7 when something is found.

    Nothing is run on the target: the files go into a throwaway server, which is gone afterwards.
    """
    from chatctl.services.lint import run as linting  # noqa: PLC0415 - `migrate` itself starts sooner

    shared = options(ctx, formats=None if list_rules else ROWS)
    if list_rules:
        show(linting.rules(), shared, columns=_RULE_COLUMNS)
        note("and those of squawk for the versioned files: squawkhq.com/docs/rules", shared)
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
    # What says whether an applied file was edited; a server that does not run is not started for that.
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
            document = {"findings": findings, "accepted": accepted, "not_looked_at": report.not_looked_at}
            show_document(document, shared, text="")
        case OutputFormat.table if findings:
            show_document({}, shared, text="\n".join(_block(each) for each in findings))
        case _:
            show(findings, shared, columns=_COLUMNS)
    for each in report.not_looked_at:
        which = each.rules[0] if len(each.rules) == 1 else f"{len(each.rules)} rules about the schema"
        note(f"not looked at: {which} ({each.reason})", shared)


def _block(finding: dict[str, Any]) -> str:
    # In columns a line would be some 300 characters long.
    rule, where, level, problem, remedy = (line(finding[column]) for column in _COLUMNS)
    return f"{rule}  {where}  ({level})\n    {problem}\n    {remedy}"


def _summary(report: LintReport, directory: Path) -> str:
    count = len(report.findings)
    found = "nothing found" if not count else "1 finding" if count == 1 else f"{count} findings"
    return f"{found} in {directory}: {report.files} versioned files, {len(report.accepted)} findings accepted"
