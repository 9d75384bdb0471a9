"""What an audit finds: one thing that is not as access.yaml says, or that proves nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Rule(StrEnum):
    """What is wrong; the part of a finding's id that stays when its wording changes."""

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


# What proves nothing: probes that failed for another reason than a refusal, that answered otherwise a moment
# later, that were not tried, or that were refused where nobody was let through.
DOUBTS = frozenset({Rule.invalid, Rule.time_dependent, Rule.untried, Rule.vacuous})


# The name for all rows together, where they are too many to be told apart.
TOGETHER = "all of them"


@dataclass(frozen=True)
class Place:
    """Where a reader starts to look: a file as the repository knows it, and a line from 1."""

    file: str
    line: int


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that is not as access.yaml says, at one object; ``sql`` shows it in psql.

    ``command`` is that of the cells it is seen in, empty for what the catalogue says; ``roles`` are those of
    ``identities``, ``rows`` what each of these shows it on: the rows by name, with how often. ``place`` is
    unknown until the report places it.
    """

    rule: Rule
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
