"""A larger or smaller world of the same kind."""

from __future__ import annotations

from dataclasses import replace

from chatctl.errors import Invalid
from chatctl.services.seed import limits
from chatctl.services.seed.spec import LARGEST_SCALE, Spec, Talk, Team


def scaled(spec: Spec, factor: float) -> Spec:
    """``spec`` with ``factor`` times the people, conversations and messages.

    Named people and conversations are not multiplied; only their messages are. There are more people where
    conversations need them: a tenth of the people may not have enough pairs for a tenth of the direct
    conversations. Raises Invalid if the factor is not above 0 and at most ``LARGEST_SCALE``, or if the world
    exceeds the limits.
    """
    if not 0 < factor <= LARGEST_SCALE:
        raise Invalid(f"a scale must be more than 0 and at most {LARGEST_SCALE}, not {factor:g}")
    if factor == 1:
        return spec
    current = limits.amounts(spec)
    requested = limits.apportion(round(sum(current) * factor), current) if any(current) else current
    scaled_spec = replace(
        spec,
        messages=0,
        organizations=tuple(
            _scaled_team(team, factor, messages)
            for team, messages in zip(spec.organizations, requested, strict=True)
        ),
    )
    scaled_spec = replace(
        scaled_spec,
        organizations=tuple(
            replace(team, users=limits.enough_users(scaled_spec, place))
            for place, team in enumerate(scaled_spec.organizations)
        ),
    )
    for mistake in limits.mistakes(scaled_spec):
        raise Invalid(f"{spec.name} at scale {factor:g} {mistake.sentence}")
    return scaled_spec


def _scaled_team(team: Team, factor: float, messages: int) -> Team:
    conversations = tuple(_scaled_talk(talk, factor) for talk in team.conversations)
    fixed = sum(talk.count * talk.messages for talk in conversations if talk.messages is not None)
    shared = any(talk.messages is None for talk in conversations)
    return replace(
        team,
        users=max(1, round(team.users * factor)),
        conversations=conversations,
        messages=max(messages, fixed) if shared else None,
    )


def _scaled_talk(talk: Talk, factor: float) -> Talk:
    once = talk.name is not None or (talk.direct and len(talk.users) == 2)  # noqa: PLR2004 - a pair
    count = talk.count if once else max(1, round(talk.count * factor))
    if talk.messages is None:
        return replace(talk, count=count)
    return replace(talk, count=count, messages=round(talk.count * talk.messages * factor / count))
