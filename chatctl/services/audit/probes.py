"""What is tried: every identity against every row, column, candidate and argument that access.yaml declares.

What must happen is asked of the database beforehand, as the operator over the fixture: conditions of
access.yaml, never a policy. Each generator asks once for all identities and makes statements of the answers.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from psycopg import sql

from chatctl.db.connection import Connection
from chatctl.db.files import query
from chatctl.services.audit.candidates import candidates_of
from chatctl.services.audit.expectations import NEVER, Access, Change, Function, Identity, Insert, Table
from chatctl.services.audit.fixture import Column, Content, Row, reading
from chatctl.services.audit.sqltext import column, condition, key_text, literal, relation, written

# A value of the type for a column that nobody may write; where none is listed, the column's own value serves.
_SAMPLES = {
    "boolean": "true",
    "bigint": "424242",
    "integer": "424242",
    "jsonb": "[]",
    "text": "audit",
    "timestamp with time zone": "1999-01-01T00:00:00Z",
    "uuid": "00000000-0000-4000-8000-0000000a0d17",
}


WITHOUT_WHERE = " without where"
_ALL = "all rows"


@dataclass(frozen=True, slots=True)
class Probe:
    """One statement as one identity, its values in ``args``, and what must come of it.

    ``action`` says what is tried; one that succeeds shows for its whole shape that a refusal means something.
    A read or call that is ``allowed`` brings exactly ``rows`` (unless None), a write changes ``count`` rows.
    ``privilege`` and ``column`` are what the role needs to get as far as the policies.
    """

    identity: Identity
    object: str
    action: str
    subject: str
    statement: str
    args: tuple[str | None, ...]
    allowed: bool
    privilege: str
    column: str | None = None
    fetches: bool = False
    rows: tuple[str | None, ...] | None = None
    count: int | None = None
    holds: str | None = None
    refused: tuple[str, ...] = ()
    may_refuse: bool = False
    trusted: bool = False

    @property
    def shape(self) -> tuple[str, str]:
        """What a twin shares: the same statement, whether it names its row or not."""
        return self.object, self.action.removesuffix(WITHOUT_WHERE)


def generate(
    conn: Connection, access: Access, contents: Mapping[str, Content], only: Collection[str] = ()
) -> list[Probe]:
    """Every probe of ``access``, or of the objects named ``only``; the order is the same in every run."""
    probes: list[Probe] = []
    for table in access.tables:
        if not only or table.name in only:
            probes += _OfTable(conn, access, table, contents[table.name]).all()
    for function in access.functions:
        if not only or function.signature in only:
            probes += _calls(conn, access, function)
    return probes


class _OfTable:
    """The probes of one table."""

    def __init__(self, conn: Connection, access: Access, table: Table, content: Content) -> None:
        self.conn, self.access, self.table, self.content = conn, access, table, content
        self.target = relation(table.name)
        self.snapshot = sql.Identifier("chatctl_audit", table.name.split(".", 1)[1])
        self.types = {each.name: each.type for each in content.columns}
        self.untrusted = [each for each in access.identities if each.role not in access.api.trusted]
        self.writers = [each for each in access.identities if not each.reads_only]
        said = self.allowed(table.select, "select")
        # The positive control reads every row, whatever the condition says.
        self.readable = {
            who.name: {row.key for row in content.rows if self.trusts(who) or said[who.name, row.key]}
            for who in access.identities
        }

    def all(self) -> Iterator[Probe]:
        yield from self.reads()
        if self.table.insert:
            yield from self.inserts(self.table.insert)
        for name, changes in self.table.update.items():
            for number, change in enumerate(changes):
                yield from self.updates(name, change, number)
        for each in self.content.columns:
            if each.name not in self.table.update and not each.generated:
                yield from self.forbidden_updates(each)
        yield from self.deletes()
        if not self.table.platform_privileges:
            yield from self.truncates()

    def reads(self) -> Iterator[Probe]:
        key = key_text(self.table.key)
        among = " or ".join(f"({self.key_is(literal, row)})" for row in self.content.rows)
        rows_read = (
            f"select coalesce(array_agg({key} order by {key}), '{{}}') from {self.target} this where {among}"
        )
        column_read = (
            "select array_fill('x'::text, array[count(*)::integer]) "
            f"from (select {{}} from {self.target} this where {among}) as seen"
        )
        for identity in self.access.identities:
            keys = tuple(sorted(self.readable[identity.name]))
            more: dict[str, Any] = {"allowed": bool(keys), "fetches": True, "privilege": "select"}
            yield self.probe(identity, "select", _ALL, rows_read, rows=keys, column=self.table.key[0], **more)
            for each in self.content.columns if not identity.reads_only else ():
                yield self.probe(
                    identity, f"select {each.name}", _ALL, column_read.format(column(each.name)),
                    rows=("x",) * len(keys), column=each.name, **more,
                )  # fmt: skip

    def inserts(self, insert: Insert) -> Iterator[Probe]:
        arguments = {name: (text, self.types[name]) for name, text in insert.values.items()}
        where = f"tables.{self.table.name}.insert"
        nothing = sql.SQL("null::text[]")
        tried = candidates_of(self.conn, self.access, arguments, insert.allow, insert.unless, nothing, where)
        plain = self.insert([*arguments])
        returning = f"with made as ({plain} returning *) select array_agg('x'::text) from made"
        people = {who.name: who for who in self.writers}
        for name, group in groupby(tried, key=lambda each: each.identity):
            candidates = list(group)
            if name not in people:
                continue
            identity, trusted = people[name], self.trusts(people[name])
            more: dict[str, Any] = {"privilege": "insert", "column": next(iter(arguments))}
            for each in candidates:
                said, may = _said(arguments, each.values), trusted or each.allowed
                yield self.probe(
                    identity, "insert", said, plain, each.values, allowed=may, count=1, **more
                )  # fmt: skip
                # RETURNING asks the select policies on top: what is refused without it is refused with it.
                if may:
                    yield self.probe(
                        identity, "insert returning", said, returning, each.values, allowed=may,
                        fetches=True, rows=("x",), **more,
                    )  # fmt: skip
            if not self.table.platform_privileges:
                best = next((each for each in candidates if each.allowed), candidates[0])
                yield from self.forbidden_inserts(identity, [*arguments], best.values)

    def forbidden_inserts(
        self, identity: Identity, listed: list[str], values: tuple[str | None, ...]
    ) -> Iterator[Probe]:
        """The best row that ``identity`` has, with one column more that is the server's to fill."""
        for owned in self.content.columns:
            if owned.name not in listed and not owned.generated:
                yield self.probe(
                    identity, f"insert with {owned.name}", _said(listed, values),
                    self.insert([*listed, owned.name]), (*values, self.other(owned, None)),
                    allowed=self.trusts(identity), count=1, privilege="insert", column=owned.name,
                )  # fmt: skip

    def updates(self, name: str, change: Change, number: int) -> Iterator[Probe]:
        where = f"tables.{self.table.name}.update.{name}[{number}]"
        allowed = self.allowed(change.allow, f"{where}.allow")
        values = self.values(name, change, where)
        action = f"update {name}" + (f" [{number}]" if number else "")
        more: dict[str, Any] = {"privilege": "update", "column": name, "refused": change.refused}
        one, every = self.update(name), self.update(name, blind=True)
        holds = self.holds(change)
        for identity in self.writers:
            trusted = self.trusts(identity)
            mine = [row.key for row in self.content.rows if allowed[identity.name, row.key]]
            for row in self.content.rows:
                may = allowed[identity.name, row.key] or trusted
                yield self.probe(
                    identity, action, row.key, one, (values[identity.name, row.key], *row.keys.values()),
                    allowed=may, count=1,
                    holds=f"{holds}{literal(row.key)}" if holds and may and not trusted else None, **more,
                )  # fmt: skip
            if change.blind and not trusted:
                value = values[identity.name, (mine or [self.content.rows[0].key])[0]]
                yield self.probe(
                    identity, action + WITHOUT_WHERE, _ALL, every, (value,),
                    # One row that is refused by an error takes those that are allowed with it.
                    allowed=bool(mine), count=len(mine),
                    may_refuse=bool(self.readable[identity.name] - set(mine)), **more,
                )  # fmt: skip

    def forbidden_updates(self, each: Column) -> Iterator[Probe]:
        rows, action = self.content.rows, f"update {each.name}"
        more: dict[str, Any] = {"privilege": "update", "column": each.name}
        one, every = self.update(each.name), self.update(each.name, blind=True)
        for identity in self.writers:
            trusted = self.trusts(identity)
            seen = [row for row in rows if row.key in self.readable[identity.name]]
            hidden = [row for row in rows if row.key not in self.readable[identity.name]]
            for row in rows if trusted else (*seen, *hidden[:1]):
                yield self.probe(
                    identity, action, row.key, one,
                    (self.other(each, row.key), *row.keys.values()), allowed=trusted, count=1, **more,
                )  # fmt: skip
            if not trusted:
                yield self.probe(
                    identity, action + WITHOUT_WHERE, _ALL, every, (self.other(each, rows[0].key),),
                    allowed=False, **more,
                )  # fmt: skip

    def deletes(self) -> Iterator[Probe]:
        allowed = self.allowed(self.table.delete, "delete")
        one = f"delete from {self.target} where {self.key_is(self.place(0))}"
        for identity in self.writers:
            trusted = self.trusts(identity)
            for row in self.content.rows:
                yield self.probe(
                    identity, "delete", row.key, one, tuple(row.keys.values()),
                    allowed=trusted or allowed[identity.name, row.key], count=1, privilege="delete",
                )  # fmt: skip
            if not trusted:
                mine = [row.key for row in self.content.rows if allowed[identity.name, row.key]]
                yield self.probe(
                    identity, "delete" + WITHOUT_WHERE, _ALL, f"delete from {self.target}",
                    allowed=bool(mine), count=len(mine), privilege="delete",
                )  # fmt: skip

    def truncates(self) -> Iterator[Probe]:
        # Decided by the privilege alone, so the inventory's look into the catalogue is its twin.
        for identity in self.untrusted:
            if not identity.reads_only:
                yield self.probe(
                    identity, "truncate", _ALL, f"truncate {self.target}", allowed=False, privilege="truncate"
                )

    def probe(
        self, identity: Identity, action: str, subject: str, statement: str,
        args: tuple[str | None, ...] = (), **more: Any,
    ) -> Probe:  # fmt: skip
        trusted = self.trusts(identity)
        return Probe(identity, self.table.name, action, subject, statement, args, trusted=trusted, **more)

    def insert(self, names: list[str]) -> str:
        """An insert of these columns, their values $1 and following."""
        listed = ", ".join(column(name) for name in names)
        places = ", ".join(f"${number}::{self.types[name]}" for number, name in enumerate(names, 1))
        return f"insert into {self.target} ({listed}) values ({places})"

    def update(self, name: str, *, blind: bool = False) -> str:
        """An update of the column to $1, of the row with the key $2 and following."""
        setting = f"update {self.target} set {column(name)} = $1::{self.types[name]}"
        return setting if blind else f"{setting} where {self.key_is(self.place(1))}"

    def place(self, after: int) -> Callable[[str], str]:
        places = {name: f"${number}" for number, name in enumerate(self.table.key, after + 1)}
        return places.__getitem__

    def key_is(self, value: Callable[[str], str], row: Row | None = None) -> str:
        """The condition that picks one row: by ``value`` of its key; without a row, of the column's name."""
        return " and ".join(
            f"{column(name)} = {value((row.keys[name]) if row else name)}::{self.types[name]}"
            for name in self.table.key
        )

    def trusts(self, identity: Identity) -> bool:
        return identity.role in self.access.api.trusted

    def allowed(self, text: str, key: str) -> dict[tuple[str, str], bool]:
        """For every identity and row of the fixture, whether the condition holds."""
        if text == NEVER:
            rows, everybody = self.content.rows, self.access.identities
            return {(identity.name, row.key): False for identity in everybody for row in rows}
        asked = sql.SQL(
            "select me.identity, {}, {} from chatctl_audit.identities me cross join {} this"
        ).format(written(key_text(self.table.key)), condition(text), self.snapshot)
        where = key if key.startswith("tables.") else f"tables.{self.table.name}.{key}"
        with reading(self.access, where):
            return {(name, key): may for name, key, may in self.conn.execute(asked)}

    def values(self, name: str, change: Change, where: str) -> dict[tuple[str, str], str | None]:
        """The text of the value to write, for every identity and row."""
        type_name = next(each.type for each in self.content.columns if each.name == name)
        asked = sql.SQL(
            "select me.identity, {}, ({})::{}::text from chatctl_audit.identities me cross join {} this"
        ).format(written(key_text(self.table.key)), written(change.value), written(type_name), self.snapshot)
        with reading(self.access, f"{where}.set"):
            return {(identity, key): value for identity, key, value in self.conn.execute(asked)}

    def holds(self, change: Change) -> str | None:
        """The query whether a row is as access.yaml says after the write, up to its key."""
        if change.holds is None:
            return None
        same = " and ".join(f"this.{column(part)} = before.{column(part)}" for part in self.table.key)
        asked = sql.SQL(
            "select coalesce(bool_and({}), false) from {} this join {} before on {} "
            "join chatctl_audit.identities me on me.position = $1 where {} = "
        ).format(
            condition(change.holds), written(self.target), self.snapshot, written(same),
            written(key_text(self.table.key)),
        )  # fmt: skip
        return asked.as_string(None)

    def other(self, each: Column, key: str | None) -> str | None:
        """A value that the column does not have in the row ``key``."""
        own = next((row.values[each.name] for row in self.content.rows if row.key == key), None)
        if each.refers or each.type not in _SAMPLES:
            found = sorted({row.values[each.name] or "" for row in self.content.rows} - {own or "", ""})
            return found[0] if found else own
        return _SAMPLES[each.type]


