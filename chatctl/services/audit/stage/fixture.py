"""The rows of the fixture: created inside the caller's transaction, and rolled back with it."""

from __future__ import annotations

from collections.abc import Mapping

from psycopg import sql

from chatctl.db.connection import Connection
from chatctl.errors import Inconclusive
from chatctl.services.audit.access.clauses import raw_sql
from chatctl.services.audit.access.expectations import Access, TableRules
from chatctl.services.audit.access.scripts import read
from chatctl.services.audit.stage import contents, scripts
from chatctl.services.audit.stage.contents import Content
from chatctl.services.audit.stage.workspace import define_relations, insert_identities, prepare
from chatctl.sqltext.quoting import relation


def make(conn: Connection, access: Access) -> dict[str, Content]:
    """Run the fixture, and return the rows of every table of access.yaml that it created.

    Raises Inconclusive when it fails, Invalid when the SQL of a relation is not valid.
    """
    prepare(conn, access)
    if access.fixture is None:
        raise Inconclusive(f"{access.path.name} names no fixture, so nothing can be tried")
    scripts.run(conn, access, read(access.fixture), where=access.fixture.name, failed=Inconclusive)
    copied = {table.name: _copy_rows(conn, access, table) for table in access.tried_tables}
    define_relations(conn, access)
    insert_identities(conn, access)
    return copied


def refresh_copies(conn: Connection, access: Access, before: Mapping[str, Content]) -> dict[str, Content]:
    """Copy the rows again after a moment's script has changed them."""
    return {
        table.name: contents.refresh_copy(
            conn, access, table, rows=created_rows(conn, table), before=before[table.name]
        )
        for table in access.tried_tables
    }


def _copy_rows(conn: Connection, access: Access, table: TableRules) -> Content:
    content = contents.copy_rows(conn, access, table, created_rows(conn, table))
    if not (content.rows or table.rows):
        raise Inconclusive(f"the fixture creates no row of {table.name}, so nothing can be tried")
    return content


def created_rows(conn: Connection, table: TableRules) -> sql.Composable:
    """The query for the rows that this transaction has created: those of the fixture and of a probe."""
    rows = sql.SQL("select * from {}").format(raw_sql(relation(table.name)))
    if not _stored(conn, table.name):  # a view has no xmin, and is copied whole
        return rows
    # Under REPEATABLE READ no later transaction is visible: a row that is not older is this one's own.
    return rows + sql.SQL(" where age(xmin) <= age(pg_current_xact_id()::xid)")


def _stored(conn: Connection, name: str) -> bool:
    row = conn.execute(
        "select relkind in ('r', 'p') from pg_catalog.pg_class where oid = to_regclass(%s)", (relation(name),)
    ).fetchone()
    return bool(row and row[0])
