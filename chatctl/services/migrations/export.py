"""Exporting migrations and objects as a directory that ``supabase db push`` can apply.

Each version is exported byte for byte; if it changes the role, statements that reset the role are added. The
newest version that runs in a transaction also applies the objects, after the line ``-- chatctl:objects``,
because the Supabase CLI runs every file only once. It records the objects in chatctl's tables, so that
chatctl has nothing to do after the Supabase CLI, and vice versa.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from psycopg import sql

from chatctl.db.files import sql_statement
from chatctl.errors import Conflict, Invalid
from chatctl.services.migrations.definitions import drop_statements, in_dependency_order
from chatctl.services.migrations.files import OBJECTS_MARK, SqlFile, migrations, objects
from chatctl.sqltext.statements import SPACES, bare, split

_HEAD = f"""{OBJECTS_MARK}
-- From here on: the objects as they are with this version, applied again with every newer one. Written by
-- `chatctl migrate export`; change the files of objects/ instead.
"""
# chatctl does this after each file, the Supabase CLI only before each migration.
_RESET = "reset all; set check_function_bodies = off;\n"
# These match a statement without comments.
_SETS_ROLE = re.compile(r'\bset (?:(?:local|session) )?"?role\b|\bsession authorization\b', re.IGNORECASE)
_SETTING = re.compile(r"\bset_config\b", re.IGNORECASE)
_ROLE = re.compile(r"\b(?:role|session_authorization)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Written:
    """One file of the exported directory, and what was done with it.

    ``missing`` and ``outdated`` files are not written yet, ``unknown`` ones not removed; see ``compare``.
    """

    path: Path
    state: Literal["unchanged", "missing", "outdated", "unknown", "written", "removed"]


def exported_files(directory: Path) -> dict[str, str]:
    """The exported files of ``directory``: their texts by name; deterministic."""
    versions = migrations(directory)
    carrier = next((file for file in reversed(versions) if not file.outside_transaction), None)
    if carrier is None:
        raise Invalid(f"{directory.name}/migrations has no migration in a transaction to add the objects to")
    ordered = in_dependency_order(objects(directory))
    return {
        f"{file.version}_{file.name}.sql": _with_objects(file, ordered) if file is carrier else _version(file)
        for file in versions
    }


def compare(directory: Path, target: Path) -> list[Written]:
    """The state of each file before ``write``: unchanged, missing, outdated or unknown."""
    expected = exported_files(directory)
    present = {path.name: path for path in sorted(target.glob("*.sql"))} if target.is_dir() else {}
    files = [Written(target / name, _state(present.get(name), text)) for name, text in expected.items()]
    return files + [Written(path, "unknown") for name, path in present.items() if name not in expected]


def _state(path: Path | None, text: str) -> Literal["unchanged", "missing", "outdated"]:
    if path is None:
        return "missing"
    return "unchanged" if path.read_bytes() == text.encode() else "outdated"


def write(directory: Path, target: Path, *, prune: bool = False) -> list[Written]:
    """Write the exported files to ``target``, and report what was done with each file.

    Raises Conflict if ``target`` contains other .sql files, unless ``prune`` removes them; Invalid if it is
    not a directory, or is the directory to export.
    """
    if target.resolve() == (directory / "migrations").resolve():
        raise Invalid(f"{target} is the directory to export; name another one")
    files = compare(directory, target)
    unknown = [it.path.name for it in files if it.state == "unknown"]
    if unknown and not prune:
        raise Conflict(
            f"{target} contains other migrations: {', '.join(unknown)}; nothing was written",
            hint="if they come from an older export, remove them with --prune",
        )
    texts = exported_files(directory)
    try:
        target.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise Invalid(f"{target} is not a directory") from None
    return [_brought_up_to_date(it, texts.get(it.path.name)) for it in files]


def _brought_up_to_date(file: Written, text: str | None) -> Written:
    if file.state == "unchanged":
        return file
    if text is None:
        file.path.unlink()
        return Written(file.path, "removed")
    file.path.write_bytes(text.encode())
    return Written(file.path, "written")


def _version(file: SqlFile) -> str:
    # The Supabase CLI records a file in the role in which the file ends.
    if file.outside_transaction or not _changes_role(file):
        return file.text
    return f"{_terminated(file.text)}\n{OBJECTS_MARK}\n{sql_statement('migrate/back_to_role')}"


def _with_objects(file: SqlFile, objects: Sequence[SqlFile]) -> str:
    inserts = [_record_current_object(each) for each in objects]
    before = [
        sql_statement("migrate/history"),
        sql_statement("migrate/current_objects"),
        *inserts,
        sql_statement("migrate/find_obsolete"),
    ]
    texts = [f"-- {each.path}\n{_terminated(each.text)}{_reset_role(each)}{_RESET}" for each in objects]
    after = [sql_statement("migrate/export_record"), sql_statement("migrate/drop_obsolete"), "reset all;\n"]
    return "\n".join([_terminated(file.text), _HEAD + _reset_role(file) + _RESET, *before, *texts, *after])


def _reset_role(file: SqlFile) -> str:
    return sql_statement("migrate/back_to_role") if _changes_role(file) else ""


def _changes_role(file: SqlFile) -> bool:
    """Whether a statement may leave the session in another role; true if in doubt."""
    texts = (bare(statement.text) for statement in file.statements)
    return any(_SETS_ROLE.search(text) or (_SETTING.search(text) and _ROLE.search(text)) for text in texts)


def _record_current_object(file: SqlFile) -> str:
    statement = sql.SQL(
        "insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)\n"
        "values ({}, {}, {}::text[]);\n"
    )
    values = (file.path, file.sha256, drop_statements(file))
    return statement.format(*map(sql.Literal, values)).as_string(None)


def _terminated(text: str) -> str:
    """``text`` with a semicolon and a newline at its end."""
    text = text.rstrip(SPACES) + "\n"
    # A semicolon at the end may be part of a comment.
    return text if split(f"{text}next")[-1] == "next" else f"{text};\n"
