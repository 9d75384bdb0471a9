"""The privileges of roles, by the catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from psycopg.rows import dict_row

from chatctl.db.connection import Connection
from chatctl.db.files import query
from chatctl.services.audit.access.expectations import Access

# (role, object, privilege, column); the column is None for privileges that are not by column
Privileges = frozenset[tuple[str, str, str, str | None]]


def held(conn: Connection, access: Access) -> Privileges:
    """Every privilege of the API's roles and the trusted ones, in schemas that they have USAGE on.

    Privileges on Supabase's own tables are left out unless access.yaml lists the tables. queries/platform.sql
    marks for the rest of the transaction which objects are Supabase's.
    """
    conn.execute(query("platform"))
    roles = {"roles": [*access.api.roles, *access.api.trusted]}
    listed = {"listed": [*(table.name for table in access.tables), *access.internal_tables]}
    tables = {
        (row["role"], row["relation"], row["privilege"], row["column"])
        for row in rows(conn, "audit/privileges", {**roles, **listed})
    }
    functions = {
        (role, row["signature"], "execute", None)
        for row in rows(conn, "audit/functions", roles)
        for role in row["roles"]
    }
    return frozenset(tables | functions)


def rows(conn: Connection, name: str, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows of a catalogue query, as mappings by column."""
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query(name), values or None).fetchall()
