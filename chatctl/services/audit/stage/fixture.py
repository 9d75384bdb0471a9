"""The world that is looked at: made inside the caller's transaction, and gone with it."""

from __future__ import annotations

from collections.abc import Mapping

from psycopg import sql

from chatctl.db.connection import Connection
from chatctl.errors import Inconclusive
from chatctl.services.audit.access.clauses import written
from chatctl.services.audit.access.expectations import Access, Table
from chatctl.services.audit.access.scripts import read
from chatctl.services.audit.stage import contents, scripts
from chatctl.services.audit.stage.contents import Content
from chatctl.services.audit.stage.workspace import define_relations, introduce, prepare
from chatctl.sqltext.quoting import relation


def make(conn: Connection, access: Access) -> dict[str, Content]:
    """Make the fixture; what every table of access.yaml holds of it.

    Raises Inconclusive when it cannot be made, Invalid when a relation of access.yaml is no SQL.
    """
    prepare(conn, access)
    if access.fixture is None:
        raise Inconclusive(f"{access.path.name} names no fixture; nothing would be proved")
    scripts.run(conn, access, read(access.fixture), where=access.fixture.name, failed=Inconclusive)
    made = {table.name: _take(conn, access, table) for table in access.tried_tables}
    define_relations(conn, access)
    introduce(conn, access)
    return made


def take_again(conn: Connection, access: Access, before: Mapping[str, Content]) -> dict[str, Content]:
    """What every table holds of the fixture now, which is not what it held ``before``."""
    return {
        table.name: contents.take_again(
            conn, access, table, rows=rows_made(conn, table), before=before[table.name]
        )
        for table in access.tried_tables
    }


def _take(conn: Connection, access: Access, table: Table) -> Content:
    taken = contents.take(conn, access, table, rows_made(conn, table))
    if not (taken.rows or table.rows):
        raise Inconclusive(f"the fixture makes no row of {table.name}; nothing would be proved")
    return taken


def rows_made(conn: Connection, table: Table) -> sql.Composable:
    """The query for the rows that this transaction has made: the fixture's, and those of a probe."""
    rows = sql.SQL("select * from {}").format(written(relation(table.name)))
    if not _stored(conn, table.name):  # a view has no such mark, and is taken whole
        return rows
    # Under REPEATABLE READ no later transaction is visible: what is not older than this one is its own.
    return rows + sql.SQL(" where age(xmin) <= age(pg_current_xact_id()::xid)")


def _stored(conn: Connection, name: str) -> bool:
    found = conn.execute(
        "select relkind in ('r', 'p') from pg_catalog.pg_class where oid = to_regclass(%s)", (relation(name),)
    ).fetchone()
    return bool(found and found[0])
