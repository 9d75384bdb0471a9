"""chatctl's own rules about the versioned files: their names, and what a database has had of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path, PurePosixPath

from chatctl.db.connection import Connection
from chatctl.services.lint.findings import LintFinding, LintRule
from chatctl.services.migrations.files import NO_TRANSACTION, SqlFile, read_text
from chatctl.services.migrations.history import applied, same

UNREADABLE = LintRule(
    "unreadable_file",
    "error",
    "files",
    "A versioned file is UTF-8 text.",
    "PostgreSQL reads the files as UTF-8, so that `chatctl migrate` cannot run any other text.",
)
FORMAT = LintRule(
    "version_format",
    "error",
    "files",
    "A versioned file is named <14 digits>_<name>.sql, the digits being a moment in time.",
    "Files run in the order of their versions, which `chatctl migrate` and the Supabase CLI read from the "
    "names. Digits that are not a date and a time sort before or after all real ones.",
)
TWICE = LintRule(
    "version_twice",
    "error",
    "files",
    "No two files have the same version.",
    "The history of a database records versions: once one of the files has run, the other never does.",
)
ONE_STATEMENT = LintRule(
    "one_statement_without_transaction",
    "error",
    "files",
    "A file outside a transaction is one statement, all or nothing.",
    "Nothing rolls back the statements before one that fails, and running the file again repeats them.",
)
EDITED = LintRule(
    "applied_file_edited",
    "error",
    "files and target",
    "A file that the target has had is still what it was.",
    "An applied file does not run again: databases that had the earlier text keep what it made, and new ones "
    "get something else. Needs a target, whose history has the text that was run.",
)
RULES = {rule.name: rule for rule in (UNREADABLE, FORMAT, TWICE, ONE_STATEMENT)}
DATABASE_RULES = {EDITED.name: EDITED}

_NAME = re.compile(r"(?P<version>\d{14})_[a-z0-9_]++\.sql")


def read(directory: Path) -> tuple[list[SqlFile], list[LintFinding]]:
    """The versioned files of ``directory``, whatever their names, and a finding for each that is no text."""
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
    """What is wrong with ``files`` by themselves."""
    first: dict[str, str] = {}
    for file in files:
        name = PurePosixPath(file.path).name
        yield from _format(file, name)
        version = _version(file)
        if version and first.setdefault(version, name) != name:
            yield TWICE.finding(
                f"{first[version]} has the same version",
                "give a new version to the one that no database has had",
                file=file.path,
            )
        if file.alone and len(file.statements) != 1:
            yield ONE_STATEMENT.finding(
                f"`{NO_TRANSACTION}` with {len(file.statements)} statements: a failure leaves the first ones",
                "give each statement a file of its own",
                file=file.path,
                line=file.statements[1].first_line if file.statements else None,
            )


def edited(conn: Connection, files: Sequence[SqlFile]) -> Iterator[LintFinding]:
    """A finding for each of ``files`` that is not what the database of ``conn`` has had."""
    history = {had.version: had for had in applied(conn)}
    for file in files:
        had = history.get(_version(file))
        if had and not same(file, had):
            yield EDITED.finding(
                "the database has had another text of it",
                "restore it, and put the change into a new migration",
                file=file.path,
            )


def _format(file: SqlFile, name: str) -> Iterator[LintFinding]:
    match = _NAME.fullmatch(name)
    if match and _is_moment(match["version"]):
        return
    yield FORMAT.finding(
        f"{match['version']} is no moment in time"
        if match
        else "the name is not <14 digits>_<a-z, 0-9, _>.sql",
        "name it by the UTC time, yyyymmddhhmmss, as `chatctl migrate new` does",
        file=file.path,
    )


def _version(file: SqlFile) -> str:
    return "".join(re.findall(r"^\d+", PurePosixPath(file.path).name))


def _is_moment(version: str) -> bool:
    try:
        datetime.strptime(version, "%Y%m%d%H%M%S")
    except ValueError:
        return False
    return True
