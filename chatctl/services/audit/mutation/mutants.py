"""All mutants of a database."""

from __future__ import annotations

from collections.abc import Iterator

from chatctl.db.connection import Connection
from chatctl.services.audit.access.expectations import Access
from chatctl.services.audit.mutation import functions, platform, policies, tables, views
from chatctl.services.audit.mutation.catalogue import Catalogue, read
from chatctl.services.audit.mutation.mutant import Mutant, NotMutated


def mutants(conn: Connection, access: Access) -> list[Mutant]:
    """All mutants, in a fixed order; no two have the same statement."""
    by_statement: dict[str, Mutant] = {}
    for mutant in _all(read(conn, access)):
        by_statement.setdefault(mutant.sql, mutant)
    return list(by_statement.values())


def not_mutated(conn: Connection, access: Access) -> list[NotMutated]:
    """The objects of access.yaml without mutants, each with the reason."""
    catalogue = read(conn, access)
    return [
        *tables.not_mutated(catalogue),
        *views.not_mutated(catalogue),
        *functions.not_mutated(catalogue),
        *platform.not_mutated(catalogue),
    ]


def _all(catalogue: Catalogue) -> Iterator[Mutant]:
    yield from policies.mutants(catalogue)
    yield from tables.mutants(catalogue)
    yield from views.mutants(catalogue)
    yield from functions.mutants(catalogue)
    yield from platform.mutants(catalogue)
