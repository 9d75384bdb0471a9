"""The rules of ``access.yaml`` as dataclasses.

Conditions and values stay SQL text, which the database evaluates. Nothing here depends on a schema.
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
    """The roles of the API and the settings of a request; ``access.schema`` describes each field."""

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
    """Somebody to impersonate: ``claims`` are added to the token; ``raw`` is SQL for the whole setting."""

    name: str
    says: str
    role: str
    user: str | None
    claims: Mapping[str, Any]
    raw: str | None
    reads_only: bool


@dataclass(frozen=True, kw_only=True)
class Insert:
    """Rows to insert: ``values`` has the columns that a client may fill, each with the SQL of its values.

    ``holds`` is a condition on the row after an allowed insert. ``oracle`` is the reason why the answer may
    reveal that a row exists; with None it must not.
    """

    values: Mapping[str, str]
    allow: str
    unless: str | None
    holds: str | None = None
    oracle: str | None = None


@dataclass(frozen=True, kw_only=True)
class ColumnChange:
    """A value to write into a column, the rows in which it is allowed, and what must hold afterwards."""

    value: str
    allow: str
    holds: str | None
    refused: tuple[str, ...]
    blind: bool


@dataclass(frozen=True)
class Delete:
    """Which rows may be deleted, and the SQLSTATEs with which that may still be refused."""

    allow: str
    refused: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class TableRules:
    """What may be done with the rows of one table.

    ``rows`` is the query for the keys that each identity reads; ``select`` is never then. ``changes`` are the
    other tables that a write reaches, as for a function; None: not checked.
    """

    name: str
    key: tuple[str, ...]
    select: str
    insert: Insert | None
    update: Mapping[str, tuple[ColumnChange, ...]]
    delete: Delete
    platform_privileges: bool
    rows: str | None = None
    changes: Mapping[str, tuple[str, ...]] | None = None


@dataclass(frozen=True, kw_only=True)
class FunctionRules:
    """Who may call a function with which arguments, and which ``rows`` it returns in the column ``value``.

    ``changes`` maps schema.table to insert, update, delete; ``holds`` is a condition after an allowed call;
    ``oracle`` is as for an insert.
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
    """SQL (``do``) that the operator runs between two statements of these identities."""

    name: str
    says: str
    do: str
    identities: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Access:
    """The whole of access.yaml, read from ``path``.

    A text in ``internal_tables`` or ``internal_functions`` is the reason why the object is not tried.
    ``existing`` has, for each name, the query for a uuid in the database; ``existing_ids`` has the results of
    these queries with ``--on-existing-data``, and is None otherwise.
    """

    path: Path
    fixture: Path | None
    api: Api
    schemas: Mapping[str, SchemaKind]
    denials: frozenset[str]
    identities: tuple[Identity, ...]
    relations: Mapping[str, str]
    tables: tuple[TableRules, ...]
    functions: tuple[FunctionRules, ...]
    internal_tables: Mapping[str, TableRules | str]
    internal_functions: Mapping[str, FunctionRules | str]
    buckets: Mapping[str, Mapping[str, Any]]
    publications: Mapping[str, frozenset[str]]
    moments: tuple[Moment, ...]
    existing: Mapping[str, str] = field(default_factory=dict)
    existing_ids: Mapping[str, str] | None = None

    @property
    def on_existing_data(self) -> bool:
        """Whether the database's own rows are used instead of a fixture."""
        return self.existing_ids is not None

    @cached_property
    def tried_tables(self) -> tuple[TableRules, ...]:
        """The tables and views that are tried, those of internal schemas last."""
        return self.tables + tuple(
            each for each in self.internal_tables.values() if isinstance(each, TableRules)
        )

    @cached_property
    def tried_functions(self) -> tuple[FunctionRules, ...]:
        """The functions that are tried, those of internal schemas last."""
        internal = self.internal_functions.values()
        return self.functions + tuple(each for each in internal if isinstance(each, FunctionRules))
