"""What is to be run: which versions, which objects, what is to be dropped, and in which transactions."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path

from chatctl.db.connection import Connection
from chatctl.db.files import query
from chatctl.errors import Conflict, NotFound
from chatctl.services.migrations.files import SqlFile, first_lines, migrations, objects
from chatctl.services.migrations.history import Applied, AppliedObject, applied, applied_objects, same
from chatctl.services.migrations.made import (
    DROP_MARK,
    Made,
    dropped_by,
    drops,
    made,
    may_overlap,
    revoked_on,
)
from chatctl.sqltext.statements import bare, split, with_lf

_DIFFERENCE_LINES = 40
_CONTEXT_LINES = 2
_COMPARED = 200  # statements, or lines: the time goes with their square


@dataclass(frozen=True)
class Obsolete:
    """What an object file made and no file makes any more: the statements that drop it.

    ``gone``: the file itself is gone; else its text changed. ``moved``: other files make what it made.
    """

    path: str
    drops: list[str]
    gone: bool
    moved: bool = False


@dataclass(frozen=True)
class MigrationBatch:
    """What runs together: versions in one transaction, or one file ``alone`` outside of any.

    The ``last`` batch applies the objects, too.
    """

    versions: list[SqlFile]
    alone: bool = False
    last: bool = False


@dataclass(frozen=True)
class MigrationPlan:
    """What is to be run, in order; ``everything`` is all object files, changed or not."""

    versions: list[SqlFile] = field(default_factory=list)
    objects: list[SqlFile] = field(default_factory=list)
    obsolete: list[Obsolete] = field(default_factory=list)
    everything: list[SqlFile] = field(default_factory=list)
    reaches_newest: bool = True

    def __bool__(self) -> bool:
        return bool(self.versions or self.objects or self.obsolete)

    @property
    def batches(self) -> list[MigrationBatch]:
        """The versions cut where one runs without transaction; the objects go with the last transaction."""
        found: list[MigrationBatch] = []
        for file in self.versions:
            if file.alone:
                found.append(MigrationBatch([file], alone=True))
            elif found and not found[-1].alone:
                found[-1].versions.append(file)
            else:
                found.append(MigrationBatch([file]))
        if self.reaches_newest:
            versions = found.pop().versions if found and not found[-1].alone else []
            found.append(MigrationBatch(versions, last=True))
        return found


def plan(
    conn: Connection,
    directory: Path,
    *,
    to: str | None = None,
    include_all: bool = False,
    reapply: bool = False,
) -> MigrationPlan:
    """What ``migrate`` would run. Raises Conflict where files and history contradict each other.

    With ``to``, no version after it, and no objects unless it is the newest. ``include_all`` runs files that
    are older than what was applied, ``reapply`` all objects, changed or not.
    """
    files = migrations(directory)
    history = {had.version: had for had in applied(conn)}
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
            f"{directory.name}/ has no folder objects/, and the database has {len(known)} objects from there",
            hint="name the right --directory; an empty folder objects/ has all of them dropped",
        )
    obsolete = _obsolete(everything, known)
    # What is not there any more comes back, also when the run that took it was killed.
    vanished = lost(conn, {was.path: dropped_by(was.drops) for was in known.values()})
    changed = _to_apply(everything, known, obsolete, reapply=reapply)
    return MigrationPlan(
        versions=pending,
        objects=[file for file in everything if file in changed or file.path in vanished],
        obsolete=obsolete,
        everything=everything,
    )


def lost(conn: Connection, files: Mapping[str, Sequence[Made]]) -> set[str]:
    """The paths of those ``files`` that made something which is not there any more."""
    things = [thing for made_by in files.values() for thing in made_by if thing.kind != "other"]
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
        for path, made_by in files.items()
        if any((thing.kind, thing.name, thing.table) in missing for thing in made_by)
    }


def difference(file: SqlFile, had: Applied) -> str:
    """What ``file`` says and was not applied (+), and what was applied and it does not say (-)."""
    before, after = had.own_statements, split(with_lf(file.text))
    old, new = _differing([*map(bare, before)], [*map(bare, after)])
    before, after = before[old], after[new]
    matcher = difflib.SequenceMatcher(None, [*map(bare, before)], [*map(bare, after)], autojunk=False)
    lines: list[str] = []
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag != "equal":
            lines += _changed_lines(";\n".join(before[a:b]), ";\n".join(after[c:d]))
    return "\n".join(first_lines(lines, _DIFFERENCE_LINES))


def _changed_lines(before: str, after: str) -> list[str]:
    was, now = (text.split("\n") if text else [] for text in (before, after))
    old, new = _differing(was, now)
    changes = difflib.unified_diff(was[old], now[new], lineterm="", n=_CONTEXT_LINES)
    return [line for line in changes if not line.startswith(("---", "+++", "@@"))]


def _differing(before: list[str], after: list[str]) -> tuple[slice, slice]:
    """Where two lists differ, a little around it included; no more than can be compared in a moment."""
    head = _alike(before, after)
    tail = _alike(before[:head:-1], after[:head:-1])
    begin = max(head - _CONTEXT_LINES, 0)
    old, new = (
        slice(begin, min(len(each) - tail + _CONTEXT_LINES, begin + _COMPARED)) for each in (before, after)
    )
    return old, new


def _alike(before: list[str], after: list[str]) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(before, after, strict=False)))


def _refuse_contradictions(files: list[SqlFile], history: dict[str, Applied]) -> None:
    for file in files:
        had = history.get(str(file.version))
        if had and not same(file, had):
            raise Conflict(
                f"{file.where} was edited after it was applied",
                hint=f"{difference(file, had)}\nrestore the file, and put the change into a new migration; "
                f"or, if the database has it: chatctl migrate repair {file.version} --status applied",
            )
    known = {file.version for file in files}
    for had in history.values():
        if had.version not in known:
            raise Conflict(
                f"the database has migration {had.file_name}, which has no file",
                hint="get the file; or take the version off the history: "
                f"chatctl migrate repair {had.version} --status reverted",
            )


def _refuse_late(pending: list[SqlFile], history: dict[str, Applied]) -> None:
    newest = max(history, default="")
    for file in pending:
        if str(file.version) < newest:
            raise Conflict(
                f"{file.where} is older than {newest}, which was applied before it",
                hint="run it all the same with --include-all, or give it a newer version",
            )


def _obsolete(files: list[SqlFile], known: dict[str, AppliedObject]) -> list[Obsolete]:
    present = {file.path: file for file in files}
    altered = [
        was for was in known.values() if was.path not in present or present[was.path].sha256 != was.sha256
    ]
    wanted = {drop for file in files for drop in drops(file)} if altered else set()
    found = []
    for was in altered:
        file = present.get(was.path)
        left = [
            drop.removeprefix(f"{DROP_MARK}\n")
            for drop in was.drops
            if drop not in wanted
            and not (file and drop.startswith(DROP_MARK))  # those run once the file is removed
        ]
        if file is None or left:
            moved = bool(was.drops) and not left
            found.append(Obsolete(was.path, left, gone=file is None, moved=moved))
    return found


def _to_apply(
    files: list[SqlFile], known: dict[str, AppliedObject], obsolete: list[Obsolete], *, reapply: bool
) -> list[SqlFile]:
    # A revoke takes a privilege that another file may grant on the same thing.
    closed = {on for it in obsolete for drop in it.drops if (on := revoked_on(drop))}
    return [
        file
        for file in files
        if reapply
        or file.path not in known
        or known[file.path].sha256 != file.sha256
        or (closed and _grants_on(file, closed))
    ]


def _grants_on(file: SqlFile, closed: set[str]) -> bool:
    granted = [thing.table for thing in made(file) if thing.kind == "other" and thing.table]
    return any(may_overlap(table, on) for table in granted for on in closed)
