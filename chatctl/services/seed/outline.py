"""Generating everything of a world except its messages from a spec and a seed.

The result depends on nothing else: not on a database, the current time or true randomness. It is small
compared with the messages, which ``history`` generates from it one conversation at a time.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate, combinations, count, islice

from chatctl.errors import Invalid
from chatctl.services.seed import corpus, limits, names
from chatctl.services.seed.clock import Clock
from chatctl.services.seed.draw import Draw, Source
from chatctl.services.seed.rows import Conversation, Member, Organization, Person
from chatctl.services.seed.spec import LARGEST_GROUP, Spec, Talk, Team

FIRST_SEED = 1
# Times before the first message: users sign up, then visit other organizations, then create conversations.
_SIGN_UP = timedelta(days=60)
_VISIT = timedelta(days=35)
_START = timedelta(days=25)

_PAIR = 2
_TRIES = 20  # to find a pair at random
_QUIET = 4


@dataclass(frozen=True)
class Chat:
    """A conversation without its messages: its participants (``people[0]`` created it) and their number.

    ``exchanges`` are used in turn and repeated; ``places`` has, for each sitting, the number of messages that
    the whole team sends before it.
    """

    conversation: Conversation
    people: list[Person]
    messages: int
    exchanges: list[corpus.Exchange]
    places: array[int]
    clock: Clock


@dataclass(frozen=True)
class Outline:
    """A world without its messages."""

    spec: Spec
    source: Source
    people: list[Person]
    organizations: list[Organization]
    members: list[Member]
    chats: list[Chat]

    @property
    def messages(self) -> int:
        """The total number of messages."""
        return sum(chat.messages for chat in self.chats)


@dataclass(frozen=True)
class _Staff:
    team: Team
    organization: Organization
    people: list[Person]
    members: list[Member]


def build(spec: Spec, seed: int = FIRST_SEED) -> Outline:
    """The outline of ``spec`` for ``seed``; the same arguments always give the same outline."""
    source = Source(spec.name, seed)
    totals = limits.amounts(spec)
    clocks = [Clock.for_messages(spec, total) for total in totals]
    # The same for the whole world, because a guest's team may begin later than the team that is visited.
    first_begin = min(clock.begins for clock in clocks)
    people_by_team = [
        _people(source, spec, team, first_begin, place) for place, team in enumerate(spec.organizations)
    ]
    staffs = [
        _staff(source, spec, place, people_by_team, first_begin) for place in range(len(people_by_team))
    ]
    return Outline(
        spec=spec,
        source=source,
        people=[person for people in people_by_team for person in people],
        organizations=[staff.organization for staff in staffs],
        members=[member for staff in staffs for member in staff.members],
        # In the order of their ids: new index entries then go to the end, and the indexes are half as large.
        chats=sorted(
            (
                chat
                for staff, total, clock in zip(staffs, totals, clocks, strict=True)
                for chat in _chats(source, spec, staff, total, clock)
            ),
            key=lambda chat: chat.conversation.id,
        ),
    )


def _slug(team: Team, source: Source) -> str:
    # Only the world of the default seed has names without a number, so that other seeds can exist next to it.
    return team.slug if source.seed == FIRST_SEED else f"{team.slug}-{source.seed}"


def _people(source: Source, spec: Spec, team: Team, first_begin: datetime, place: int) -> list[Person]:
    slug = _slug(team, source)
    draw = source.draw("people", team.slug)
    generated = list(_drawn_names(draw, team, team.users - len(team.named)))
    if spec.hostile and place == 0:
        generated[-1] = names.HOSTILE
    addresses = [(_address(it.email, source), it.name, it.name.split()[0]) for it in team.named]
    addresses += [(f"{name.handle}@{slug}.example", name.full, name.given) for name in generated]
    return [
        Person(
            id=source.id("person", team.slug, number),
            email=email,
            full_name=full,
            given_name=given,
            created_at=first_begin
            - _SIGN_UP
            + timedelta(days=number * 20 // team.users, seconds=draw.below(80_000)),
        )
        for number, (email, full, given) in enumerate(addresses)
    ]


def _address(email: str, source: Source) -> str:
    if source.seed == FIRST_SEED:
        return email
    local, _, domain = email.partition("@")
    return f"{local}+{source.seed}@{domain}"


def _drawn_names(draw: Draw, team: Team, number: int) -> Iterator[names.PersonName]:
    known = list({name.handle: name for culture in team.cultures for name in names.NAMES[culture]}.values())
    for turn in range(-(-number // len(known))):
        for name in draw.sample(known, min(len(known), number - turn * len(known))):
            yield name if turn == 0 else name._replace(handle=f"{name.handle}{turn + 1}")


def _staff(
    source: Source, spec: Spec, place: int, people_by_team: list[list[Person]], first_begin: datetime
) -> _Staff:
    team, people = spec.organizations[place], people_by_team[place]
    founded = people[0].created_at + timedelta(minutes=5)
    organization = Organization(
        id=source.id("organization", team.slug),
        name=team.name,
        slug=_slug(team, source),
        created_at=founded,
    )
    roles = _roles(team)
    members = [
        Member(organization.id, person.id, role, max(founded, person.created_at) + timedelta(seconds=number))
        for number, (person, role) in enumerate(zip(people, roles, strict=True))
    ]
    if spec.visits:
        home = (place + 1) % len(people_by_team)
        guest = people_by_team[home][_roles(spec.organizations[home]).index("member")]
        return _Staff(
            team,
            organization,
            [*people, guest],
            [*members, Member(organization.id, guest.id, "member", first_begin - _VISIT)],
        )
    return _Staff(team, organization, people, members)


def _roles(team: Team) -> list[str]:
    """The roles of all users: as specified for named ones; the first others get the missing leading roles."""
    named = [it.role for it in team.named]
    leading = [*["owner"] * ("owner" not in named), *["admin"] * (team.admins - named.count("admin"))]
    unnamed = team.users - len(named)
    return [*named, *leading[:unnamed], *["member"] * (unnamed - len(leading))]


def _chats(source: Source, spec: Spec, staff: _Staff, total: int, clock: Clock) -> Iterator[Chat]:
    team = staff.team
    draw = source.draw("conversations", team.slug)
    rosters = list(_rosters(draw, team, staff.people, source))
    amounts = _amounts(team, [talk for talk, _ in rosters], total)
    chats = []
    for number, ((talk, roster), amount) in enumerate(zip(rosters, amounts, strict=True)):
        conversation = Conversation(
            id=source.id("conversation", team.slug, number),
            organization_id=staff.organization.id,
            name=None if talk.direct else _name(talk, number),
            is_group=not talk.direct,
            created_by=roster[0].id,
            created_at=clock.begins - _START + timedelta(days=number % 20, seconds=draw.below(80_000)),
        )
        languages = (draw.pick(team.languages),) if talk.direct else team.languages
        exchanges = _exchanges(draw, languages, len(roster), hostile=spec.hostile and number == 0)
        chats.append(Chat(conversation, roster, amount, exchanges, array("q"), clock))
    _schedule(source.draw("calendar", team.slug), chats)
    yield from chats


def _name(talk: Talk, number: int) -> str:
    return talk.name if talk.name is not None and talk.count == 1 else f"{talk.name or 'Group'} {number + 1}"


def _rosters(
    draw: Draw, team: Team, people: list[Person], source: Source
) -> Iterator[tuple[Talk, list[Person]]]:
    by_email = {person.email: person for person in people}
    taken: set[frozenset[str]] = set()
    for talk in team.conversations:
        fixed = [by_email[_address(email, source)] for email in talk.users]
        excluded = {_address(email, source) for email in (*talk.without, *talk.users)}
        candidates = [person for person in people if person.email not in excluded]
        pairs = _pairs(draw, fixed, candidates, taken)
        for _ in range(talk.count):
            if talk.direct:
                roster = next(pairs, None)
                if roster is None:
                    raise Invalid(f"{team.slug} has more direct conversations than pairs of people")
            else:
                size = min(draw.between(*talk.size), LARGEST_GROUP, len(fixed) + len(candidates))
                roster = [*fixed, *draw.sample(candidates, max(size - len(fixed), 0))]
            yield talk, draw.shuffled(roster)


def _pairs(
    draw: Draw, fixed: list[Person], candidates: list[Person], taken: set[frozenset[str]]
) -> Iterator[list[Person]]:
    """Pairs of people who do not have a direct conversation yet, until none are left."""
    to_draw = _PAIR - len(fixed)

    def free(pair: list[Person]) -> bool:
        key = frozenset(person.email for person in pair)
        return key not in taken and not taken.add(key)  # type: ignore[func-returns-value]

    # Draw at random while that finds a free pair within a few tries; then use the remaining pairs, shuffled.
    random_pairs = ([*fixed, *draw.sample(candidates, to_draw)] for _ in count())
    while pair := next(filter(free, islice(random_pairs, _TRIES)), None):
        yield pair
    remaining = [[*fixed, *rest] for rest in combinations(candidates, to_draw)]
    yield from filter(free, draw.shuffled(remaining))


def _amounts(team: Team, talks: Sequence[Talk], total: int) -> list[int]:
    """The number of messages of each conversation. Of those that share the rest, the first is the busiest."""
    sharing = [place for place, talk in enumerate(talks) if talk.messages is None]
    weights = [round(1_000_000 / rank**team.skew) for rank in range(1, len(sharing) + 1)]
    if len(weights) > _QUIET:
        weights[-1] = 0  # one conversation has no messages yet
    remaining = total - sum(talk.messages or 0 for talk in talks)
    shares = iter(limits.apportion(remaining, weights) if weights else ())
    return [next(shares) if talk.messages is None else talk.messages for talk in talks]


def _exchanges(draw: Draw, languages: Sequence[str], people: int, *, hostile: bool) -> list[corpus.Exchange]:
    fitting = [
        exchange
        for language in dict.fromkeys(languages)
        for exchange in corpus.EXCHANGES[language] * (1 + (languages.count(language) > 1))
        if max(line.speaker for line in exchange) < people
    ]
    attacks = [(corpus.DialogueLine(0, attack),) for attack in corpus.HOSTILE] if hostile else []
    return [*attacks, *draw.shuffled(fitting)]


def _schedule(draw: Draw, chats: list[Chat]) -> None:
    """Order the sittings of a team in time: which conversation has the next one is random."""
    lengths = [[len(exchange) for exchange in chat.exchanges] for chat in chats]
    turns = array(
        "L", [n for n, chat in enumerate(chats) for _ in range(_sittings(lengths[n], chat.messages))]
    )
    draw.shuffle(turns)
    remaining = [chat.messages for chat in chats]
    messages_before = 0
    for number in turns:
        chat = chats[number]
        length = min(lengths[number][len(chat.places) % len(lengths[number])], remaining[number])
        chat.places.append(messages_before)
        remaining[number] -= length
        messages_before += length


def _sittings(lengths: list[int], messages: int) -> int:
    whole, rest = divmod(messages, sum(lengths))
    marks = list(accumulate(lengths))
    return whole * len(lengths) + (bisect_left(marks, rest) + 1 if rest else 0)
