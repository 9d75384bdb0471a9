"""The plan of a migration: versions to run, objects to apply and to drop, and the transactions."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path

from chatctl.db.connection import Connection
from chatctl.db.files import query
from chatctl.errors import Conflict, NotFound
from chatctl.services.migrations.definitions import (
    DROP_MARK,
    Definition,
    defined_by,
    drop_statements,
    may_overlap,
    parse_drops,
    revoked_on,
)
from chatctl.services.migrations.files import SqlFile, first_lines, migrations, objects
from chatctl.services.migrations.history import Applied, AppliedObject, applied, applied_objects, matches
from chatctl.sqltext.statements import bare, split, with_lf

_DIFFERENCE_LINES = 40
_CONTEXT_LINES = 2
_COMPARED = 200  # statements or lines; the time is quadratic


@dataclass(frozen=True)
class Obsolete:
    """The statements that drop objects of a file that no file defines any longer.

    ``removed``: the file was removed, not changed. ``moved``: other files define all its objects.
    """

    path: str
    drops: list[str]
    removed: bool
    moved: bool = False


@dataclass(frozen=True)
class MigrationBatch:
    """Versions that run in one transaction, or a single file that runs outside a transaction.

    The ``last`` batch also applies the objects.
    """

    versions: list[SqlFile]
    outside_transaction: bool = False
    last: bool = False


@dataclass(frozen=True)
class MigrationPlan:
    """The versions to run and the objects to apply and drop; ``everything`` is all object files."""

    versions: list[SqlFile] = field(default_factory=list)
    objects: list[SqlFile] = field(default_factory=list)
    obsolete: list[Obsolete] = field(default_factory=list)
    everything: list[SqlFile] = field(default_factory=list)
    reaches_newest: bool = True

    def __bool__(self) -> bool:
        return bool(self.versions or self.objects or self.obsolete)

    @property
    def batches(self) -> list[MigrationBatch]:
        """The versions, split at files outside a transaction; the last transaction applies the objects."""
        batches: list[MigrationBatch] = []
        for file in self.versions:
            if file.outside_transaction:
                batches.append(MigrationBatch([file], outside_transaction=True))
            elif batches and not batches[-1].outside_transaction:
                batches[-1].versions.append(file)
            else:
                batches.append(MigrationBatch([file]))
        if self.reaches_newest:
            versions = batches.pop().versions if batches and not batches[-1].outside_transaction else []
            batches.append(MigrationBatch(versions, last=True))
        return batches


def plan(
    conn: Connection,
    directory: Path,
    *,
    to: str | None = None,
    include_all: bool = False,
    reapply: bool = False,
) -> MigrationPlan:
    """What ``migrate`` would run. Raises Conflict if files and history contradict each other.

    With ``to``, the plan ends with that version and includes the objects only if it is the newest.
    ``include_all`` includes files older than the newest applied one, ``reapply`` all objects.
    """
    files = migrations(directory)
    history = {entry.version: entry for entry in applied(conn)}
    _refuse_contradictions(files, history)
    if to is not None and to not in {file.version for file in files}:
        raise NotFound(f"--to {to}: {directory.name}/migrations has no such version")
    pending = [
        file for file in files if file.version not in history and (to is None or str(file.version) <= to)
    ]
    if not include_all:
        _refuse_late(pending, history)
    newest = to is None or all(str(file.version) <= to for file in files)
    if not newest:
        return MigrationPlan(versions=pending, reaches_newest=False)
    everything = objects(directory)
    known = applied_objects(conn)
    if known and not (directory / "objects").is_dir():
        raise Conflict(
            f"{directory.name}/ has no folder objects/, but the database has {len(known)} objects from there",
            hint="check --directory; to drop all objects, create an empty folder objects/",
        )
    obsolete = _obsolete(everything, known)
    # Re-create missing objects, including those that a killed run has dropped.
    with_missing = files_with_missing_objects(
        conn, {previous.path: parse_drops(previous.drops) for previous in known.values()}
    )
    changed = _to_apply(everything, known, obsolete, reapply=reapply)
    return MigrationPlan(
        versions=pending,
        objects=[file for file in everything if file in changed or file.path in with_missing],
        obsolete=obsolete,
        everything=everything,
    )


def files_with_missing_objects(conn: Connection, files: Mapping[str, Sequence[Definition]]) -> set[str]:
    """The paths of those ``files`` that define an object which the database lacks."""
    things = [thing for defined in files.values() for thing in defined if thing.kind != "other"]
    if not things:
        return set()
    rows = conn.execute(
        query("migrate/lost"),
        {
            "kinds": [thing.kind for thing in things],
            "names": [thing.name for thing in things],
            "tables": [thing.table for thing in things],
        },
    ).fetchall()
    missing = set(rows)
    return {
        path
        for path, defined in files.items()
        if any((thing.kind, thing.name, thing.table) in missing for thing in defined)
    }


def difference(file: SqlFile, entry: Applied) -> str:
    """The difference between the applied text (-) and ``file`` (+)."""
    before, after = entry.own_statements, split(with_lf(file.text))
    old, new = _differing([*map(bare, before)], [*map(bare, after)])
    before, after = before[old], after[new]
    matcher = difflib.SequenceMatcher(None, [*map(bare, before)], [*map(bare, after)], autojunk=False)
    lines: list[str] = []
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag != "equal":
            lines += _changed_lines(";\n".join(before[a:b]), ";\n".join(after[c:d]))
    return "\n".join(first_lines(lines, _DIFFERENCE_LINES))


def _changed_lines(before: str, after: str) -> list[str]:
    old_lines, new_lines = (text.split("\n") if text else [] for text in (before, after))
    old, new = _differing(old_lines, new_lines)
    changes = difflib.unified_diff(old_lines[old], new_lines[new], lineterm="", n=_CONTEXT_LINES)
    return [line for line in changes if not line.startswith(("---", "+++", "@@"))]


def _differing(before: list[str], after: list[str]) -> tuple[slice, slice]:
    """The range in which two lists differ, with some context; limited to ``_COMPARED`` items."""
    head = _common_length(before, after)
    tail = _common_length(before[:head:-1], after[:head:-1])
    begin = max(head - _CONTEXT_LINES, 0)
    old, new = (
        slice(begin, min(len(each) - tail + _CONTEXT_LINES, begin + _COMPARED)) for each in (before, after)
    )
    return old, new


def _common_length(before: list[str], after: list[str]) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(before, after, strict=False)))


def _refuse_contradictions(files: list[SqlFile], history: dict[str, Applied]) -> None:
    for file in files:
        entry = history.get(str(file.version))
        if entry and not matches(file, entry):
            raise Conflict(
                f"{file.where} was edited after it was applied",
                hint=f"{difference(file, entry)}\nrestore the file and put the change into a new migration; "
                f"or, if the database has it: chatctl migrate repair {file.version} --status applied",
            )
    known = {file.version for file in files}
    for entry in history.values():
        if entry.version not in known:
            raise Conflict(
                f"migration {entry.file_name} was applied to the database, but its file is missing",
                hint="restore the file, or remove the version from the history: "
                f"chatctl migrate repair {entry.version} --status reverted",
            )


def _refuse_late(pending: list[SqlFile], history: dict[str, Applied]) -> None:
    newest = max(history, default="")
    for file in pending:
        if str(file.version) < newest:
            raise Conflict(
                f"{file.where} is older than {newest}, which was already applied",
                hint="run it anyway with --include-all, or give it a newer version",
            )


def _obsolete(files: list[SqlFile], known: dict[str, AppliedObject]) -> list[Obsolete]:
    present = {file.path: file for file in files}
    altered = [
        previous
        for previous in known.values()
        if previous.path not in present or present[previous.path].sha256 != previous.sha256
    ]
    still_defined = {drop for file in files for drop in drop_statements(file)} if altered else set()
    obsolete = []
    for previous in altered:
        file = present.get(previous.path)
        drops = [
            drop.removeprefix(f"{DROP_MARK}\n")
            for drop in previous.drops
            if drop not in still_defined
            and not (file and drop.startswith(DROP_MARK))  # run only after the file was removed
        ]
        if file is None or drops:
            moved = bool(previous.drops) and not drops
            obsolete.append(Obsolete(previous.path, drops, removed=file is None, moved=moved))
    return obsolete


def _to_apply(
    files: list[SqlFile], known: dict[str, AppliedObject], obsolete: list[Obsolete], *, reapply: bool
) -> list[SqlFile]:
    # A revoke may remove a privilege that another file grants on the same object.
    revoked = {on for it in obsolete for drop in it.drops if (on := revoked_on(drop))}
    return [
        file
        for file in files
        if reapply
        or file.path not in known
        or known[file.path].sha256 != file.sha256
        or (revoked and _grants_on(file, revoked))
    ]


def _grants_on(file: SqlFile, targets: set[str]) -> bool:
    granted = [thing.table for thing in defined_by(file) if thing.kind == "other" and thing.table]
    return any(may_overlap(table, on) for table in granted for on in targets)
