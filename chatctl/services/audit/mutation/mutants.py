"""Every mutant of a database: one thing of what decides about access, changed."""

from __future__ import annotations

from collections.abc import Iterator

from chatctl.db.connection import Connection
from chatctl.services.audit.access.expectations import Access
from chatctl.services.audit.mutation import functions, platform, policies, tables, views
from chatctl.services.audit.mutation.catalogue import Catalogue, read
from chatctl.services.audit.mutation.mutant import LeftOut, Mutant


def mutants(conn: Connection, access: Access) -> list[Mutant]:
    """All of them, in the same order for the same database; no two make the same statement."""
    found: dict[str, Mutant] = {}
    for mutant in _all(read(conn, access)):
        found.setdefault(mutant.sql, mutant)
    return list(found.values())


def left_out(conn: Connection, access: Access) -> list[LeftOut]:
    """What access.yaml lists and no mutant changes, each with the reason."""
    catalogue = read(conn, access)
    return [
        *tables.left_out(catalogue),
        *views.left_out(catalogue),
        *functions.left_out(catalogue),
        *platform.left_out(catalogue),
    ]


def _all(catalogue: Catalogue) -> Iterator[Mutant]:
    yield from policies.mutants(catalogue)
    yield from tables.mutants(catalogue)
    yield from views.mutants(catalogue)
    yield from functions.mutants(catalogue)
    yield from platform.mutants(catalogue)
