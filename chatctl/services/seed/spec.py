"""What a world is to be like: its organizations, where they talk and how much; the demo and perf."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Annotated, Literal

from annotated_types import Interval, Len

SMALLEST_GROUP, LARGEST_GROUP = 3, 50

# Of a world in all: what this machine's memory holds, and a slip of the finger does not exceed.
MOST_USERS = 100_000
MOST_CONVERSATIONS = 100_000
MOST_MESSAGES = 100_000_000
LARGEST_SCALE = 1_000

Role = Literal["owner", "admin", "member"]
Text = Annotated[str, Len(1, 255)]
Share = Annotated[float, Interval(ge=0, le=1)]
Messages = Annotated[int, Interval(ge=0, le=MOST_MESSAGES)]
GroupSize = Annotated[int, Interval(ge=SMALLEST_GROUP, le=LARGEST_GROUP)]
Sentences = Annotated[int, Interval(ge=1, le=100)]


class _Described:
    # For the JSON Schema that specfile has pydantic make; the text under a field describes it there.
    __pydantic_config__ = {"extra": "forbid", "use_attribute_docstrings": True}  # noqa: RUF012


@dataclass(frozen=True)
class Named(_Described):
    """Somebody that scripts rely on, by an email of their own choice."""

    email: Annotated[str, Len(1, 200)]
    """The whole address, in lower case; for any seed but 1, the seed is put before the @."""
    name: Text
    """The full name, the given name first."""
    role: Role = "member"
    """What they are in the organization."""


@dataclass(frozen=True)
class Talk(_Described):
    """Some conversations of one kind: each between two people, or each a group."""

    count: Annotated[int, Interval(ge=1, le=MOST_CONVERSATIONS)] = 1
    """How many there are."""
    direct: bool = False
    """Whether they are between two people; a pair has one at most."""
    name: Text | None = None
    """What a group is called, with a number if there are several; else Group and a number."""
    size: tuple[GroupSize, GroupSize] = (3, 12)
    """How many people a group has, from and to; where the organization has fewer, everybody."""
    users: Annotated[tuple[str, ...], Len(0, LARGEST_GROUP)] = ()
    """Emails of named users who are in each of them."""
    without: Annotated[tuple[str, ...], Len(0, 1_000)] = ()
    """Emails of named users who are in none of them."""
    messages: Messages | None = None
    """How many each has; without it they share what the organization has left, few busy and many quiet."""


@dataclass(frozen=True)
class Team(_Described):
    """One organization: how many users it has, what they speak, and where they talk."""

    name: Text
    """What it is called."""
    slug: str
    """Its short name in addresses: lower-case letters, digits and hyphens, at most 52."""
    users: Annotated[int, Interval(ge=1, le=MOST_USERS)]
    """How many users it has, those named among them."""
    conversations: Annotated[tuple[Talk, ...], Len(0, 1_000)]
    """Where they talk; none is an organization in which nobody does."""
    cultures: Annotated[tuple[str, ...], Len(1)] = ("english",)
    """Where the names of its users come from."""
    languages: Annotated[tuple[str, ...], Len(1, 100)] = ("en",)
    """What they speak; a language given twice is spoken twice as often."""
    named: Annotated[tuple[Named, ...], Len(0, 1_000)] = ()
    """Users who are always there, with an email that scripts can rely on."""
    admins: Annotated[int, Interval(ge=0, le=1_000)] = 2
    """How many admins it has beside one owner, those named among them."""
    messages: Messages | None = None
    """How many it has; without it, its share of the world's by the number of users."""
    skew: Annotated[float, Interval(ge=0, le=5)] = 1.0
    """How much busier the busiest conversation is than others (exponent of Zipf's law); 0: all the same."""


@dataclass(frozen=True)
class Habits(_Described):
    """How people write and read. All but ``sentences`` are shares of 1."""

    sentences: tuple[Sentences, Sentences] = (1, 1)
    """How many sentences a message has, from and to."""
    long: Share = 0.005
    """The share of messages that have many more, up to the backend's limit of 4,000 characters."""
    attachments: Share = 0.05
    """The share of messages with files."""
    reactions: Share = 0.2
    """The share of messages with reactions."""
    edits: Share = 0.03
    """The share of messages that are edited."""
    deletions: Share = 0.03
    """The share of messages that are deleted."""
    unread: Share = 0.5
    """The share of participants who have not read all."""


