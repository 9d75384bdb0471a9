"""The objects of the database that can be mutated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

from psycopg.rows import class_row

from chatctl.db.connection import Connection
from chatctl.db.files import query
from chatctl.services.audit.access.expectations import Access
from chatctl.sqltext.quoting import procedure
from chatctl.sqltext.tokens import tokens

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Relation:
    """A table or view; ``principals`` are the columns that name a user."""

    relation: str
    kind: str
    owned: bool
    row_security: bool
    sends_rows: bool
    options: Sequence[str]
    definition: str | None
    columns: Sequence[str]
    principals: Sequence[str]
    readers: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Policy:
    """A policy, with its conditions as PostgreSQL prints them."""

    relation: str
    name: str
    permissive: bool
    command: str
    roles: Sequence[str]
    using: str | None
    check: str | None


@dataclass(frozen=True, kw_only=True)
class Privilege:
    """Whether a role may do something with a table or one of its columns."""

    relation: str
    role: str
    reached: bool
    command: str
    column: str | None
    held: bool


@dataclass(frozen=True)
class GrantedPrivilege:
    """A granted privilege."""

    relation: str
    column: str | None
    role: str
    command: str


@dataclass(frozen=True, kw_only=True)
class Function:
    """A function; functions.sql documents the fields."""

    oid: int
    signature: str
    schema: str
    name: str
    language: str
    owned: bool
    definer: bool
    immutable: bool
    replaceable: bool
    trigger: bool
    before_row: bool
    uuid_parameters: Sequence[str]
    tables: Sequence[str]
    used: bool
    body: str
    definition: str | None
    reached_by: Sequence[str]
    callers: Sequence[str]
    granted_to: Sequence[str]
    to_public: bool


@dataclass(frozen=True)
class Trigger:
    """A trigger, with its CREATE statement."""

    relation: str
    name: str
    definition: str


@dataclass(frozen=True)
class Bucket:
    """A bucket of Storage."""

    name: str
    public: bool
    file_size_limit: int | None
    allowed_mime_types: Sequence[str] | None


@dataclass(frozen=True)
class Publication:
    """A publication and its tables."""

    name: str
    tables: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """All objects. ``relations`` has those of every schema that a condition may refer to, by name.

    ``names`` maps a listed function to its signature in access.yaml; ``missing`` are those that do not exist.
    callers.sql documents ``user_functions`` and ``predicate_functions``.
    """

    access: Access
    relations: Mapping[str, Relation]
    policies: Sequence[Policy]
    privileges: Sequence[Privilege]
    grants: Sequence[GrantedPrivilege]
    functions: Sequence[Function]
    names: Mapping[int, str]
    missing: Sequence[str]
    user_functions: frozenset[str]
    predicate_functions: frozenset[str]
    triggers: Sequence[Trigger]
    buckets: Sequence[Bucket]
    publications: Sequence[Publication]

    @cached_property
    def tables(self) -> Sequence[Relation]:
        """The relations that access.yaml lists."""
        return [self.relations[name] for name in sorted(_listed(self.access)) if name in self.relations]

    def holds(self, relation: str, role: str, command: str) -> bool:
        """Whether ``role`` has the privilege on any column of ``relation``."""
        return (relation, role, command) in self._held

    @cached_property
    def _held(self) -> frozenset[tuple[str, str, str]]:
        return frozenset(
            (each.relation, each.role, each.command) for each in self.privileges if each.held and each.reached
        )


def read(conn: Connection, access: Access) -> Catalogue:
    """Read what ``access`` lists, and what these objects use."""
    listed = sorted(_listed(access))
    schemas = sorted(
        {name for name, kind in access.schemas.items() if kind != "platform"}
        | {name.split(".")[0] for name in listed}
    )
    own_schemas = sorted(name for name, kind in access.schemas.items() if kind in ("exposed", "internal"))
    values: dict[str, Any] = {"relations": listed, "roles": list(access.api.roles)}
    signatures = [each.signature for each in access.functions] + sorted(access.internal_functions)
    with conn.cursor() as cursor:
        parameters = {"names": signatures, "quoted": [procedure(name) for name in signatures]}
        oids = cursor.execute(query("audit/mutation/names"), parameters).fetchall()
    names = {oid: name for name, oid in oids if oid}
    # With an empty search_path PostgreSQL prints qualified names, which mutants need.
    with conn.transaction(force_rollback=True):
        conn.execute("set local search_path = ''")
        functions = _rows(conn, "functions", Function, {**values, "schemas": own_schemas})
        with conn.cursor() as cursor:
            callers = cursor.execute(query("audit/mutation/callers"), {"roles": values["roles"]}).fetchall()
        return Catalogue(
            access=access,
            relations={
                each.relation: each
                for each in _rows(conn, "relations", Relation, {**values, "schemas": schemas})
            },
            policies=_rows(conn, "policies", Policy, {"relations": listed}),
            privileges=_rows(conn, "privileges", Privilege, values),
            grants=_rows(conn, "grants", GrantedPrivilege, values),
            functions=list(_in_use(functions, frozenset(names))),
            names=names,
            missing=[name for name, oid in oids if not oid],
            user_functions=frozenset(name for name, who in callers if who),
            predicate_functions=frozenset(name for name, who in callers if not who),
            triggers=_rows(conn, "triggers", Trigger, {"relations": listed, "schemas": own_schemas}),
            buckets=_rows(conn, "buckets", Bucket, {"names": list(access.buckets)}) if access.buckets else [],
            publications=_rows(conn, "publications", Publication, {"names": list(access.publications)}),
        )


def calls(text: str) -> Iterator[str]:
    """The functions that ``text`` calls by qualified name, as schema.name."""
    scanned = tokens(text)
    for schema, dot, name, opener in zip(scanned, scanned[1:], scanned[2:], scanned[3:], strict=False):
        if dot.text == "." and opener.text == "(":
            yield f"{schema.text}.{name.text}"


def _rows(conn: Connection, name: str, row: type[T], values: Mapping[str, Any]) -> list[T]:
    with conn.cursor(row_factory=class_row(row)) as cursor:
        return cursor.execute(query(f"audit/mutation/{name}"), values).fetchall()


def _listed(access: Access) -> set[str]:
    return {each.name for each in access.tables} | set(access.internal_tables)


def _in_use(functions: Sequence[Function], listed: frozenset[int]) -> Iterator[Function]:
    """The functions that are listed or used, and those that they call."""
    used = {f"{each.schema}.{each.name}" for each in functions if each.used or each.oid in listed}
    bodies = {f"{each.schema}.{each.name}": set[str]() for each in functions}
    for each in functions:
        bodies[f"{each.schema}.{each.name}"] |= set(calls(each.body))
    pending = sorted(used)
    while pending:
        new = bodies.get(pending.pop(), set()) - used
        used |= new
        pending += sorted(new)
    return (each for each in functions if f"{each.schema}.{each.name}" in used)
