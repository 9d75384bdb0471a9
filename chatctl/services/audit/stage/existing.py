"""The database as it is, in place of a fixture: some of its rows, and its people as identities."""

from __future__ import annotations

from dataclasses import replace

from psycopg import sql

from chatctl.db.connection import Connection
from chatctl.db.files import query
from chatctl.errors import Inconclusive
from chatctl.services.audit.access.clauses import written
from chatctl.services.audit.access.expectations import Access, Table
from chatctl.services.audit.stage import contents
from chatctl.services.audit.stage.contents import Content
from chatctl.services.audit.stage.workspace import (
    define_relations,
    introduce,
    live,
    needed,
    prepare,
    reading,
    single,
)
from chatctl.sqltext.quoting import relation


def make(conn: Connection, access: Access, most: int) -> tuple[Access, dict[str, Content]]:
    """Choose who stands for whom, and ``most`` rows of every table.

    Returned are the rules for those that somebody stands for, and the rows. Nobody is moved: the moments of
    access.yaml are left out. Raises as ``fixture.make`` does, and Inconclusive when nobody stands for one.
    """
    access = replace(access, fixture=None, moments=(), found={})
    prepare(conn, access)
    with needed("the audit's schema cannot be made"):
        conn.execute(query("audit/existing").encode())
    for table in access.tried_tables:
        with needed(f"{table.name} cannot be read"):
            conn.execute(
                sql.SQL("create view {} as select * from {}").format(
                    live(access, table.name), written(relation(table.name))
                )
            )
    define_relations(conn, access)
    access = _cast(conn, access)
    introduce(conn, access)
    return access, {table.name: _take(conn, access, table, most) for table in access.tried_tables}


def _cast(conn: Connection, access: Access) -> Access:
    """``access`` with what its names stand for, for the identities that have somebody.

    Raises Inconclusive when none has.
    """
    found: dict[str, str] = {}
    for name, text in access.existing.items():
        with reading(access, f"existing.{name}"):
            ((value,),) = single(conn, sql.SQL("select ({})::uuid::text").format(written(text))).fetchall()
        if value is not None:
            conn.execute("insert into chatctl_audit.names (name, id) values (%s, %s)", (name, value))
            found[name] = value
    there = tuple(each for each in access.identities if each.user is None or each.user in found)
    if not any(each.user for each in there):
        raise Inconclusive(
            f"nobody in this database stands for an identity of {access.path.name}",
            hint="`existing` there says who does; is the database empty?",
        )
    return replace(access, identities=there, found=found)


def _take(conn: Connection, access: Access, table: Table, most: int) -> Content:
    taken = contents.take(conn, access, table, _sample(conn, table, most))
    return replace(taken, whole=_holds_no_more(conn, table, most))


def _holds_no_more(conn: Connection, table: Table, most: int) -> bool:
    counted = sql.SQL("select count(*) <= {} from (select from {} limit {}) as these").format(
        sql.Literal(most), written(relation(table.name)), sql.Literal(most + 1)
    )
    return bool(conn.execute(counted).fetchall()[0][0])


def _sample(conn: Connection, table: Table, most: int) -> sql.Composable:
    """The query for at most so many rows: first one for each set of names that rows have to do with.

    What it reads is bounded: in a large table it finds rows by index, and any rows by the key.
    """
    lookups = conn.execute(query("audit/lookups"), {"relation": relation(table.name)}).fetchall()
    matches = [_match(name, is_id=is_id) for name, is_id in lookups]
    key = sql.SQL(", ").join(sql.Identifier(part) for part in table.key)
    words = {"table": written(relation(table.name)), "key": key, "most": sql.Literal(most)}
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
    # A text may be an id, or a path with one in it.
    return sql.SQL("{} = n.id" if is_id else "position(n.id::text in {}) > 0").format(value)
