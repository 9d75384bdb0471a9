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
class NotLookedAt:
    """Rules that could not be asked this time, and why."""

    rules: tuple[str, ...]
    reason: str


@dataclass(frozen=True)
class LintReport:
    """What a run found, what of it is accepted and why, and what it did not look at."""

    files: int
    findings: list[LintFinding]
    accepted: list[tuple[LintFinding, LintSuppression]]
    not_looked_at: list[NotLookedAt]


def check_installed() -> None:
    """Raise Invalid when squawk or the embedded server is not installed."""
    squawk.installed()
    binaries.check_installed()


def lint(directory: Path, database: Connection | None = None) -> LintReport:
    """Look at the files of ``directory``, and at what they make on a throwaway server.

    ``database`` is one that may have had the files; without it nobody knows whether one was edited since.
    Raises Invalid for a malformed accepted.yaml, a file that PostgreSQL refuses, or without squawk.
    """
    entries = accepted.read(directory, [each.name for each in rules()])
    files, found = filerules.read(directory)
    found += filerules.check(files)
    hindrance = _hindrance(directory, found)
    skipped = [hindrance] if hindrance else []
    found += squawk.check(files)
    if database is None:
        reason = "no database is known that may have had the files; name one with --db-url or --target"
        skipped.append(NotLookedAt(tuple(filerules.DATABASE_RULES), reason))
    else:
        found += filerules.edited(database, files)
    if hindrance is None:
        found += _replayed(directory)
    blind = {name for each in skipped for name in each.rules}
    opened, known = accepted.sort_out(found, entries)
    opened += accepted.without_cause(entries, found, blind)
    return LintReport(len(files), opened, known, skipped)


def rules() -> list[LintRule]:
    """chatctl's own rules, those of the files first; a rule of the schema is a file of sql/lints."""
    return [
        *filerules.RULES.values(),
        *filerules.DATABASE_RULES.values(),
        *(rule(path) for path in queries()),
        accepted.WITHOUT_CAUSE,
    ]


def _hindrance(directory: Path, found: Sequence[LintFinding]) -> NotLookedAt | None:
    # What is among the findings need not stop the rest; what `migrate` alone refuses must not be passed over.
    try:
        migrations(directory)
    except Invalid as error:
        if not found:
            raise
        return NotLookedAt(tuple(path.stem for path in queries()), f"the files cannot be run: {error}")
    return None


def _replayed(directory: Path) -> list[LintFinding]:
    with throwaway.server() as server, connection(server.url) as conn:
        migrate(conn, directory=directory)
        return check_schema(conn)
