"""SQL that breaks each rule of sql/lints and repairs it again, and SQL that only looks like a violation."""

from __future__ import annotations

from tests.lints import functions, indexes, policies, predicates, surroundings, tables
from tests.lints.healthy import HEALTHY
from tests.lints.words import CLOSED, NOTES, body, function, policy

CASES = [
    *tables.CASES,
    *policies.CASES,
    *predicates.CASES,
    *functions.CASES,
    *indexes.CASES,
    *surroundings.CASES,
]
SUPERUSER_CASES = [*functions.SUPERUSER_CASES, *surroundings.SUPERUSER_CASES]

__all__ = ["CASES", "CLOSED", "HEALTHY", "NOTES", "SUPERUSER_CASES", "body", "function", "policy"]
