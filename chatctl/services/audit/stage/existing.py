"""``--on-existing-data``: a sample of the database's own rows and users, instead of a fixture."""

from __future__ import annotations

from dataclasses import replace

from psycopg import sql

from chatctl.db.connection import Connection
from chatctl.db.files import query, sql_statement
from chatctl.errors import Inconclusive
from chatctl.services.audit.access.clauses import raw_sql
from chatctl.services.audit.access.expectations import Access, TableRules
from chatctl.services.audit.stage import contents
from chatctl.services.audit.stage.contents import Content
from chatctl.services.audit.stage.workspace import (
    define_relations,
    errors_at,
    execute_single,
    inconclusive_on_error,
    insert_identities,
    live_view,
    prepare,
)
from chatctl.sqltext.quoting import relation


def make(conn: Connection, access: Access, limit: int) -> tuple[Access, dict[str, Content]]:
    """Find a user of the database for each identity, and up to ``limit`` rows of every table.

    Returns the rules without the identities that no user was found for, and the rows. Moments are left out,
    because they change data. Raises the errors of ``fixture.make``, and Inconclusive if no user was found.
    """
    access = replace(access, fixture=None, moments=(), existing_ids={})
    prepare(conn, access)
    with inconclusive_on_error("the audit's schema cannot be created"):
        conn.execute(sql_statement("audit/existing").encode())
    for table in access.tried_tables:
        with inconclusive_on_error(f"{table.name} cannot be read"):
            conn.execute(
                sql.SQL("create view {} as select * from {}").format(
                    live_view(access, table.name), raw_sql(relation(table.name))
                )
            )
    define_relations(conn, access)
    access = _resolve_names(conn, access)
    insert_identities(conn, access)
    return access, {table.name: _copy_rows(conn, access, table, limit) for table in access.tried_tables}


def _resolve_names(conn: Connection, access: Access) -> Access:
    """``access`` with the uuid of each name, and only the identities whose user was found.

    Raises Inconclusive when there is none.
    """
    ids: dict[str, str] = {}
    for name, text in access.existing.items():
        with errors_at(access, f"existing.{name}"):
            ((value,),) = execute_single(
                conn, sql.SQL("select ({})::uuid::text").format(raw_sql(text))
            ).fetchall()
        if value is not None:
            conn.execute("insert into chatctl_audit.names (name, id) values (%s, %s)", (name, value))
            ids[name] = value
    identities = tuple(each for each in access.identities if each.user is None or each.user in ids)
    if not any(each.user for each in identities):
        raise Inconclusive(
            f"no user of this database was found for an identity of {access.path.name}",
            hint="check the queries under `existing`, and that the database is not empty",
        )
    return replace(access, identities=identities, existing_ids=ids)


def _copy_rows(conn: Connection, access: Access, table: TableRules, limit: int) -> Content:
    content = contents.copy_rows(conn, access, table, _sample(conn, table, limit))
    return replace(content, whole=_is_complete(conn, table, limit))


def _is_complete(conn: Connection, table: TableRules, limit: int) -> bool:
    statement = sql.SQL("select count(*) <= {} from (select from {} limit {}) as these").format(
        sql.Literal(limit), raw_sql(relation(table.name)), sql.Literal(limit + 1)
    )
    return bool(conn.execute(statement).fetchall()[0][0])


def _sample(conn: Connection, table: TableRules, limit: int) -> sql.Composable:
    """The query for up to ``limit`` rows: first one for each set of names that rows refer to.

    It reads a bounded number of rows: those with a name through an index, any others by the key.
    """
    lookups = conn.execute(query("audit/lookups"), {"relation": relation(table.name)}).fetchall()
    matches = [_match(name, is_id=is_id) for name, is_id in lookups]
    key = sql.SQL(", ").join(sql.Identifier(part) for part in table.key)
    words = {"table": raw_sql(relation(table.name)), "key": key, "most": sql.Literal(limit)}
    names = sql.SQL("(select distinct id from chatctl_audit.names) as n")
    looked_up = (
        sql.SQL(
            "select found.* from {names} cross join lateral ("
            "select {key} from {table} this where {match} order by {key} limit {most}) as found"
        ).format(names=names, match=match, **words)
        for match in matches
    )
    any_rows = sql.SQL("(select {key} from {table} order by {key} limit {most})").format(**words)
    about = sql.SQL("array(select n.id from {names} where {match} order by n.id)").format(
        names=names, match=sql.SQL(" or ").join(matches) if matches else sql.SQL("false")
    )
    return sql.SQL(
        """
        select this.* from {table} this join (
          select {key} from (
            select {key}, cardinality(about) as names,
              row_number() over (partition by about order by {key}) as turn
            from (
              select {key}, {about} as about from {table} this join ({pool}) as pool using ({key})
            ) as known
          ) as ranked
          order by turn, names desc, {key} limit {most}
        ) as chosen using ({key})
        """
    ).format(about=about, pool=sql.SQL(" union ").join([*looked_up, any_rows]), **words)


def _match(name: str, *, is_id: bool) -> sql.Composable:
    value = sql.Identifier("this", name)
    # A text may be an id, or a path that contains one.
    return sql.SQL("{} = n.id" if is_id else "position(n.id::text in {}) > 0").format(value)
