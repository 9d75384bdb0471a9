"""What ``access.yaml`` says: who may do what, in a shape that the audit can put to the test.

Conditions and values stay SQL text, for the database to read. Nothing here knows a schema.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from chatctl.errors import Invalid

NEVER = "never"

SchemaKind = Literal["exposed", "storage", "internal", "platform"]

T = TypeVar("T")

_RELATION = re.compile(r"^[a-z_]\w*\([^()]*\)$")
_TABLE = re.compile(r"^\w+\.\w+$")
_FUNCTION = re.compile(r"^\w+\.\w+\(.*\)$")
_SQLSTATE = re.compile(r"^[0-9A-Z]{5}$")


@dataclass(frozen=True)
class Api:
    """The roles of the API; see access.yaml for what each list is."""

    roles: tuple[str, ...]
    granted: tuple[str, ...]
    trusted: tuple[str, ...]
    signs_in: str | None
    also_takes: tuple[str, ...]


@dataclass(frozen=True)
class Identity:
    """Somebody to impersonate: ``claims`` are added to the token, ``raw`` is SQL for all of the setting."""

    name: str
    says: str
    role: str
    user: str | None
    claims: Mapping[str, Any]
    raw: str | None
    reads_only: bool


@dataclass(frozen=True)
class Insert:
    """Rows to try: ``values`` are the columns that a client may fill, each with the SQL of its values."""

    values: Mapping[str, str]
    allow: str
    unless: str | None


@dataclass(frozen=True)
class Change:
    """A value to write into a column, whose rows may take it, and what must hold afterwards."""

    value: str
    allow: str
    holds: str | None
    refused: tuple[str, ...]
    blind: bool


@dataclass(frozen=True)
class Table:
    """What may be done with the rows of one table."""

    name: str
    key: tuple[str, ...]
    select: str
    insert: Insert | None
    update: Mapping[str, tuple[Change, ...]]
    delete: str
    platform_privileges: bool


@dataclass(frozen=True)
class Function:
    """Who may call a function with which arguments, and which ``rows`` come back in the column ``value``."""

    signature: str
    allow: str
    call: Mapping[str, str]
    unless: str | None
    refused: tuple[str, ...]
    value: str | None
    rows: str | None


@dataclass(frozen=True)
class Access:
    """The whole of access.yaml; ``path`` is where it was read."""

    path: Path
    fixture: Path
    api: Api
    schemas: Mapping[str, SchemaKind]
    denials: frozenset[str]
    identities: tuple[Identity, ...]
    relations: Mapping[str, str]
    tables: tuple[Table, ...]
    functions: tuple[Function, ...]
    internal_tables: frozenset[str]
    internal_functions: frozenset[str]
    buckets: Mapping[str, Mapping[str, Any]]
    publications: Mapping[str, frozenset[str]]


def load(path: Path) -> Access:
    """Read ``path``. Raises Invalid naming the file and the key of whatever is wrong with it."""
    root = _Section.root(path)
    root.knows("fixture", "api", "schemas", "denials", "identities", "relations", "tables", "functions",
               "internal", "buckets", "publications")  # fmt: skip
    fixture = path.parent / root.text("fixture")
    if not fixture.is_file():
        raise root.wrong("fixture", f"names {fixture}, which does not exist")
    internal = root.section("internal", optional=True).knows("tables", "functions")
    access = Access(
        path=path,
        fixture=fixture,
        api=_api(root.section("api")),
        schemas={
            name: root.section("schemas").choice(name, ("exposed", "storage", "internal", "platform"))
            for name in root.section("schemas").value
        },
        denials=frozenset(root.texts("denials", matching=_SQLSTATE, of="five-character SQLSTATEs")),
        identities=tuple(root.each("identities", _identity)),
        relations=_relations(root.section("relations", optional=True)),
        tables=tuple(root.each("tables", _table, matching=_TABLE, of="schema.table")),
        functions=tuple(
            root.each("functions", _function, matching=_FUNCTION, of="schema.function(types)", optional=True)
        ),
        internal_tables=frozenset(internal.texts("tables", matching=_TABLE, of="schema.table")),
        internal_functions=frozenset(
            internal.texts("functions", matching=_FUNCTION, of="schema.function(types)")
        ),
        buckets={
            name: root.section("buckets").section(name).value
            for name in root.section("buckets", optional=True).value
        },
        publications={
            name: frozenset(root.section("publications").texts(name, matching=_TABLE, of="schema.table"))
            for name in root.section("publications", optional=True).value
        },
    )
    _check_roles(access, root)
    return access


def _api(section: _Section) -> Api:
    section.knows("roles", "granted", "trusted", "signs_in", "also_takes")
    return Api(
        roles=section.texts("roles", required=True),
        granted=section.texts("granted", required=True),
        trusted=section.texts("trusted"),
        signs_in=section.maybe("signs_in"),
        also_takes=section.texts("also_takes"),
    )


def _identity(name: str, section: _Section) -> Identity:
    section.knows("says", "role", "user", "claims", "raw", "reads")
    if "claims" in section.value and "raw" in section.value:
        raise section.wrong("raw", "and claims exclude each other")
    return Identity(
        name=name,
        says=section.text("says"),
        role=section.maybe("role") or "authenticated",
        user=section.maybe("user"),
        claims=section.section("claims", optional=True).value,
        raw=section.maybe("raw"),
        reads_only=section.choice("reads", ("only", "and writes"), default="and writes") == "only",
    )


def _relations(section: _Section) -> Mapping[str, str]:
    for head in section.value:
        if not _RELATION.match(head):
            raise section.wrong(head, "must be named like member(actor uuid, organization uuid)")
    return {head: section.text(head) for head in section.value}


def _table(name: str, section: _Section) -> Table:
    section.knows("key", "privileges", "select", "insert", "update", "delete")
    update = section.section("update", optional=True)
    return Table(
        name=name,
        key=section.texts("key", required=True),
        select=section.text("select"),
        insert=_insert(section.section("insert")) if "insert" in section.value else None,
        update={column: tuple(update.items(column, _change)) for column in update.value},
        delete=section.maybe("delete") or NEVER,
        platform_privileges=section.choice("privileges", ("declared", "platform"), default="declared")
        == "platform",
    )


def _insert(section: _Section) -> Insert:
    section.knows("values", "allow", "unless")
    values = section.section("values")
    return Insert(
        values={column: values.text(column) for column in values.value},
        allow=section.text("allow"),
        unless=section.maybe("unless"),
    )


def _change(section: _Section) -> Change:
    section.knows("set", "allow", "holds", "refused", "blind")
    return Change(
        value=section.text("set"),
        allow=section.text("allow"),
        holds=section.maybe("holds"),
        refused=section.texts("refused", matching=_SQLSTATE, of="five-character SQLSTATEs"),
        blind=section.value.get("blind") is not False,
    )


def _function(signature: str, section: _Section) -> Function:
    section.knows("allow", "call", "unless", "refused", "returns")
    call = section.section("call")
    returns = section.section("returns", optional=True).knows("value", "rows")
    return Function(
        signature=signature,
        allow=section.text("allow"),
        call={argument: call.text(argument) for argument in call.value},
        unless=section.maybe("unless"),
        refused=section.texts("refused", matching=_SQLSTATE, of="five-character SQLSTATEs"),
        value=returns.text("value") if returns.value else None,
        rows=returns.text("rows") if returns.value else None,
    )


def _check_roles(access: Access, root: _Section) -> None:
    known = (*access.api.roles, *access.api.trusted)
    for role in access.api.granted:
        if role not in access.api.roles:
            raise root.section("api").wrong("granted", f"names {role}, which api.roles does not")
    for identity in access.identities:
        if identity.role not in known:
            where = root.section("identities").section(identity.name)
            raise where.wrong("role", f"is {identity.role}, which api names nowhere")


@dataclass(frozen=True)
class _Section:
    """A mapping of the file and the way to it, so that every complaint can name its key."""

    path: Path
    keys: tuple[str, ...]
    value: Mapping[str, Any]

    @classmethod
    def root(cls, path: Path) -> _Section:
        import yaml  # noqa: PLC0415 - slow to import, and needed here only

        try:
            document = yaml.safe_load(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise Invalid(f"{path} cannot be read: {error.strerror}") from None
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise Invalid(f"{path.name} cannot be read: {' '.join(str(error).split())}") from None
        if not isinstance(document, dict):
            raise Invalid(f"{path.name} must be a mapping")
        return cls(path, (), document)

    def wrong(self, key: str, what: str) -> Invalid:
        """The error for ``key`` of this section, naming the file and the whole way to it."""
        return Invalid(f"{self.path.name}: {'.'.join((*self.keys, key))} {what}")

    def knows(self, *known: str) -> _Section:
        """This section, when it has no other keys than these."""
        for key in self.value:
            if key not in known:
                raise self.wrong(str(key), f"is not known; known are {', '.join(known)}")
        return self

    def section(self, key: str, *, optional: bool = False) -> _Section:
        found = self.value.get(key, {} if optional else None)
        if not isinstance(found, dict):
            raise self.wrong(key, "is missing" if key not in self.value else "must be a mapping")
        return _Section(self.path, (*self.keys, key), {str(name): item for name, item in found.items()})

    def each(
        self,
        key: str,
        read: Callable[[str, _Section], T],
        *,
        matching: re.Pattern[str] | None = None,
        of: str = "",
        optional: bool = False,
    ) -> list[T]:
        section = self.section(key, optional=optional)
        if not section.value and not optional:
            raise self.wrong(key, "names nothing")
        for name in section.value:
            if matching and not matching.match(name):
                raise section.wrong(name, f"must be named {of}")
        return [read(name, section.section(name)) for name in section.value]

    def items(self, key: str, read: Callable[[_Section], T]) -> list[T]:
        found = self.value[key]
        if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
            raise self.wrong(key, "must be a list of mappings")
        return [
            read(_Section(self.path, (*self.keys, f"{key}[{number}]"), item))
            for number, item in enumerate(found)
        ]

    def text(self, key: str) -> str:
        if key not in self.value:
            raise self.wrong(key, "is missing")
        found = self.value[key]
        if not isinstance(found, str) or not found.strip():
            raise self.wrong(key, f"must be text, not {found!r}")
        return found.strip()

    def maybe(self, key: str) -> str | None:
        return self.text(key) if key in self.value else None

    def texts(
        self, key: str, *, matching: re.Pattern[str] | None = None, of: str = "texts", required: bool = False
    ) -> tuple[str, ...]:
        found = self.value.get(key, [])
        if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
            raise self.wrong(key, f"must be a list of {of}")
        if required and not found:
            raise self.wrong(key, "is missing" if key not in self.value else "names nothing")
        for item in found:
            if matching and not matching.match(item):
                raise self.wrong(key, f"has {item!r}; it must be a list of {of}")
        return tuple(found)

    def choice(self, key: str, choices: tuple[Any, ...], *, default: Any = None) -> Any:
        found = self.value.get(key, default)
        if found not in choices:
            raise self.wrong(key, f"must be one of {', '.join(choices)}, not {found!r}")
        return found
