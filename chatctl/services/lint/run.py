"""``migrate lint``: squawk and chatctl's own rules over sql/, as one list of findings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from chatctl.db.connection import Connection, connection
from chatctl.errors import Invalid
from chatctl.local.postgres import binaries, throwaway
from chatctl.services.lint import accepted, filerules, squawk
from chatctl.services.lint.accepted import LintSuppression
from chatctl.services.lint.findings import LintFinding, LintRule
from chatctl.services.lint.schema import check_schema, queries, rule
from chatctl.services.migrations.files import migrations
from chatctl.services.migrations.run import migrate


@dataclass(frozen=True)
class UncheckedRules:
    """Rules that were not checked, and the reason."""

    rules: tuple[str, ...]
    reason: str


@dataclass(frozen=True)
class LintReport:
    """The findings of a run, the accepted ones with their entry, and the rules that were not checked."""

    files: int
    findings: list[LintFinding]
    accepted: list[tuple[LintFinding, LintSuppression]]
    unchecked: list[UncheckedRules]


def check_installed() -> None:
    """Raise Invalid if squawk or the embedded server is not installed."""
    squawk.installed()
    binaries.check_installed()


def lint(directory: Path, database: Connection | None = None) -> LintReport:
    """Check the files of ``directory``, and the schema that they create on a throwaway server.

    ``database``, if given, is checked for files that were edited after they were applied to it.
    Raises Invalid for a malformed accepted.yaml, a file that PostgreSQL rejects, or if squawk is missing.
    """
    entries = accepted.read(directory, [each.name for each in rules()])
    files, findings = filerules.read(directory)
    findings += filerules.check(files)
    obstacle = _obstacle(directory, findings)
    skipped = [obstacle] if obstacle else []
    findings += squawk.check(files)
    if database is None:
        reason = "needs a database to which the files were applied; name one with --db-url or --target"
        skipped.append(UncheckedRules(tuple(filerules.DATABASE_RULES), reason))
    else:
        findings += filerules.edited(database, files)
    if obstacle is None:
        findings += _check_replayed(directory)
    unchecked = {name for each in skipped for name in each.rules}
    reported, accepted_findings = accepted.partition(findings, entries)
    reported += accepted.unused_entries(entries, findings, unchecked)
    return LintReport(len(files), reported, accepted_findings, skipped)


def rules() -> list[LintRule]:
    """chatctl's own rules: those about files, then those about the schema, in sql/lints."""
    return [
        *filerules.RULES.values(),
        *filerules.DATABASE_RULES.values(),
        *(rule(path) for path in queries()),
        accepted.UNUSED_ENTRY,
    ]


def _obstacle(directory: Path, findings: Sequence[LintFinding]) -> UncheckedRules | None:
    # If there are findings, report them and skip the schema; an error without any finding must be raised.
    try:
        migrations(directory)
    except Invalid as error:
        if not findings:
            raise
        return UncheckedRules(tuple(path.stem for path in queries()), f"the files cannot be run: {error}")
    return None


def _check_replayed(directory: Path) -> list[LintFinding]:
    with throwaway.server() as server, connection(server.url) as conn:
        migrate(conn, directory=directory)
        return check_schema(conn)
