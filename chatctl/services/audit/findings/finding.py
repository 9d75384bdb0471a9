"""A finding: something differs from access.yaml, or a probe proved nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class AuditRule(StrEnum):
    """The kind of a finding; part of its id, which does not change with the message."""

    leak = "leak"
    missing = "missing"
    effect = "effect"
    oracle = "oracle"
    raises = "raises"
    unlisted = "unlisted"
    privilege = "privilege"
    row_security = "row-security"
    definer = "definer"
    absent = "absent"
    publication = "publication"
    bucket = "bucket"
    role = "role"
    lint = "lint"
    baseline = "baseline"
    invalid = "invalid"
    time_dependent = "time-dependent"
    untried = "untried"
    vacuous = "vacuous"


# Rules for probes that prove nothing: they failed for another reason than a refusal, changed their result
# during the run, were not tried, or were refused where no identity is allowed.
DOUBTS = frozenset({AuditRule.invalid, AuditRule.time_dependent, AuditRule.untried, AuditRule.vacuous})


# In ``rows``: the name for all rows together, when there are too many to list.
ALL_ROWS = "all of them"


@dataclass(frozen=True)
class Place:
    """Where to fix a finding: a file relative to the repository, and a line from 1."""

    file: str
    line: int


@dataclass(frozen=True, kw_only=True)
class AuditFinding:
    """Something at one object that differs from access.yaml; ``sql`` reproduces it in psql.

    ``command`` is that of the cells that show it, empty for a finding from the catalogue. ``roles`` are those
    of ``identities``; ``rows`` counts, for each identity, the rows by name that show it. ``place`` is None
    until ``run`` looks it up.
    """

    rule: AuditRule
    object: str
    action: str
    message: str
    sql: str
    identities: tuple[str, ...] = ()
    probes: int = 0
    command: str = ""
    roles: tuple[str, ...] = ()
    place: Place | None = None
    rows: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return f"{self.rule}:{self.object}:{self.action}"
