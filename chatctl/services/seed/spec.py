"""The description of a world: its organizations, conversations and messages; the worlds demo and perf."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Annotated, Literal

from annotated_types import Interval, Len

SMALLEST_GROUP, LARGEST_GROUP = 3, 50

# Limits for a whole world: they fit into the memory of a common machine, and catch typing errors.
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
    # For the JSON Schema that specfile generates with pydantic; field docstrings are its descriptions.
    __pydantic_config__ = {"extra": "forbid", "use_attribute_docstrings": True}  # noqa: RUF012


@dataclass(frozen=True)
class Named(_Described):
    """A user with a fixed email that scripts can rely on."""

    email: Annotated[str, Len(1, 200)]
    """The whole address, in lower case; with a seed other than 1, the seed is added before the @."""
    name: Text
    """The full name, the given name first."""
    role: Role = "member"
    """The role in the organization."""


@dataclass(frozen=True)
class Talk(_Described):
    """One or more conversations of one kind: direct conversations or groups."""

    count: Annotated[int, Interval(ge=1, le=MOST_CONVERSATIONS)] = 1
    """The number of conversations."""
    direct: bool = False
    """Whether they are between two people; each pair has at most one."""
    name: Text | None = None
    """The name of the group, with a number if there are several; by default, Group and a number."""
    size: tuple[GroupSize, GroupSize] = (3, 12)
    """The number of people in a group, from and to; everybody if the organization has fewer."""
    users: Annotated[tuple[str, ...], Len(0, LARGEST_GROUP)] = ()
    """Emails of named users who are in all of them."""
    without: Annotated[tuple[str, ...], Len(0, 1_000)] = ()
    """Emails of named users who are in none of them."""
    messages: Messages | None = None
    """The number of messages in each; by default, they unevenly share what the organization has left."""


@dataclass(frozen=True)
class Team(_Described):
    """One organization: its users, their languages and its conversations."""

    name: Text
    """The name of the organization."""
    slug: str
    """Its short name in URLs and emails: at most 52 lower-case letters, digits and hyphens."""
    users: Annotated[int, Interval(ge=1, le=MOST_USERS)]
    """The number of users, including named users."""
    conversations: Annotated[tuple[Talk, ...], Len(0, 1_000)]
    """Its conversations; may be empty."""
    cultures: Annotated[tuple[str, ...], Len(1)] = ("english",)
    """The cultures from which the names of its users are taken."""
    languages: Annotated[tuple[str, ...], Len(1, 100)] = ("en",)
    """The languages of its messages; a language listed twice is used twice as often."""
    named: Annotated[tuple[Named, ...], Len(0, 1_000)] = ()
    """Users with a fixed email that scripts can rely on."""
    admins: Annotated[int, Interval(ge=0, le=1_000)] = 2
    """The number of admins in addition to one owner, including named admins."""
    messages: Messages | None = None
    """The number of messages; by default, its share of the world's messages by the number of users."""
    skew: Annotated[float, Interval(ge=0, le=5)] = 1.0
    """How much busier the busiest conversation is than others (exponent of Zipf's law); 0: all are equal."""


@dataclass(frozen=True)
class Habits(_Described):
    """How people write and read. All fields except ``sentences`` are shares between 0 and 1."""

    sentences: tuple[Sentences, Sentences] = (1, 1)
    """The number of sentences in a message, from and to."""
    long: Share = 0.005
    """The share of messages with many more sentences, up to the backend's limit of 4,000 characters."""
    attachments: Share = 0.05
    """The share of messages with files."""
    reactions: Share = 0.2
    """The share of messages with reactions."""
    edits: Share = 0.03
    """The share of messages that are edited."""
    deletions: Share = 0.03
    """The share of messages that are deleted."""
    unread: Share = 0.5
    """The share of participants who have not read all messages."""


@dataclass(frozen=True)
class Spec(_Described):
    """A world: its organizations, how much they write, and when.

    Rows, including their times, depend only on the spec and a seed; the last day is therefore a fixed date.
    """

    name: str
    """Its name: letters, digits, hyphens, dots and underscores; by default, the name of the file."""
    organizations: Annotated[tuple[Team, ...], Len(1, 1_000)]
    """Its organizations."""
    messages: Messages = 0
    """Total number of messages, divided among the organizations that do not set `messages`; with 0, only \
organizations and conversations that set `messages` have any."""
    last_day: Annotated[date, Interval(ge=date(2010, 1, 1), le=date(2099, 12, 31))] = date(2026, 1, 25)
    """The day of the last messages, from 2010 to 2099."""
    weeks: Annotated[int, Interval(ge=1, le=520)] = 4
    """The number of weeks in which messages are sent; more if they would exceed the rate limit."""
    habits: Habits = field(default_factory=Habits)
    """How people write and read."""
    visits: bool = False
    """Whether one user of each organization is a guest in the previous one."""
    hostile: bool = False
    """Whether names and texts include hostile strings, such as SQL injection attempts."""

    @property
    def sha256(self) -> str:
        """A checksum that identifies this spec."""
        return hashlib.sha256(repr(self).encode()).hexdigest()

    @property
    def ends_at(self) -> datetime:
        """The time before which everything has happened."""
        return datetime.combine(self.last_day, time(hour=18), UTC)


# Version of the rows generated from a spec and a seed. Increase it when any generated row changes.
RULES = 2


def _groups(*groups: tuple[str, int]) -> tuple[Talk, ...]:
    return tuple(Talk(name=name, size=(size, size)) for name, size in groups)


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
