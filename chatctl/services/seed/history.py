"""Who wrote what when, and who has read it.

A world's history is a row of sittings: in each, the people of one conversation have one exchange. Between
two sittings lies a minute, and an exchange has fewer messages than a minute allows; so nobody ever exceeds
the rate limit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import cycle, islice
from uuid import UUID

from chatctl.services.seed import talk as corpus
from chatctl.services.seed.draw import Draw, Source
from chatctl.services.seed.rows import (
    Attachment,
    Conversation,
    DeletedMessage,
    Message,
    Participant,
    Person,
    Reaction,
)
from chatctl.services.seed.spec import Spec

_WORKDAY = timedelta(hours=11)
_WORKDAYS = 5
_APART = timedelta(minutes=1)
_PAUSE = (timedelta(seconds=7), timedelta(seconds=100))
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class Talk:
    """A conversation to be filled with so many ``messages``; ``people[0]`` creates it."""

    conversation: Conversation
    people: list[Person]
    messages: int
    languages: tuple[str, ...]
    hostile: bool = False


@dataclass(frozen=True)
class _Said:
    """One line of a sitting, and when it was said."""

    sender: UUID
    text: str
    at: datetime


def write(source: Source, spec: Spec, talks: list[Talk]) -> tuple[list[Message], list[DeletedMessage]]:
    """The messages of all ``talks``, by conversation and seq, and what the deleted ones among them said."""
    messages: list[Message] = []
    deleted: list[DeletedMessage] = []
    for talk, lines in zip(talks, _hold(source, spec, talks), strict=True):
        for seq, said in enumerate(lines, start=1):
            message = _message(source, talk, seq, said)
            if tombstone := _deleted(source, message):
                messages.append(tombstone[0])
                deleted.append(tombstone[1])
            else:
                messages.append(message)
    return messages, deleted


def read(source: Source, talks: list[Talk], messages: list[Message]) -> list[Participant]:
    """Everybody's place in their conversations: some have read all, some fell behind, some never looked."""
    history: dict[UUID, list[Message]] = {}
    for message in messages:
        history.setdefault(message.conversation_id, []).append(message)
    return [
        _participant(source, talk, person, history.get(talk.conversation.id, []))
        for talk in talks
        for person in talk.people
    ]


def _hold(source: Source, spec: Spec, talks: list[Talk]) -> list[list[_Said]]:
    scripts = [list(_script(source, talk)) for talk in talks]
    turns = [place for place, script in enumerate(scripts) for _ in script]
    slot = spec.weeks * _WORKDAYS * _WORKDAY / len(turns)
    waiting = [iter(script) for script in scripts]
    held: list[list[_Said]] = [[] for _ in talks]
    for number, place in enumerate(source.draw("calendar").shuffled(turns)):
        exchange = next(waiting[place])
        times = _times(source.draw("sitting", number), spec, number * slot, slot, len(exchange))
        held[place] += [_Said(sender, text, at) for (sender, text), at in zip(exchange, times, strict=True)]
    return held


def _script(source: Source, talk: Talk) -> Iterator[list[tuple[UUID, str]]]:
    """Exchanges until all messages are said; the last one may break off."""
    draw = source.draw("script", talk.conversation.id)
    left = talk.messages
    for exchange in islice(_exchanges(draw, talk), talk.messages):
        cast = draw.sample(talk.people, len({line.speaker for line in exchange}))
        words = {letter: person.given_name for letter, person in zip("abcd", cast, strict=False)}
        words |= {"n": str(draw.between(2, 40)), "time": f"{draw.between(8, 17)}:{draw.below(60):02}"}
        spoken = [(cast[line.speaker].id, _filled(line.text, words)) for line in exchange][:left]
        if spoken:
            yield spoken
        left -= len(spoken)


def _exchanges(draw: Draw, talk: Talk) -> Iterator[corpus.Exchange]:
    fitting = [
        exchange
        for language in dict.fromkeys(talk.languages)
        for exchange in corpus.EXCHANGES[language]
        if max(line.speaker for line in exchange) < len(talk.people)
    ]
    attacks = iter(corpus.HOSTILE if talk.hostile else ())
    for number, exchange in enumerate(cycle(draw.shuffled(fitting))):
        yield exchange
        if number % 2 and (attack := next(attacks, None)):
            yield (corpus.Line(0, attack),)


