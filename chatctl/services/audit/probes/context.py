"""What probes are generated from: the connection, the rules, the rows, and what each identity may read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import Any

from psycopg import sql

from chatctl.db.connection import Connection
from chatctl.db.files import query
from chatctl.services.audit.access.clauses import condition, key_expression, raw_sql
from chatctl.services.audit.access.expectations import NEVER, Access, Identity, TableRules
from chatctl.services.audit.inventory.privileges import Privileges
from chatctl.services.audit.probes.probe import Probe, write_targets
from chatctl.services.audit.stage.candidates import Candidate, candidates_of
from chatctl.services.audit.stage.contents import Column, Content, TableRow
from chatctl.services.audit.stage.workspace import errors_at, execute_single, snapshot
from chatctl.sqltext.quoting import array, column, literal, relation

# Values for a column that no identity may write, by type; for other types, values of other rows are used.
_SAMPLES = {
    "boolean": ("true", "false"),
    "bigint": ("424242", "424243"),
    "integer": ("424242", "424243"),
    "smallint": ("4242", "4243"),
    "numeric": ("4", "5"),
    "real": ("4", "5"),
    "double precision": ("4", "5"),
    "json": ("[]", "{}"),
    "jsonb": ("[]", "{}"),
    "text": ("audit", "audited"),
    "citext": ("audit", "audited"),
    "character varying": ("audit", "audited"),
    "character": ("a", "b"),
    "bytea": (r"\x61", r"\x62"),
    "date": ("1999-01-01", "1999-01-02"),
    "interval": ("1 day", "2 days"),
    "timestamp with time zone": ("1999-01-01T00:00:00Z", "1999-01-02T00:00:00Z"),
    "timestamp without time zone": ("1999-01-01T00:00:00", "1999-01-02T00:00:00"),
    "time without time zone": ("01:00:00", "02:00:00"),
    "inet": ("192.0.2.1", "192.0.2.2"),
    "text[]": ("{audit}", "{}"),
    "uuid": ("00000000-0000-4000-8000-0000000a0d17", "00000000-0000-4000-8000-0000000a0d18"),
}
# A uuid that no row has.
UNKNOWN = _SAMPLES["uuid"][0]
# The SQLSTATEs with which a view, a materialized view or a foreign table refuses all writes.
NOT_WRITABLE = ("55000", "42809", "0A000")


@dataclass(frozen=True)
class AuditContext:
    """The contents of the tables in the transaction of ``conn``, and the privileges held by roles."""

    conn: Connection
    access: Access
    contents: Mapping[str, Content]
    held: Privileges

    def trusts(self, identity: Identity) -> bool:
        return identity.role in self.access.api.trusted

    def holds(self, identity: Identity, name: str, privilege: str, part: str | None = None) -> bool:
        """Whether the role of ``identity`` has the privilege on the object called ``name``."""
        return (identity.role, name, privilege, part) in self.held

    @cached_property
    def actors(self) -> dict[str, str]:
        """The user id of each identity that has one."""
        statement = "select identity, actor::text from chatctl_audit.identities where actor is not null"
        return dict(self.conn.execute(statement).fetchall())

    @cached_property
    def tables_of_people(self) -> set[str]:
        """The tables whose keys are user ids, or that a column with user ids refers to."""
        people = set(self.actors.values())
        referred = {
            each.target
            for table in self.tables.values()
            for each in table.content.columns
            if each.target and people & {row.values[each.name] for row in table.rows}
        }
        return referred | {name for name, table in self.tables.items() if people & table.keys}

    @cached_property
    def writers(self) -> list[Identity]:
        return [each for each in self.access.identities if not each.reads_only]

    @cached_property
    def tables(self) -> dict[str, TableContext]:
        """Every table, by name."""
        return {table.name: TableContext(self, table) for table in self.access.tried_tables}

    def hidden(self, identity: Identity, value: str | None) -> bool:
        """Whether ``value`` is the key of rows that ``identity`` may not read."""
        matching = [table for table in self.tables.values() if value in table.keys]
        return bool(matching) and not any(value in table.readable[identity.name] for table in matching)


class TableContext:
    """One table: its rules, contents and statements, and which rows each identity may read."""

    def __init__(self, context: AuditContext, table: TableRules) -> None:
        self.context, self.rules, self.content = context, table, context.contents[table.name]
        self.conn, self.access, self.trusts, self.writers = (
            context.conn, context.access, context.trusts, context.writers,
        )  # fmt: skip
        self.target = relation(table.name)
        self.snapshot = snapshot(context.access, table.name)
        self.types = {each.name: each.type for each in self.content.columns}
        self.rows = self.content.rows

    @cached_property
    def readable(self) -> dict[str, set[str]]:
        """The keys of the rows that each identity may read; trusted roles read every row."""
        allowed = self.allowed(self.rules.select, "select")
        return {
            who.name: {row.key for row in self.rows if self.trusts(who) or allowed[who.name, row.key]}
            for who in self.access.identities
        }

    @cached_property
    def cascades(self) -> bool:
        """Whether deleting a row also deletes others."""
        (cascades,) = self.conn.execute(query("audit/cascades"), {"relation": self.target}).fetchall()[0]
        return bool(cascades)

    @cached_property
    def keys(self) -> set[str]:
        return {row.key for row in self.rows}

    @cached_property
    def candidates(self) -> list[tuple[Identity, list[Candidate]]]:
        """The candidate rows to insert, for each identity that writes."""
        insert = self.rules.insert
        if insert is None:
            return []
        arguments = {name: (text, self.types[name]) for name, text in insert.values.items()}
        no_rows = sql.SQL("null::text[]")
        all_candidates = candidates_of(
            self.conn,
            self.access,
            arguments=arguments,
            allow=insert.allow,
            unless=insert.unless,
            rows=no_rows,
            key=self.key("insert"),
        )
        people = {who.name: who for who in self.writers}
        groups = groupby(all_candidates, key=lambda each: each.identity)
        return [(people[name], list(group)) for name, group in groups if name in people]

    def probe(
        self,
        identity: Identity,
        action: str,
        *,
        subject: str,
        statement: str,
        args: tuple[str | None, ...] = (),
        **more: Any,
    ) -> Probe:
        trusted = self.trusts(identity)
        changes = None if trusted else self._changes(action, more["privilege"])
        if self.content.kind not in ("r", "p"):
            more["refused"] = (*more.get("refused", ()), *NOT_WRITABLE)
        return Probe(
            identity=identity,
            object=self.rules.name,
            action=action,
            subject=subject,
            statement=statement,
            args=args,
            trusted=trusted,
            changes=changes,
            **more,
        )

    def _changes(self, action: str, privilege: str) -> frozenset[str] | None:
        """The allowed writes: to the table itself, and to those that access.yaml lists under `changes`."""
        if self.rules.changes is None or privilege not in ("insert", "update", "delete"):
            return None
        own = ("insert", "update") if action.startswith("upsert") else (privilege,)
        return write_targets({self.rules.name: own}) | write_targets(self.rules.changes)

    def insert(self, names: Iterable[str]) -> str:
        """An insert of these columns, their values $1 and following."""
        names = list(names)
        listed = ", ".join(column(name) for name in names)
        values = ", ".join(f"${number}::{self.types[name]}" for number, name in enumerate(names, 1))
        return f"insert into {self.target} ({listed}) values ({values})"

    def update(self, name: str, *, blind: bool = False) -> str:
        """An update of the column to $1, of the row with the key $2 and following."""
        setting = f"update {self.target} set {column(name)} = $1::{self.types[name]}"
        return setting if blind else f"{setting} where {self.key_is(self.key_placeholder(1))}"

    def key_placeholder(self, after: int) -> Callable[[str], str]:
        """The placeholder for each column of the key, numbered from ``after`` + 1."""
        placeholders = {name: f"${number}" for number, name in enumerate(self.rules.key, after + 1)}
        return placeholders.__getitem__

    def key_is(self, value: Callable[[str], str], row: TableRow | None = None) -> str:
        """The condition for one row: ``value`` of each key value of ``row``, or of each key column's name."""
        return " and ".join(
            f"{column(name)} = {value((row.keys[name]) if row else name)}::{self.types[name]}"
            for name in self.rules.key
        )

    def copied_rows_condition(self) -> tuple[str, tuple[str, ...]]:
        """The condition for the copied rows, and its arguments; true for a view without copies."""
        if self.rules.rows:
            return "true", ()
        name, *more = self.rules.key
        if not more:
            return f"{column(name)} = any ($1::{self.types[name]}[])", (array(row.key for row in self.rows),)
        return " or ".join(f"({self.key_is(literal, row)})" for row in self.rows) or "false", ()

    def allowed(self, text: str, key: str) -> dict[tuple[str, str], bool]:
        """Whether the condition ``text`` holds, for every identity and copied row."""
        if text == NEVER:
            return {
                (identity.name, row.key): False for identity in self.access.identities for row in self.rows
            }
        statement = sql.SQL(
            "select me.identity, {}, {} from chatctl_audit.identities me cross join {} this"
        ).format(raw_sql(key_expression(self.rules.key)), condition(text), self.snapshot)
        with errors_at(self.access, self.key(key)):
            return {(name, key): may for name, key, may in execute_single(self.conn, statement)}

    def key(self, key: str) -> str:
        """The path of a key of this table in access.yaml."""
        return f"tables.{self.rules.name}.{key}"

    def rows_to_try(self, identity: Identity) -> list[TableRow]:
        """The rows that ``identity`` may read, and one that it may not."""
        hidden = [row for row in self.rows if row.key not in self.readable[identity.name]]
        return [row for row in self.rows if row.key in self.readable[identity.name]] + hidden[:1]

    def holds_user_ids(self, each: Column) -> bool:
        """Whether the column contains user ids."""
        values = {row.values[each.name] for row in self.rows}
        return each.target in self.context.tables_of_people or bool(
            values & set(self.context.actors.values())
        )

    def current_value(self, name: str, key: str | None) -> str | None:
        """The value of the column in the row ``key``."""
        return next((row.values[name] for row in self.rows if row.key == key), None)

    def other_value(self, each: Column, key: str | None) -> str | None:
        """A value for the column that differs from the one in the row ``key`` and passes the table's checks.

        If no other value passes them, the current one, which every role that may write the column can write.
        """
        current = self.current_value(each.name, key)
        fitting = (
            value
            for value in self._possible_values(each)
            if value != current and (not each.checks or (each.name, key, value) in self._passing)
        )
        return next(fitting, current)

    def _possible_values(self, each: Column) -> list[str]:
        """Values to write into the column, the best first."""
        kind, _, most = each.type.removesuffix(")").partition("(")
        samples: tuple[str, ...] = () if each.refers else _SAMPLES.get(kind, ())
        if kind in ("character varying", "character") and most:
            samples = tuple(sample[: int(most)] for sample in samples)
        existing = sorted({value for row in self.rows if (value := row.values[each.name])})
        return list(dict.fromkeys([*samples, *existing, *each.choices]))

    @cached_property
    def _passing(self) -> set[tuple[str, str | None, str]]:
        """(column, key of the row or None for a new one, value): the values that pass the checks."""
        queries = [
            self._passing_query(each).as_string(None) for each in self.content.columns
            if each.checks and not each.generated
        ]  # fmt: skip
        return set(self.conn.execute("select * from chatctl_audit.brought(%s)", (queries,)).fetchall())

    def _passing_query(self, checked: Column) -> sql.Composable:
        """The query for the rows and values that pass all checks of one column."""
        columns = (
            sql.SQL("{} as {}").format(
                sql.SQL("offered.value::{}").format(raw_sql(each.type))
                if each is checked
                else sql.SQL("(each.this).{}").format(sql.Identifier(each.name)),
                sql.Identifier(each.name),
            )
            for each in self.content.columns
        )
        met = sql.SQL(" and ").join(
            sql.SQL("coalesce(({}), true)").format(raw_sql(check)) for check in checked.checks
        )
        # The checks name columns without their table, so the subquery has no other names in scope.
        return sql.SQL(
            "select {name}, each.key, offered.value from unnest({offered}::text[]) as offered (value) "
            "cross join (select {key} as key, this from {rows} this union all select null, null) as each "
            "where (select {met} from (select {columns}) as {table})"
        ).format(
            name=sql.Literal(checked.name),
            offered=sql.Literal(self._possible_values(checked)),
            key=raw_sql(key_expression(self.rules.key)),
            rows=self.snapshot,
            met=met,
            columns=sql.SQL(", ").join(columns),
            table=sql.Identifier(self.rules.name.split(".", 1)[1]),
        )
