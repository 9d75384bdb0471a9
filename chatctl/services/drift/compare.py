"""Comparing a database with sql/: the files are applied to a throwaway server, and the catalogs compared."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import psycopg

from chatctl.db import optionalindexes
from chatctl.db.connection import Connection, connection
from chatctl.db.files import sql_statement
from chatctl.services.drift import catalogue
from chatctl.services.drift.catalogue import KINDS, SchemaObject
from chatctl.services.migrations import migrate

_QUERY = "\nas\n"  # in a view's definition, where its query begins


@dataclass(frozen=True)
class SchemaDifference:
    """One object that differs: ``want`` is its definition in sql/, ``have`` that in the database.

    A ``missing`` object is only in sql/, an ``extra`` one only in the database; ``kind`` is one of
    ``catalogue.KINDS``, with spaces for underscores.
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
    """The differences between the database of ``conn``, which is only read, and the files of ``directory``.

    The files are applied to a throwaway server of ``replay_version``, which takes about 2 s.
    Raises Invalid if the embedded server is not installed, or a file does not run.
    """
    # An optional package, which only this verb of migrate needs.
    from chatctl.local.postgres import throwaway  # noqa: PLC0415

    with (
        throwaway.server(replay_version(catalogue.major(conn))) as server,
        connection(server.url) as replayed,
    ):
        migrate(replayed, directory=directory)
        _add_optional_indexes(replayed, optionalindexes.present(conn))
        return between(replayed, conn)


def _add_optional_indexes(replayed: Connection, names: Iterable[str]) -> None:
    # Those of chatctl's own tables; other files may define a table of the same name.
    if replayed.execute("select to_regclass('moderation.search_index') is not null").fetchall()[0][0]:
        for name in names:
            replayed.execute(sql_statement(optionalindexes.OPTIONAL_INDEXES[name]))


def between(reference: Connection, conn: Connection) -> list[SchemaDifference]:
    """The differences between the databases of ``reference`` and ``conn``."""
    want = catalogue.read(reference, version=catalogue.major(conn))
    have = catalogue.read(conn, version=catalogue.major(reference))
    if catalogue.major(reference) != catalogue.major(conn):
        have = with_deparsed_views(reference, have, {thing.key: thing.definition for thing in want})
    return compare(want, have)


def compare(want: Iterable[SchemaObject], have: Iterable[SchemaObject]) -> list[SchemaDifference]:
    """The differences; children of a missing or extra object are not reported separately."""
    expected = {each.key: each for each in want}
    actual = {each.key: each for each in have}
    missing = expected.keys() - actual.keys()
    extra = actual.keys() - expected.keys()
    differences = [
        SchemaDifference(each.kind, each.name, "changed", each.definition, actual[key].definition)
        for key, each in expected.items()
        if key in actual and actual[key].definition != each.definition
    ]
    differences += [
        SchemaDifference(each.kind, each.name, "missing", each.definition, None)
        for each in (expected[key] for key in missing)
        if missing.isdisjoint(each.parents)
    ]
    differences += [
        SchemaDifference(each.kind, each.name, "extra", None, each.definition)
        for each in (actual[key] for key in extra)
        if extra.isdisjoint(each.parents)
    ]
    return sorted(differences, key=lambda each: (_ORDER[each.kind], each.name))


def replay_version(major: int) -> int:
    """The bundled major version nearest to ``major``; the newer one of two equally near."""
    from chatctl.local.postgres.binaries import VERSIONS  # noqa: PLC0415 - see find

    return min(VERSIONS, key=lambda version: (abs(version - major), -version))


def with_deparsed_views(
    conn: Connection, objects: Iterable[SchemaObject], expected: Mapping[str, str]
) -> list[SchemaObject]:
    """``objects`` with each view that differs from ``expected`` deparsed by the server of ``conn``.

    PostgreSQL stores a view's query as a tree, and deparses it differently in each version: up to 15 as
    ``om.user_id`` where 16 writes ``user_id``. A view that this server cannot parse stays unchanged.
    """
    return [
        _deparsed(conn, each)
        if each.kind == "view" and each.key in expected and expected[each.key] != each.definition
        else each
        for each in objects
    ]


def _deparsed(conn: Connection, view: SchemaObject) -> SchemaObject:
    head, _, definition = view.definition.partition(_QUERY)
    with conn.transaction(force_rollback=True):
        conn.execute(
            "select set_config('chatctl.query', %s, true), set_config('search_path', '', true)", (definition,)
        )
        try:
            cursor = conn.execute(sql_statement("drift/deparse_view"))
        except psycopg.ProgrammingError:
            raise psycopg.Rollback from None
        cursor.nextset()
        definition = cursor.fetchall()[0][0]
    return replace(view, definition=f"{head}{_QUERY}{definition}")


_ORDER = {kind.replace("_", " "): position for position, kind in enumerate(KINDS)}
