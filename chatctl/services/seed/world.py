"""From a spec and a seed to a world: no database, no clock, no chance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import accumulate, combinations, pairwise

from chatctl.services.seed import history, names
from chatctl.services.seed.draw import Source
from chatctl.services.seed.history import Talk
from chatctl.services.seed.rows import Conversation, Member, Organization, Person, World
from chatctl.services.seed.spec import DEMO, Spec, Team

FIRST_SEED = 1

_ADMINS = 2
_DIRECTS_OF_OWNER = 6
# Before the first message: people sign up, then join what others founded, then start to talk.
_SIGN_UP = timedelta(days=60)
_VISIT = timedelta(days=35)
_START = timedelta(days=25)


@dataclass(frozen=True)
class _Staff:
    """An organization with its people: the owner, the admins, the others, then a guest from the next one."""

    team: Team
    organization: Organization
    people: list[Person]
    members: list[Member]


def build(spec: Spec = DEMO, seed: int = FIRST_SEED) -> World:
    """The world of ``spec`` for ``seed``: always the same rows."""
    source = Source(spec.name, seed)
    hired = [_people(source, spec, team) for team in spec.teams]
    staffs = [_staff(source, spec, place, hired) for place in range(len(spec.teams))]
    shares = apportion(spec.messages, [len(staff.people) for staff in staffs])
    talks = [
        talk
        for staff, share in zip(staffs, shares, strict=True)
        for talk in _talks(source, spec, staff, share)
    ]
    messages, deleted = history.write(source, spec, talks)
    return World(
        name=spec.name,
        version=spec.version,
        seed=seed,
        people=[person for people in hired for person in people],
        organizations=[staff.organization for staff in staffs],
        members=[member for staff in staffs for member in staff.members],
        conversations=[talk.conversation for talk in talks],
        participants=history.read(source, talks, messages),
        messages=messages,
        deleted_messages=deleted,
    )


def apportion(total: int, weights: Sequence[int]) -> list[int]:
    """``total`` in whole parts, as near to ``weights`` as they go, and exactly ``total`` together."""
    marks = [total * reached // sum(weights) for reached in accumulate(weights, initial=0)]
    return [high - low for low, high in pairwise(marks)]


def _slug(team: Team, source: Source) -> str:
    # The world that people know has the plain names; any other can stand beside it.
    return team.slug if source.seed == FIRST_SEED else f"{team.slug}-{source.seed}"


def _people(source: Source, spec: Spec, team: Team) -> list[Person]:
    slug = _slug(team, source)
    draw = source.draw("people", team.slug)
    known = {name.handle: name for culture in team.cultures for name in names.NAMES[culture]}
    chosen = draw.sample(list(known.values()), team.people)
    if team is spec.teams[0]:
        chosen[-1] = names.HOSTILE
    opening = spec.opens_at - _SIGN_UP
    return [
        Person(
            id=source.id("person", team.slug, place),
            email=f"{name.handle}@{slug}.example",
            full_name=name.full,
            given_name=name.given,
            created_at=opening + timedelta(days=place // 2, seconds=draw.below(80_000)),
        )
        for place, name in enumerate(chosen)
    ]


def _staff(source: Source, spec: Spec, place: int, hired: list[list[Person]]) -> _Staff:
    team, people = spec.teams[place], hired[place]
    founded = people[0].created_at + timedelta(minutes=5)
    organization = Organization(
        id=source.id("organization", team.slug),
        name=team.name,
        slug=_slug(team, source),
        created_at=founded,
    )
    arrivals = [
        Member(
            organization_id=organization.id,
            user_id=person.id,
            role="owner" if number == 0 else "admin" if number <= _ADMINS else "member",
            joined_at=max(founded, person.created_at) + timedelta(minutes=number),
        )
        for number, person in enumerate(people)
    ]
    guest = hired[(place + 1) % len(hired)][_ADMINS + 1]
    visit = Member(organization.id, guest.id, "member", spec.opens_at - _VISIT)
    return _Staff(team, organization, [*people, guest], [*arrivals, visit])


def _talks(source: Source, spec: Spec, staff: _Staff, messages: int) -> Iterator[Talk]:
    team, people = staff.team, staff.people
    draw = source.draw("conversations", team.slug)
    rosters = [(name, draw.sample(people, size)) for name, size in team.groups]
    owner, *others = people
    pairs: list[tuple[str | None, list[Person]]] = [
        (None, draw.shuffled([owner, other])) for other in draw.sample(others, _DIRECTS_OF_OWNER)
    ]
    rest = draw.sample(list(combinations(others, 2)), team.directs - len(pairs))
    pairs += [(None, draw.shuffled(pair)) for pair in rest]
    # Few are busy, many are quiet, and in the last nobody has said anything yet.
    weights = [3 * 2520 // rank for rank in range(1, len(rosters) + 1)]
    weights += [2520 // rank for rank in range(1, len(pairs))] + [0]
    shares = apportion(messages, weights)
    for number, ((name, roster), share) in enumerate(zip([*rosters, *pairs], shares, strict=True)):
        conversation = Conversation(
            id=source.id("conversation", team.slug, number),
            organization_id=staff.organization.id,
            name=name,
            is_group=name is not None,
            created_by=roster[0].id,
            created_at=spec.opens_at - _START + timedelta(days=number % 20, seconds=draw.below(80_000)),
        )
        languages = team.languages if conversation.is_group else (draw.pick(team.languages),)
        yield Talk(conversation, roster, share, languages, hostile=number == 0)
