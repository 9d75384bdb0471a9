"""Rules for a world beyond the range of each field, so that it can be built and is valid for the backend."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from math import comb
from reprlib import repr as short

from chatctl.formats.counting import counted
from chatctl.services.seed import corpus, names
from chatctl.services.seed.spec import (
    MOST_CONVERSATIONS,
    MOST_MESSAGES,
    MOST_USERS,
    SMALLEST_GROUP,
    Habits,
    Named,
    Spec,
    Talk,
    Team,
)
from chatctl.yamlfile.suggestions import suggestion

SLUG = r"[a-z0-9](?:[a-z0-9-]{0,50}[a-z0-9])?"  # the backend's 63, minus 11 for a hyphen and a seed
EMAIL = r"[a-z0-9._+-]{1,50}@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}"

_PAIR = 2
_LONGEST_NAME = 255
_NUMBER = len(f" {MOST_CONVERSATIONS}")  # appended to the name of each of several groups


@dataclass(frozen=True)
class Mistake:
    """An invalid value: the object it belongs to, its key, and its index in a list.

    Without a key, the mistake is about the whole object.
    """

    about: Spec | Team | Talk | Named | Habits
    key: str
    sentence: str
    item: int | None = None


def mistakes(spec: Spec, *, whole: bool = True) -> Iterator[Mistake]:
    """The reasons why ``spec`` cannot be built. Totals are checked only if the spec is ``whole``."""
    yield from _span(spec.habits, "sentences", spec.habits.sentences)
    for team in spec.organizations:
        yield from _of_team(team)
        yield from _unfillable(team, team.users + spec.visits)
    yield from _repeated("slug", ((team, team.slug) for team in spec.organizations))
    named = [it for team in spec.organizations for it in team.named]
    yield from _repeated("email", ((it, it.email) for it in named))
    yield from _generated_emails(spec, named)
    if whole:
        yield from _too_few_users(spec)
        yield from _over_limits(spec)
        yield from _undistributed(spec)


def apportion(total: int, weights: Sequence[int]) -> list[int]:
    """Split ``total`` into integers in proportion to ``weights``; their sum is exactly ``total``."""
    marks = [total * reached // sum(weights) for reached in accumulate(weights, initial=0)]
    return [high - low for low, high in pairwise(marks)]


def amounts(spec: Spec) -> list[int]:
    """The number of messages of each organization of a valid ``spec``."""
    return [
        _fixed(team) if requested is None else requested
        for team, requested in zip(spec.organizations, _requested_messages(spec), strict=True)
    ]


def enough_users(spec: Spec, place: int) -> int:
    """The number of users of the organization at ``place``, or more if its conversations need more."""
    team = spec.organizations[place]

    def fits(users: int) -> bool:
        return not any(_unfillable(replace(team, users=users), users + spec.visits))

    fewest = max(team.users, *(users for users, _ in _needs(spec, place)))
    return fewest + bisect_left(range(fewest, MOST_USERS), True, key=fits)


def _of_team(team: Team) -> Iterator[Mistake]:
    yield from _text(team, team.name)
    if not re.fullmatch(SLUG, team.slug):
        yield Mistake(
            team,
            "slug",
            "must be at most 52 lower-case letters, digits and hyphens, no hyphen first or last, "
            f"not {short(team.slug)}",
        )
    yield from _unknown(team, "cultures", team.cultures, names.NAMES)
    yield from _unknown(team, "languages", team.languages, corpus.EXCHANGES)
    yield from _listed_twice(team, "cultures", team.cultures)
    for it in team.named:
        yield from _text(it, it.name)
        if not re.fullmatch(EMAIL, it.email):
            yield Mistake(
                it,
                "email",
                "must be an address in lower case with at most 50 characters before the @, "
                f"such as pat@{team.slug}.example, not {short(it.email)}",
            )
    fewest, reason = _smallest_team(team)
    if team.users < fewest:
        yield Mistake(team, "users", f"must be at least {fewest}, {reason}")
    for talk in team.conversations:
        yield from _of_talk(talk, team)
    yield from _repeated("name", ((talk, talk.name) for talk in team.conversations if talk.name is not None))


def _of_talk(talk: Talk, team: Team) -> Iterator[Mistake]:
    emails = [it.email for it in team.named]
    for key, listed in (("users", talk.users), ("without", talk.without)):
        yield from _unknown(talk, key, listed, emails, "under named of the organization")
        yield from _listed_twice(talk, key, listed)
    for place, email in enumerate(talk.without):
        if email in talk.users:
            yield Mistake(talk, "without", f"is {email}, which is also in users", place)
    if talk.direct:
        if talk.name is not None:
            yield Mistake(talk, "name", "is for groups; a direct conversation has none")
        if talk.size != Talk.size:
            yield Mistake(talk, "size", "is for groups; a direct conversation has two people")
        if len(talk.users) > _PAIR:
            yield Mistake(talk, "users", f"must be at most 2 in a direct conversation, not {len(talk.users)}")
        return
    yield from _text(talk, talk.name)
    if talk.count > 1 and len(talk.name or "") + _NUMBER > _LONGEST_NAME:
        yield Mistake(talk, "name", f"must leave {_NUMBER} of {_LONGEST_NAME} characters for the number")
    yield from _span(talk, "size", talk.size)
    if talk.size[0] < len(talk.users):
        yield Mistake(talk, "size", f"must be at least {len(talk.users)}: that many users are in each")


def _unfillable(team: Team, people: int) -> Iterator[Mistake]:
    """Conversations for which ``people`` may not be enough, whatever the random choices are."""
    earlier: list[Talk] = []
    for talk in team.conversations:
        if any(_of_talk(talk, team)):
            continue
        if not talk.direct:
            if people - len(talk.without) < SMALLEST_GROUP:
                sentence = f"is for groups of {SMALLEST_GROUP} and more; the organization has too few users"
                yield Mistake(talk, "", sentence)
            continue
        # In the worst case, earlier entries have used as many of these pairs as they can.
        taken = sum(
            min(it.count, _pairs(people, {*it.users, *talk.users}, {*it.without, *talk.without}))
            for it in earlier
        )
        available = max(0, _pairs(people, set(talk.users), set(talk.without)) - taken)
        if talk.count > available:
            yield Mistake(
                talk,
                "count",
                f"must be at most {available}, not {talk.count}: only that many pairs of users are certain "
                "to have no direct conversation yet; list conversations with named users first",
            )
        earlier.append(talk)


def _pairs(people: int, users: set[str], without: set[str]) -> int:
    """The number of pairs of ``people`` that include all of ``users`` and none of ``without``."""
    if len(users) > _PAIR or users & without:
        return 0
    return comb(max(0, people - len(users) - len(without)), _PAIR - len(users))


def _too_few_users(spec: Spec) -> Iterator[Mistake]:
    if spec.visits and len(spec.organizations) == 1:
        yield Mistake(spec, "visits", "needs a second organization")
        return
    for place, team in enumerate(spec.organizations):
        fewest, reason = max(_needs(spec, place))
        if team.users < fewest and fewest > _smallest_team(team)[0]:
            yield Mistake(team, "users", f"must be at least {fewest}, {reason}")


def _needs(spec: Spec, place: int) -> Iterator[tuple[int, str]]:
    """The minimum numbers of users of an organization, each with its reason."""
    team = spec.organizations[place]
    yield _smallest_team(team)
    if spec.hostile and place == 0:
        yield len(team.named) + 1, "so that a user who is not named has a hostile name"
    if spec.visits:
        fewest, _ = _smallest_team(team)
        guests = any(it.role == "member" for it in team.named)
        yield fewest + (not guests), f"so that a member can visit {spec.organizations[place - 1].slug}"


def _smallest_team(team: Team) -> tuple[int, str]:
    roles = Counter(it.role for it in team.named)
    missing = (roles["owner"] == 0) + max(0, team.admins - roles["admin"])
    admins = counted(team.admins, "admin")
    return len(team.named) + missing, f"to include an owner, {admins} and the other named users"


def _over_limits(spec: Spec) -> Iterator[Mistake]:
    talks = [talk for team in spec.organizations for talk in team.conversations]
    for key, most, number in (
        ("users", MOST_USERS, sum(team.users for team in spec.organizations)),
        ("conversations", MOST_CONVERSATIONS, sum(talk.count for talk in talks)),
        ("messages", MOST_MESSAGES, sum(amounts(spec))),
    ):
        if number > most:
            yield Mistake(spec, "", f"would have {number} {key} in total; a world has at most {most}")


def _undistributed(spec: Spec) -> Iterator[Mistake]:
    """Numbers of messages that cannot be distributed over the organizations or conversations."""
    if spec.messages and not any(team.messages is None for team in spec.organizations):
        yield Mistake(
            spec, "messages", "is for organizations without a number of their own, but all have one"
        )
    for team, requested in zip(spec.organizations, _requested_messages(spec), strict=True):
        fixed = _fixed(team)
        shared = any(talk.messages is None for talk in team.conversations)
        if requested is None or requested == fixed or (requested > fixed and shared):
            continue
        lead = "is" if team.messages is not None else "is not given; its share of the world's is"
        sharing = "" if requested < fixed else ", and no conversation without a number shares the rest"
        yield Mistake(
            team,
            "messages",
            f"{lead} {requested}, but its conversations have {fixed} of their own{sharing}",
        )


def _requested_messages(spec: Spec) -> list[int | None]:
    """The requested number of messages of each organization; None: the sum over its conversations."""
    sharing = [team for team in spec.organizations if team.messages is None]
    shares = iter(apportion(spec.messages, [team.users for team in sharing]) if sharing else ())
    return [
        team.messages if team.messages is not None else next(shares) if spec.messages else None
        for team in spec.organizations
    ]


def _fixed(team: Team) -> int:
    return sum(talk.count * talk.messages for talk in team.conversations if talk.messages is not None)


def _generated_emails(spec: Spec, named: Iterable[Named]) -> Iterator[Mistake]:
    """Emails that could also be generated for a user who is not named."""
    handles = {
        f"{team.slug}.example": {
            names.HOSTILE.handle,
            *(name.handle for culture in team.cultures for name in names.NAMES.get(culture, ())),
        }
        for team in spec.organizations
    }
    for it in named:
        local, _, domain = it.email.partition("@")
        if local.rstrip("0123456789") in handles.get(domain, ()):
            yield Mistake(
                it, "email", f"must not be {it.email}, which may be generated for a user who is not named"
            )


def _unknown(
    about: Team | Talk, key: str, listed: Iterable[str], known: Collection[str], where: str = "known"
) -> Iterator[Mistake]:
    for place, word in enumerate(listed):
        if word not in known:
            yield Mistake(
                about, key, f"is {short(word)}, which is not {where}; {suggestion(word, known)}", place
            )


def _repeated(key: str, values: Iterable[tuple[Team | Talk | Named, str]]) -> Iterator[Mistake]:
    earlier: set[str] = set()
    for about, value in values:
        if value in earlier:
            yield Mistake(about, key, f"is {short(value)}, which an earlier entry already has")
        earlier.add(value)


def _listed_twice(about: Team | Talk, key: str, listed: tuple[str, ...]) -> Iterator[Mistake]:
    for place, word in enumerate(listed):
        if word in listed[:place]:
            yield Mistake(about, key, f"is {short(word)}, which is already listed", place)


def _text(about: Team | Talk | Named, text: str | None) -> Iterator[Mistake]:
    if text is not None and (not text.strip() or "\0" in text):
        yield Mistake(about, "name", "must have a visible character and no NUL")


def _span(about: Talk | Habits, key: str, span: tuple[int, int]) -> Iterator[Mistake]:
    if span[0] > span[1]:
        yield Mistake(about, key, f"must be in ascending order, not {span[0]} and {span[1]}")
