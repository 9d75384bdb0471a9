"""What a world is to be like; the demo."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time


@dataclass(frozen=True)
class Team:
    """One organization: its people, what they speak, and where they talk.

    ``cultures`` are keys of ``names.NAMES``, ``languages`` of ``talk.EXCHANGES``; a language given twice is
    spoken twice as often. ``groups`` are names and sizes; the size is capped at everybody.
    """

    name: str
    slug: str
    people: int
    cultures: tuple[str, ...]
    languages: tuple[str, ...]
    groups: tuple[tuple[str, int], ...]
    directs: int


@dataclass(frozen=True)
class Spec:
    """A world: its teams, how much they write, and in which weeks.

    Rows follow from the spec and a seed alone, times included: hence a date, not "until now". Whoever changes
    what follows from a spec counts ``version`` up.
    """

    name: str
    version: int
    teams: tuple[Team, ...]
    messages: int
    first_monday: date
    weeks: int

    @property
    def opens_at(self) -> datetime:
        """When the first working day begins."""
        return datetime.combine(self.first_monday, time(hour=7), UTC)


DEMO = Spec(
    name="demo",
    version=1,
    teams=(
        Team(
            name="Lighthouse Studio",
            slug="lighthouse",
            people=26,
            cultures=("english", "spanish", "french", "german", "polish", "west_african"),
            languages=("en", "en", "en", "es", "fr", "de"),
            groups=(
                ("Everyone at Lighthouse", 50),
                ("Launch 🚀", 9),
                ("Lunch?", 7),
                ("Équipe produit", 6),
                ("Design crits", 4),
                ("=SUM(B2:B9) Budget", 3),
            ),
            directs=18,
        ),
        Team(
            name="دار النخيل",
            slug="palm-house",
            people=18,
            cultures=("arabic", "hebrew", "turkish"),
            languages=("ar", "ar", "he", "tr", "en"),
            groups=(("الجميع", 50), ("فريق التصميم", 6), ("צוות מכירות", 4), ("Ofis", 5)),
            directs=14,
        ),
        Team(
            name="青空ワークス",
            slug="aozora",
            people=16,
            cultures=("japanese", "korean", "chinese", "indian"),
            languages=("ja", "ja", "ko", "zh", "hi", "en"),
            groups=(("全員", 50), ("新製品プロジェクト", 7), ("<b>On call</b>", 4), ("चाय ☕", 5)),
            directs=12,
        ),
    ),
    messages=2000,
    first_monday=date(2025, 12, 29),
    weeks=4,
)
