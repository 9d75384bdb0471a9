"""What ``access.yaml`` says: who may do what, in a shape that the audit can put to the test.

Conditions and values stay SQL text, for the database to read. Nothing here knows a schema.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

NEVER = "never"

SchemaKind = Literal["exposed", "storage", "internal", "platform"]


@dataclass(frozen=True, kw_only=True)
class Api:
    """The roles of the API, and the settings of a request; see ``accessschema`` for what each is."""

    roles: tuple[str, ...]
    granted: tuple[str, ...]
    trusted: tuple[str, ...]
    signs_in: str | None
    also_takes: tuple[str, ...]
    claims: str = "request.jwt.claims"
    search_path: str = "public, extensions"
    settings: Mapping[str, str] = field(default_factory=dict)
    pre_request: str | None = None


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Somebody to impersonate: ``claims`` are added to the token, ``raw`` is SQL for all of the setting."""

    name: str
    says: str
    role: str
    user: str | None
    claims: Mapping[str, Any]
    raw: str | None
    reads_only: bool


@dataclass(frozen=True, kw_only=True)
class Insert:
    """Rows to try: ``values`` are the columns that a client may fill, each with the SQL of its values.

    ``holds`` is the condition on the row that an allowed insert has made; ``oracle`` is the reason why it may
    tell that something exists; None: it must not.
    """

    values: Mapping[str, str]
    allow: str
    unless: str | None
    holds: str | None = None
    oracle: str | None = None


@dataclass(frozen=True, kw_only=True)
class Change:
    """A value to write into a column, whose rows may take it, and what must hold afterwards."""

    value: str
    allow: str
    holds: str | None
    refused: tuple[str, ...]
    blind: bool


@dataclass(frozen=True)
class Delete:
    """Which rows may be deleted, and the SQLSTATEs with which that may be refused all the same."""

    allow: str
    refused: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Table:
    """What may be done with the rows of one table.

    With ``rows``, the query for the keys that each identity reads, ``select`` is never. ``changes`` is where
    a write goes on to, as that of a function; None: that is not looked at.
    """

    name: str
    key: tuple[str, ...]
    select: str
    insert: Insert | None
    update: Mapping[str, tuple[Change, ...]]
    delete: Delete
    platform_privileges: bool
    rows: str | None = None
    changes: Mapping[str, tuple[str, ...]] | None = None


@dataclass(frozen=True, kw_only=True)
class Function:
    """Who may call a function with which arguments, and which ``rows`` come back in the column ``value``.

    ``changes`` is schema.table -> insert, update, delete; ``holds`` is the condition after an allowed call;
    ``oracle`` is as that of an insert.
    """

    signature: str
    allow: str
    call: Mapping[str, str]
    unless: str | None
    refused: tuple[str, ...]
    value: str | None
    rows: str | None
    changes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    holds: str | None = None
    oracle: str | None = None


@dataclass(frozen=True)
class Moment:
    """What the operator does between two statements of some people; ``do`` is SQL."""

    name: str
    says: str
    do: str
    identities: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Access:
    """The whole of access.yaml; ``path`` is where it was read.

    A text among the internal ones is the reason why it is not tried. ``existing`` is the query for the row of
    the database that a name may stand for; ``found`` what it came to, where those rows are looked at.
    """

    path: Path
    fixture: Path | None
    api: Api
    schemas: Mapping[str, SchemaKind]
    denials: frozenset[str]
    identities: tuple[Identity, ...]
    relations: Mapping[str, str]
    tables: tuple[Table, ...]
    functions: tuple[Function, ...]
    internal_tables: Mapping[str, Table | str]
    internal_functions: Mapping[str, Function | str]
    buckets: Mapping[str, Mapping[str, Any]]
    publications: Mapping[str, frozenset[str]]
    moments: tuple[Moment, ...]
    existing: Mapping[str, str] = field(default_factory=dict)
    found: Mapping[str, str] | None = None

    @property
    def on_existing_data(self) -> bool:
        """Whether the rows are those of the database, not a fixture's."""
        return self.found is not None

    @cached_property
    def tried_tables(self) -> tuple[Table, ...]:
        """The tables and views whose rows are looked at, those of internal schemas last."""
        return self.tables + tuple(each for each in self.internal_tables.values() if isinstance(each, Table))

    @cached_property
    def tried_functions(self) -> tuple[Function, ...]:
        """The functions that are called, those of internal schemas last."""
        internal = self.internal_functions.values()
        return self.functions + tuple(each for each in internal if isinstance(each, Function))