def _filled(text: str, words: dict[str, str]) -> str:
    for word, value in words.items():
        text = text.replace(f"{{{word}}}", value)
    return text


def _times(draw: Draw, spec: Spec, begins: timedelta, slot: timedelta, size: int) -> list[datetime]:
    """When each line of one sitting is said: within its slot, which begins after so much working time."""
    shortest, longest = (min(pause, (slot - _APART) / corpus.LONGEST) // _MICROSECOND for pause in _PAUSE)
    offsets = [0]
    for _ in range(size - 1):
        offsets.append(offsets[-1] + draw.between(shortest, longest))
    spare = (slot - _APART) // _MICROSECOND - offsets[-1]
    day, into_day = divmod(begins + draw.below(spare) * _MICROSECOND, _WORKDAY)
    week, weekday = divmod(day, _WORKDAYS)
    start = spec.opens_at + timedelta(weeks=week, days=weekday) + into_day
    return [start + offset * _MICROSECOND for offset in offsets]


def _message(source: Source, talk: Talk, seq: int, said: _Said) -> Message:
    draw = source.draw("message", talk.conversation.id, seq)
    attachments = _attachments(draw, source, talk.conversation, seq) if draw.chance(0.05) else None
    reactions = _reactions(draw, talk) if draw.chance(0.2) else []
    touched = bool(reactions) or draw.chance(0.03)  # a reaction counts as an update, as an edit does
    return Message(
        id=source.id("message", talk.conversation.id, seq),
        organization_id=talk.conversation.organization_id,
        conversation_id=talk.conversation.id,
        sender_id=said.sender,
        content=None if attachments and draw.chance(0.3) else said.text,
        attachments=attachments,
        reactions=reactions,
        created_at=said.at,
        updated_at=said.at + timedelta(seconds=draw.between(1, 3600)) if touched else said.at,
        deleted_at=None,
        seq=seq,
    )


def _deleted(source: Source, message: Message) -> tuple[Message, DeletedMessage] | None:
    draw = source.draw("deletion", message.id)
    if not draw.chance(0.03):
        return None
    at = message.updated_at + timedelta(seconds=draw.between(5, 1800))
    kept = DeletedMessage(
        message_id=message.id,
        conversation_id=message.conversation_id,
        sender_id=message.sender_id,
        content=message.content,
        attachments=message.attachments,
        reactions=message.reactions,
        deleted_at=at,
        deleted_by=message.sender_id,
    )
    return replace(message, content=None, attachments=None, reactions=[], updated_at=at, deleted_at=at), kept


def _attachments(draw: Draw, source: Source, conversation: Conversation, seq: int) -> list[Attachment]:
    files = draw.sample(corpus.FILES, 5 if draw.chance(0.05) else draw.between(1, 3))
    return [
        _attachment(source.id("attachment", conversation.id, seq, number), name, kind, draw, conversation)
        for number, (name, kind) in enumerate(files)
    ]


def _attachment(id: UUID, name: str, kind: str, draw: Draw, conversation: Conversation) -> Attachment:
    # Storage takes ASCII only in the name of an object; the attachment keeps the name that people gave.
    safe = "".join(c if c.isascii() else "_" for c in name)
    return Attachment(
        id=str(id),
        name=name,
        type=kind,
        size=draw.between(2_000, 4_000_000),
        url=f"{conversation.organization_id}/chat/{conversation.id}/{id}_{safe}",
    )


def _reactions(draw: Draw, talk: Talk) -> list[Reaction]:
    people = draw.sample(talk.people, draw.between(1, 5))
    return [Reaction(userId=str(person.id), emoji=draw.pick(corpus.EMOJI)) for person in people]


def _participant(source: Source, talk: Talk, person: Person, messages: list[Message]) -> Participant:
    draw = source.draw("participant", talk.conversation.id, person.id)
    # Whoever writes has read what came before.
    own = max((message.seq for message in messages if message.sender_id == person.id), default=0)
    looked = draw.pick((len(messages), len(messages), draw.below(len(messages) + 1), 0))
    read_to = max(own, looked)
    return Participant(
        id=source.id("participant", talk.conversation.id, person.id),
        conversation_id=talk.conversation.id,
        user_id=person.id,
        joined_at=talk.conversation.created_at,
        last_read_at=messages[read_to - 1].created_at if read_to else None,
        is_starred=draw.chance(0.1),
        is_muted=draw.chance(0.07),
    )