@dataclass(frozen=True)
class Spec(_Described):
    """A world: its organizations, how much they write, and when.

    Rows follow from the spec and a seed alone, times included: hence a date, not "until now".
    """

    name: str
    """What the world is known by: letters, digits, hyphens, dots, underscores; without it, the file's."""
    organizations: Annotated[tuple[Team, ...], Len(1, 1_000)]
    """Who is in it."""
    messages: Messages = 0
    """How many the organizations share that have no number of their own; 0: as many as conversations say."""
    last_day: Annotated[date, Interval(ge=date(2010, 1, 1), le=date(2099, 12, 31))] = date(2026, 1, 25)
    """The day of the last messages, from 2010 to 2099."""
    weeks: Annotated[int, Interval(ge=1, le=520)] = 4
    """How many weeks the messages take; more where nobody could write so many."""
    habits: Habits = field(default_factory=Habits)
    """How people write and read."""
    visits: bool = False
    """Whether one user of each organization is a guest in the one before."""
    hostile: bool = False
    """Whether strings that attack are among the names and texts."""

    @property
    def sha256(self) -> str:
        """Tells this spec from any other."""
        return hashlib.sha256(repr(self).encode()).hexdigest()

    @property
    def ends_at(self) -> datetime:
        """The moment before which everything has happened."""
        return datetime.combine(self.last_day, time(hour=18), UTC)


# What follows from a spec and a seed. Whoever changes any row counts it up.
RULES = 2


def _groups(*rooms: tuple[str, int]) -> tuple[Talk, ...]:
    return tuple(Talk(name=name, size=(size, size)) for name, size in rooms)


DEMO = Spec(
    name="demo",
    messages=2000,
    visits=True,
    hostile=True,
    organizations=(
        Team(
            name="Lighthouse Studio",
            slug="lighthouse",
            users=26,
            cultures=("english", "spanish", "french", "german", "polish", "west_african"),
            languages=("en", "en", "en", "es", "fr", "de"),
            conversations=(
                *_groups(
                    ("Everyone at Lighthouse", 50),
                    ("Launch 🚀", 9),
                    ("Lunch?", 7),
                    ("Équipe produit", 6),
                    ("Design crits", 4),
                    ("=SUM(B2:B9) Budget", 3),
                ),
                Talk(direct=True, count=18),
            ),
        ),
        Team(
            name="دار النخيل",
            slug="palm-house",
            users=18,
            cultures=("arabic", "hebrew", "turkish"),
            languages=("ar", "ar", "he", "tr", "en"),
            conversations=(
                *_groups(("الجميع", 50), ("فريق التصميم", 6), ("צוות מכירות", 4), ("Ofis", 5)),
                Talk(direct=True, count=14),
            ),
        ),
        Team(
            name="青空ワークス",
            slug="aozora",
            users=16,
            cultures=("japanese", "korean", "chinese", "indian"),
            languages=("ja", "ja", "ko", "zh", "hi", "en"),
            conversations=(
                *_groups(("全員", 50), ("新製品プロジェクト", 7), ("<b>On call</b>", 4), ("चाय ☕", 5)),
                Talk(direct=True, count=12),
            ),
        ),
    ),
)

# One person in 100 conversations of 10,000 messages, and 50 more who share a busy group.
PERF_PERSON = "pat@perf.example"
PERF = Spec(
    name="perf",
    habits=Habits(attachments=0.005, reactions=0.02, edits=0.02, deletions=0.01),
    organizations=(
        Team(
            name="Performance",
            slug="perf",
            users=51,
            cultures=("english", "german", "indian", "japanese"),
            languages=("en", "en", "de", "hi", "ja"),
            named=(Named(PERF_PERSON, "Pat Perf", "owner"),),
            conversations=(
                Talk(direct=True, count=50, users=(PERF_PERSON,), messages=10_000),
                Talk(count=50, size=(3, 8), users=(PERF_PERSON,), messages=10_000),
                Talk(name="Busy", size=(50, 50), without=(PERF_PERSON,), messages=10_000),
            ),
        ),
    ),
)

BUILT_IN = {spec.name: spec for spec in (DEMO, PERF)}
