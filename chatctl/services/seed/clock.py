"""When the messages of an organization are sent: spread over its weeks, within the rate limit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from chatctl.services.seed.spec import Spec

# A sender may send ten messages a minute. With this distance between all messages, no sender exceeds that; it
# is doubled if users are guests of a second organization, which has its own clock.
_DISTANCE = 6_500_000
_WORKDAY = timedelta(hours=11)
_WEEK = timedelta(weeks=1)
_WORKDAYS = 5
_OPENS = timedelta(hours=7)
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)  # of PostgreSQL
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class Clock:
    """Times as PostgreSQL stores them: microseconds since 2000.

    Message n is sent at ``at(n)`` or up to ``step`` microseconds of working time later. With too many
    messages for working hours, they are sent round the clock; with too many for that, they start earlier.
    """

    begins: datetime
    step: int
    working_days: bool

    @classmethod
    def for_messages(cls, spec: Spec, messages: int) -> Clock:
        """The clock for this number of messages."""
        distance = _DISTANCE * (2 if spec.visits else 1)
        last_midnight = spec.ends_at.replace(hour=0) + timedelta(days=1)
        worked = spec.weeks * _WORKDAYS * _WORKDAY // _MICROSECOND // max(messages, 1)
        if worked >= distance:
            return cls(last_midnight - spec.weeks * _WEEK, worked, working_days=True)
        weeks = max(spec.weeks, -(-messages * distance // (_WEEK // _MICROSECOND)))
        whole = weeks * _WEEK // _MICROSECOND // messages
        return cls(last_midnight - weeks * _WEEK, whole, working_days=False)

    def at(self, place: int) -> int:
        """The earliest time of message number ``place``."""
        return self.since(place * self.step)

    def since(self, worked: int) -> int:
        """The time after ``worked`` microseconds of working time."""
        start = (self.begins - _EPOCH) // _MICROSECOND
        if not self.working_days:
            return start + worked
        day, into_day = divmod(worked, _WORKDAY // _MICROSECOND)
        week, weekday = divmod(day, _WORKDAYS)
        return start + (timedelta(weeks=week, days=weekday) + _OPENS) // _MICROSECOND + into_day


def moment(microseconds: int) -> datetime:
    """A time of a clock as a datetime."""
    return _EPOCH + timedelta(microseconds=microseconds)


def microseconds(moment: datetime) -> int:
    """A datetime as a time of a clock."""
    return (moment - _EPOCH) // _MICROSECOND
