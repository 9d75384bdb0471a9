"""What a database has otherwise than sql/ says: the files are replayed elsewhere, the catalogues compared."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import psycopg

from chatctl.db.connection import Connection, connection
from chatctl.db.files import sql_statement
from chatctl.services.drift import catalogue
from chatctl.services.drift.catalogue import KINDS, Thing
from chatctl.services.migrations import migrate

_QUERY = "\nas\n"  # in a view's definition, where its query begins


@dataclass(frozen=True)
class SchemaDifference:
    """One thing that is not as sql/ says: ``want`` is its definition there, ``have`` in the database.

    ``missing`` is in sql/ alone, ``extra`` in the database alone; ``kind`` is one of ``catalogue.KINDS``,
    in words.
    """

    kind: str
    name: str
    state: Literal["missing", "extra", "changed"]
    want: str | None
    have: str | None

    @property
    def diff(self) -> str:
        """Both definitions as a unified diff, from sql/ to the database."""
        want, have = ([] if text is None else text.split("\n") for text in (self.want, self.have))
        return "\n".join(difflib.unified_diff(want, have, "sql/", "database", lineterm=""))


def find(conn: Connection, directory: Path) -> list[SchemaDifference]:
    """What the database of ``conn`` has otherwise than the files of ``directory`` make; it is only read.

    The files run on an embedded server of their own, of ``replay_version``, which takes about 2 s.
    Raises Invalid when the package with the embedded server is not installed, or a file does not run.
    """
    # The server is a package of its own, which only this verb of migrate needs.
    from chatctl.local.postgres import throwaway  # noqa: PLC0415

    with (
        throwaway.server(replay_version(catalogue.major(conn))) as server,
        connection(server.url) as replayed,
    ):
        migrate(replayed, directory=directory)
        return between(replayed, conn)


def between(wanted: Connection, conn: Connection) -> list[SchemaDifference]:
    """What the database of ``conn`` has otherwise than that of ``wanted``."""
    want = catalogue.read(wanted, version=catalogue.major(conn))
    have = catalogue.read(conn, version=catalogue.major(wanted))
    if catalogue.major(wanted) != catalogue.major(conn):
        have = retold(wanted, have, {thing.key: thing.definition for thing in want})
    return compare(want, have)


def compare(want: Iterable[Thing], have: Iterable[Thing]) -> list[SchemaDifference]:
    """What differs, each thing once: what belongs to a missing or extra thing is not reported besides."""
    wanted = {thing.key: thing for thing in want}
    found = {thing.key: thing for thing in have}
    missing = wanted.keys() - found.keys()
    extra = found.keys() - wanted.keys()
    differences = [
        SchemaDifference(thing.kind, thing.name, "changed", thing.definition, found[key].definition)
        for key, thing in wanted.items()
        if key in found and found[key].definition != thing.definition
    ]
    differences += [
        SchemaDifference(thing.kind, thing.name, "missing", thing.definition, None)
        for thing in (wanted[key] for key in missing)
        if missing.isdisjoint(thing.parents)
    ]
    differences += [
        SchemaDifference(thing.kind, thing.name, "extra", None, thing.definition)
        for thing in (found[key] for key in extra)
        if extra.isdisjoint(thing.parents)
    ]
    return sorted(differences, key=lambda each: (_ORDER[each.kind], each.name))


def replay_version(major: int) -> int:
    """The major version that comes with chatctl and is ``major`` or nearest to it; of two, the newer."""
    from chatctl.local.postgres.binaries import VERSIONS  # noqa: PLC0415 - see find

    return min(VERSIONS, key=lambda version: (abs(version - major), -version))


def retold(conn: Connection, things: Iterable[Thing], wanted: Mapping[str, str]) -> list[Thing]:
    """``things`` with each view that is not as ``wanted`` in the words of the server of ``conn``.

    PostgreSQL keeps a view's query as a tree, and the words it finds for it depend on its version: up to 15
    it says ``om.user_id`` where 16 says ``user_id``. What that server cannot read stays as it was.
    """
    return [
        _retold(conn, thing)
        if thing.kind == "view" and thing.key in wanted and wanted[thing.key] != thing.definition
        else thing
        for thing in things
    ]


def _retold(conn: Connection, view: Thing) -> Thing:
    head, _, told = view.definition.partition(_QUERY)
    with conn.transaction(force_rollback=True):
        conn.execute(
            "select set_config('chatctl.query', %s, true), set_config('search_path', '', true)", (told,)
        )
        try:
            cursor = conn.execute(sql_statement("drift/retell"))
        except psycopg.ProgrammingError:
            raise psycopg.Rollback from None
        cursor.nextset()
        told = cursor.fetchall()[0][0]
    return replace(view, definition=f"{head}{_QUERY}{told}")


_ORDER = {kind.replace("_", " "): position for position, kind in enumerate(KINDS)}