def _calls(conn: Connection, access: Access, function: Function) -> Iterator[Probe]:
    found = conn.execute(query("audit/arguments"), {"signature": function.signature}).fetchone()
    if found is None:  # the inventory reports it
        return
    types = dict(zip(*found, strict=True))
    key = f"functions.{function.signature}"
    arguments = {name: (text, types.get(name, "text")) for name, text in function.call.items()}
    rows: sql.Composable = sql.SQL("null::text[]")
    if function.rows:
        rows = sql.SQL(
            "array(select expected.value::text from ({}) as expected (value) order by 1)"
        ).format(written(function.rows))  # fmt: skip
    tried = candidates_of(conn, access, arguments, function.allow, function.unless, rows, key)
    name = function.signature.split("(")[0]
    value = f"result.{column(function.value)}" if function.value not in (None, "result") else "result"
    given = ", ".join(
        f"{column(argument)} => ${number}::{type_name}"
        for number, (argument, (_, type_name)) in enumerate(arguments.items(), 1)
    )
    listed = f"array_agg({value}::text order by {value}::text)"
    statement = f"select {listed} from {relation(name)}({given}) as result"
    people = {who.name: who for who in access.identities if not who.reads_only}
    for each in tried:
        if each.identity in people:
            identity = people[each.identity]
            yield Probe(
                identity, function.signature, "call", _said(arguments, each.values), statement, each.values,
                allowed=each.allowed, privilege="execute", fetches=True, rows=each.rows,
                refused=function.refused, trusted=identity.role in access.api.trusted,
            )  # fmt: skip


def _said(arguments: Iterable[str], values: tuple[str | None, ...]) -> str:
    return ", ".join(f"{name}={value}" for name, value in zip(arguments, values, strict=True))
