"""chatctl's own rules about migration files: their names, and whether they match the history."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path, PurePosixPath

from chatctl.db.connection import Connection
from chatctl.services.lint.findings import LintFinding, LintRule
from chatctl.services.migrations.files import NO_TRANSACTION, SqlFile, read_text
from chatctl.services.migrations.history import applied, matches

UNREADABLE = LintRule(
    "unreadable_file",
    "error",
    "files",
    "A migration file is UTF-8 text.",
    "PostgreSQL reads the files as UTF-8, so `chatctl migrate` cannot run text in another encoding.",
)
FORMAT = LintRule(
    "version_format",
    "error",
    "files",
    "A migration file is named <14 digits>_<name>.sql, where the digits are a date and time.",
    "Files run in the order of their versions, which `chatctl migrate` and the Supabase CLI read from the "
    "names. Digits that are not a date and time sort before or after all others.",
)
TWICE = LintRule(
    "version_twice",
    "error",
    "files",
    "No two files have the same version.",
    "The history of a database records versions: after one of the files has run, the other never runs.",
)
ONE_STATEMENT = LintRule(
    "one_statement_without_transaction",
    "error",
    "files",
    "A file that runs outside a transaction contains one statement.",
    "If a statement fails, those before it are not rolled back, and running the file again repeats them.",
)
EDITED = LintRule(
    "applied_file_edited",
    "error",
    "files and target",
    "A file was not edited after it was applied to the target.",
    "An applied file does not run again: databases with the earlier text keep its objects, while new ones "
    "get different objects. Needs a target, whose history contains the text that was run.",
)
RULES = {rule.name: rule for rule in (UNREADABLE, FORMAT, TWICE, ONE_STATEMENT)}
DATABASE_RULES = {EDITED.name: EDITED}

_NAME = re.compile(r"(?P<version>\d{14})_[a-z0-9_]++\.sql")


def read(directory: Path) -> tuple[list[SqlFile], list[LintFinding]]:
    """The migration files of ``directory``, also misnamed ones, and a finding for each unreadable one."""
    files, unreadable = [], []
    for path in sorted((directory / "migrations").glob("*.sql")):
        relative = path.relative_to(directory).as_posix()
        try:
            text = read_text(path)
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else f"not UTF-8 at byte {error.start}"
            finding = UNREADABLE.finding(str(reason), "save it as UTF-8 text", file=relative)
            unreadable.append(finding)
        else:
            files.append(SqlFile(relative, text, directory=directory))
    return files, unreadable


def check(files: Sequence[SqlFile]) -> Iterator[LintFinding]:
    """The findings that need only ``files``."""
    first: dict[str, str] = {}
    for file in files:
        name = PurePosixPath(file.path).name
        yield from _format(file, name)
        version = _version(file)
        if version and first.setdefault(version, name) != name:
            yield TWICE.finding(
                f"{first[version]} has the same version",
                "give a new version to the one that was not applied to any database",
                file=file.path,
            )
        if file.outside_transaction and len(file.statements) != 1:
            yield ONE_STATEMENT.finding(
                f"`{NO_TRANSACTION}` with {len(file.statements)} statements, which cannot be rolled back",
                "move each statement to a separate file",
                file=file.path,
                line=file.statements[1].first_line if file.statements else None,
            )


def edited(conn: Connection, files: Sequence[SqlFile]) -> Iterator[LintFinding]:
    """A finding for each of ``files`` that differs from the text applied to the database of ``conn``."""
    history = {entry.version: entry for entry in applied(conn)}
    for file in files:
        entry = history.get(_version(file))
        if entry and not matches(file, entry):
            yield EDITED.finding(
                "a different text of it was applied to the database",
                "restore the file and put the change into a new migration",
                file=file.path,
            )


def _format(file: SqlFile, name: str) -> Iterator[LintFinding]:
    match = _NAME.fullmatch(name)
    if match and _is_time(match["version"]):
        return
    yield FORMAT.finding(
        f"{match['version']} is not a valid date and time"
        if match
        else "the name is not <14 digits>_<a-z, 0-9, _>.sql",
        "name it by the UTC time, yyyymmddhhmmss, as `chatctl migrate new` does",
        file=file.path,
    )


def _version(file: SqlFile) -> str:
    return "".join(re.findall(r"^\d+", PurePosixPath(file.path).name))


def _is_time(version: str) -> bool:
    try:
        datetime.strptime(version, "%Y%m%d%H%M%S")
    except ValueError:
        return False
    return True
