"""The texts of a conversation: its sittings, in each of which some participants have one exchange."""

from __future__ import annotations

from itertools import islice

from chatctl.services.seed import corpus
from chatctl.services.seed.corpus import DialogueLine
from chatctl.services.seed.draw import Draw, Source
from chatctl.services.seed.outline import Chat
from chatctl.services.seed.spec import Habits

_LONG = (10, 80)  # sentences of a long message
_LIMIT = 4000  # characters of a message, the backend's limit


def sittings(source: Source, habits: Habits, chat: Chat, about: int) -> list[list[DialogueLine]]:
    """About ``about`` different sittings; each line has the position of its speaker in ``chat.people``.

    They are whole rounds of the exchanges of ``chat``, so that the lengths of sittings repeat, too.
    """
    rounds = max(1, about // len(chat.exchanges))
    number = min(rounds * len(chat.exchanges), max(len(chat.places), 1))
    draw = source.draw("script", chat.conversation.id)
    endless = (exchange for _ in range(rounds) for exchange in chat.exchanges)
    return [_sitting(draw, habits, chat, exchange) for exchange in islice(endless, number)]


def _sitting(draw: Draw, habits: Habits, chat: Chat, exchange: corpus.Exchange) -> list[DialogueLine]:
    speakers = 1 + max(line.speaker for line in exchange)
    cast = draw.sample(range(len(chat.people)), speakers)
    words = {letter: chat.people[place].given_name for letter, place in zip("abcd", cast, strict=False)}
    words |= {"n": str(draw.between(2, 40)), "time": f"{draw.between(8, 17)}:{draw.below(60):02}"}
    more = corpus.sentences_beside(exchange)
    return [
        DialogueLine(cast[line.speaker], _text(draw, habits, line.text, words, more)) for line in exchange
    ]


def _text(draw: Draw, habits: Habits, text: str, words: dict[str, str], more: tuple[str, ...]) -> str:
    sentences = draw.between(*(_LONG if draw.chance(habits.long) else habits.sentences))
    if more:
        text = " ".join([text, *(draw.pick(more) for _ in range(sentences - 1))])
    for word, value in words.items():
        text = text.replace(f"{{{word}}}", value)
    return text[:_LIMIT].rstrip()
