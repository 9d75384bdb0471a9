"""The files as a directory that ``supabase db push`` applies as it is, objects included.

Each version is its file, byte for byte; one that changes the role is brought back from it. The newest that
runs in a transaction also applies the objects, after the line ``-- chatctl:objects``: the Supabase CLI knows
no files that run again, and objects are no versions. What it applies, it records where chatctl looks, so that
neither finds anything to do after the other.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from psycopg import sql

from chatctl.db.files import query, sql_statement
from chatctl.errors import Conflict, Invalid
from chatctl.services.migrations.files import OBJECTS_MARK, SqlFile, migrations, objects
from chatctl.services.migrations.made import drops, in_order
from chatctl.sqltext.statements import SPACES, bare, split

_HEAD = f"""{OBJECTS_MARK}
-- From here on: the objects as they are with this version, applied again with every newer one. Written by
-- `chatctl migrate export`; change the files of objects/ instead.
"""
# As chatctl does after each file; the Supabase CLI does it before a migration alone.
_RESET = "reset all; set check_function_bodies = off;\n"
# Of a statement without comments.
_SETS_ROLE = re.compile(r'\bset (?:(?:local|session) )?"?role\b|\bsession authorization\b', re.IGNORECASE)
_SETTING = re.compile(r"\bset_config\b", re.IGNORECASE)
_ROLE = re.compile(r"\b(?:role|session_authorization)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Written:
    """One file of the exported directory, and whether it had to be written or removed."""

    path: Path
    state: Literal["unchanged", "written", "removed"]


def exported(directory: Path) -> dict[str, str]:
    """The exported files of ``directory``: their texts by name, the same for the same files."""
    versions = migrations(directory)
    bearer = next((file for file in reversed(versions) if not file.alone), None)
    if bearer is None:
        raise Invalid(f"{directory.name}/migrations has no migration that could carry the objects")
    ordered = in_order(objects(directory))
    return {
        f"{file.version}_{file.name}.sql": _bearer(file, ordered) if file is bearer else _version(file)
        for file in versions
    }


def compare(directory: Path, target: Path) -> list[Written]:
    """What ``write`` would do, without doing it."""
    wanted = exported(directory)
    present = {path.name: path for path in sorted(target.glob("*.sql"))} if target.is_dir() else {}
    found = [
        Written(
            target / name,
            "unchanged" if name in present and present[name].read_bytes() == text.encode() else "written",
        )
        for name, text in wanted.items()
    ]
    return found + [Written(path, "removed") for name, path in present.items() if name not in wanted]


def write(directory: Path, target: Path, *, prune: bool = False) -> list[Written]:
    """Bring the directory ``target`` to the exported files; what was done, file by file.

    Raises Conflict when it holds .sql files that are not among them, unless ``prune`` removes those; Invalid
    when it is no directory, or the one that is exported.
    """
    if target.resolve() == (directory / "migrations").resolve():
        raise Invalid(f"{target} holds the files that are exported; name another directory")
    found = compare(directory, target)
    strangers = [it.path.name for it in found if it.state == "removed"]
    if strangers and not prune:
        raise Conflict(
            f"{target} holds other migrations: {', '.join(strangers)}; nothing is written",
            hint="if they are of an older export, remove them with --prune",
        )
    texts = exported(directory)
    try:
        target.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise Invalid(f"{target} is no directory") from None
    for it in found:
        if it.state == "written":
            it.path.write_bytes(texts[it.path.name].encode())
        elif it.state == "removed":
            it.path.unlink()
    return found


def _version(file: SqlFile) -> str:
    # The Supabase CLI adds a file to its history in the role in which the file ends.
    if file.alone or not _changes_role(file):
        return file.text
    return f"{_ended(file.text)}\n{OBJECTS_MARK}\n{query('migrate/back_to_role')}"


def _bearer(file: SqlFile, objects: Sequence[SqlFile]) -> str:
    wanted = [_want(each) for each in objects]
    before = [
        sql_statement("migrate/history"),
        sql_statement("migrate/wanted"),
        *wanted,
        sql_statement("migrate/find_obsolete"),
    ]
    texts = [f"-- {each.path}\n{_ended(each.text)}{_back(each)}{_RESET}" for each in objects]
    after = [sql_statement("migrate/export_record"), sql_statement("migrate/drop_obsolete"), "reset all;\n"]
    return "\n".join([_ended(file.text), _HEAD + _back(file) + _RESET, *before, *texts, *after])


def _back(file: SqlFile) -> str:
    return sql_statement("migrate/back_to_role") if _changes_role(file) else ""


def _changes_role(file: SqlFile) -> bool:
    """Whether a statement may leave the session in another role; in doubt it does."""
    texts = (bare(statement.text) for statement in file.statements)
    return any(_SETS_ROLE.search(text) or (_SETTING.search(text) and _ROLE.search(text)) for text in texts)


def _want(file: SqlFile) -> str:
    statement = sql.SQL(
        "insert into supabase_migrations.chatctl_wanted (path, sha256, drops)\nvalues ({}, {}, {}::text[]);\n"
    )
    values = (file.path, file.sha256, drops(file))
    return statement.format(*map(sql.Literal, values)).as_string(None)


def _ended(text: str) -> str:
    """``text`` with its last statement and its last line closed."""
    text = text.rstrip(SPACES) + "\n"
    # A semicolon at the end may be that of a comment.
    return text if split(f"{text}next")[-1] == "next" else f"{text};\n"
