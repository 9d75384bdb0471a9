"""The messages of one conversation, in the binary format of COPY.

A conversation is a sequence of sittings; in each one, some of its participants have one exchange. A large
conversation repeats a few dozen sittings, so that generating a message costs little more than copying bytes.
Whether a message has files or reactions, or is edited or deleted, depends only on its position.
"""

from __future__ import annotations

import json
import re
import struct
from array import array
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate, chain, islice, repeat
from typing import NamedTuple
from uuid import UUID

from chatctl.services.seed import corpus, files, script
from chatctl.services.seed.clock import moment
from chatctl.services.seed.draw import Draw, Source
from chatctl.services.seed.outline import Chat
from chatctl.services.seed.rows import Attachment, DeletedMessage, Participant, Reaction, StoredFile
from chatctl.services.seed.spec import Habits

COLUMNS = (
    "id", "organization_id", "conversation_id", "sender_id", "content", "attachments", "reactions",
    "created_at", "updated_at", "deleted_at", "seq",
)  # fmt: skip

HEADER = b"PGCOPY\n\xff\r\n\0" + struct.pack(">ii", 0, 0)
TRAILER = struct.pack(">h", -1)

_VARIANTS = 48  # different sittings in one conversation
_AT_ONCE = 1024  # sittings whose messages are generated in one block

# A row in the binary format of COPY: the number of columns, then the length and the bytes of each column.
_HEAD = struct.Struct(">h iQQ")
_IDS = struct.Struct(">i16s i16s i16s")
_TIMES = struct.Struct(">iq iq i iq")
_DELETED_TIMES = struct.Struct(">iq iq iq iq")
_NULL = struct.pack(">i", -1)
_NO_REACTIONS = struct.pack(">i", 3) + b"\x01[]"
_SECOND = 1_000_000
_SHORTEST, _LONGEST = 7 * _SECOND, 100 * _SECOND  # between two lines of a sitting
_PAUSE_UNIT = (_LONGEST - _SHORTEST) // 0xFF


class _SittingLine(NamedTuple):
    """One line of a sitting; ``plain`` has the columns between id and times of a message with text only."""

    speaker: int
    text: str
    plain: bytes


class _RandomValues(NamedTuple):
    """Random values for the messages of a block: the rest of the id, four fates, and the pause afterwards.

    A fate is a number below 65,536. ``fates`` has the high bytes and the low bytes of each for all messages.
    """

    ids: tuple[int, ...]
    fates: tuple[tuple[bytes, bytes], ...]
    pauses: bytes


@dataclass
class ChatHistory:
    """What was generated for a conversation; complete once ``messages`` has been read to its end."""

    chat: Chat
    created: array[int] = field(default_factory=lambda: array("q"))
    deleted: list[DeletedMessage] = field(default_factory=list)
    deleted_seqs: list[int] = field(default_factory=list)
    files: list[StoredFile] = field(default_factory=list)
    last_own: dict[int, int] = field(default_factory=dict)
    changed_at: int = 0

    @property
    def last_seq(self) -> int:
        return len(self.created)

    @property
    def last_message_seq(self) -> int:
        """The seq of the last message that is not deleted; 0 if there is none."""
        seq = self.last_seq
        for deleted_seq in reversed(self.deleted_seqs):
            if deleted_seq != seq:
                break
            seq -= 1
        return seq

    @property
    def message_count(self) -> int:
        return self.last_seq - len(self.deleted_seqs)

    def live_until(self, seq: int) -> int:
        """The number of messages up to ``seq`` that are not deleted."""
        return seq - bisect_right(self.deleted_seqs, seq)


def messages(source: Source, habits: Habits, written: ChatHistory) -> Iterator[bytes]:
    """The rows of ``written.chat`` in blocks for a binary COPY of ``COLUMNS``; also updates ``written``."""
    chat = written.chat
    sittings = [
        [_line(chat, line) for line in sitting]
        for sitting in script.sittings(source, habits, chat, _VARIANTS)
    ]
    pauses = [min(chat.clock.step, _SHORTEST + pause * _PAUSE_UNIT) for pause in range(256)]
    rare = _Rare(source, habits, written)
    for start in range(0, len(chat.places), _AT_ONCE):
        places = chat.places[start : start + _AT_ONCE]
        block_sittings = [sittings[number % len(sittings)] for number in range(start, start + len(places))]
        seq = written.last_seq + 1
        lines = list(chain.from_iterable(block_sittings))[: chat.messages + 1 - seq]
        values = _random_values(source, chat, start, len(lines))
        between = map(pauses.__getitem__, values.pauses)
        created = [
            at
            for place, sitting in zip(places, block_sittings, strict=True)
            for at in accumulate(islice(between, len(sitting) - 1), initial=chat.clock.at(place))
        ][: len(lines)]
        written.created.extend(created)
        yield _block(chat, rare, seq, lines, created, values)
    written.changed_at = max(written.created[-1] if written.created else 0, rare.deleted_at)
    written.last_own = _last_own(chat, sittings)


def _line(chat: Chat, line: corpus.DialogueLine) -> _SittingLine:
    ids = (chat.conversation.organization_id, chat.conversation.id, chat.people[line.speaker].id)
    head = _IDS.pack(*chain.from_iterable((16, id.bytes) for id in ids))
    return _SittingLine(*line, plain=head + _field(line.text.encode()) + _NULL + _NO_REACTIONS)


def _block(
    chat: Chat, rare: _Rare, first: int, lines: list[_SittingLine], created: list[int], values: _RandomValues
) -> bytes:
    """The rows of consecutive messages, beginning with seq ``first``."""
    # The common part of all rows uses map and join, which is several times faster than a loop.
    seqs = range(first, first + len(lines))
    prefix = int.from_bytes(chat.conversation.id.bytes[:8]) & ~0xFFFF
    # Ids are version 4 UUIDs that increase with seq, so that new index entries go to one place.
    highs = [prefix | 0x4000 | seq >> 14 & 0xFFF for seq in seqs]
    lows = [
        1 << 63 | (seq & 0x3FFF) << 48 | rest & 0xFFFFFFFFFFFF
        for seq, rest in zip(seqs, values.ids, strict=True)
    ]
    heads = map(_HEAD.pack, repeat(11), repeat(16), highs, lows)
    bodies = [line.plain for line in lines]
    times = list(map(_TIMES.pack, repeat(8), created, repeat(8), created, repeat(-1), repeat(8), seqs))
    for place in rare.among(values):
        fate = [high[place] << 8 | low[place] for high, low in values.fates]
        bodies[place], times[place] = rare.message(
            first + place, created[place], lines[place], fate, UUID(int=highs[place] << 64 | lows[place])
        )
    return b"".join(chain.from_iterable(zip(heads, bodies, times, strict=True)))


def _last_own(chat: Chat, sittings: list[list[_SittingLine]]) -> dict[int, int]:
    """The seq of the last message of each sender, by the sender's position in ``chat.people``."""
    last_seqs: dict[int, int] = {}
    sitting_count = len(chat.places)
    end = sum(len(sittings[number % len(sittings)]) for number in range(sitting_count))
    # Sittings repeat, so every sender has a message in the last round, or in the sitting before it if the
    # last sitting was cut short.
    for number in range(sitting_count - 1, max(sitting_count - len(sittings) - 1, 0) - 1, -1):
        lines = sittings[number % len(sittings)]
        end -= len(lines)
        for seq, line in reversed(list(enumerate(lines, end + 1))):
            if seq <= chat.messages:
                last_seqs.setdefault(line.speaker, seq)
    return last_seqs


def participants(
    source: Source, habits: Habits, written: ChatHistory
) -> Iterator[tuple[Participant, int, int]]:
    """The participants, each with the last seq that they have read and the number of live messages to it."""
    chat = written.chat
    for number, person in enumerate(chat.people):
        draw = source.draw("participant", chat.conversation.id, person.id)
        behind = draw.chance(habits.unread)
        seen_seq = draw.pick((draw.below(written.last_seq + 1), 0)) if behind else written.last_seq
        # Senders have read everything before their own last message.
        read_to = max(written.last_own.get(number, 0), seen_seq)
        yield (
            Participant(
                id=source.id("participant", chat.conversation.id, person.id),
                conversation_id=chat.conversation.id,
                user_id=person.id,
                joined_at=chat.conversation.created_at,
                last_read_at=moment(written.created[read_to - 1]) if read_to else None,
                is_starred=draw.chance(0.1),
                is_muted=draw.chance(0.07),
            ),
            read_to,
            written.live_until(read_to),
        )


def _random_values(source: Source, chat: Chat, block: int, messages: int) -> _RandomValues:
    """The random values of a block, which depend only on its position."""
    drawn = source.bytes(17 * messages, "messages", chat.conversation.id, block)
    *parts, pauses = (drawn[n * messages : (n + 1) * messages] for n in range(8, 17))
    fates = tuple(zip(parts[0::2], parts[1::2], strict=True))
    return _RandomValues(struct.unpack_from(f"<{messages}Q", drawn), fates, pauses)


class _Rare:
    """The messages that have files or reactions, or are edited or deleted."""

    def __init__(self, source: Source, habits: Habits, written: ChatHistory) -> None:
        self._source, self._written = source, written
        self.limits = [
            round(share * 0x10000)
            for share in (habits.attachments, habits.reactions, habits.edits, habits.deletions)
        ]
        self.deleted_at = 0
        draw = source.draw("reactions", written.chat.conversation.id)
        self._reaction_lists = [self._reactions(draw) for _ in range(min(_VARIANTS, written.chat.messages))]
        self._encoded_reactions = [_json(reactions) for reactions in self._reaction_lists]

    def among(self, values: _RandomValues) -> list[int]:
        """The positions of such messages in a block, in order."""
        positions: set[int] = set()
        for (highs, lows), limit in zip(values.fates, self.limits, strict=True):
            # Search the high bytes first, because most messages do not match.
            likely = re.finditer(b"[\\x00-%b]" % re.escape(bytes([min(limit >> 8, 255)])), highs, re.DOTALL)
            positions.update(
                place for place in map(re.Match.start, likely) if highs[place] << 8 | lows[place] < limit
            )
        return sorted(positions)

    def message(
        self, seq: int, at: int, line: _SittingLine, fate: list[int], id: UUID
    ) -> tuple[bytes, bytes]:
        """The columns after the id of a message, and those with its times and its seq."""
        filed, reactions, edit, deletion = fate
        reacted, edited = reactions < self.limits[1], edit < self.limits[2]
        # A reaction also updates the row.
        updated = at + (1 + (filed ^ deletion) % 3600) * _SECOND if reacted or edited else at
        which = edit % len(self._reaction_lists)
        if filed >= self.limits[0] and deletion >= self.limits[3]:
            end = self._encoded_reactions[which] if reacted else _NO_REACTIONS
            return line.plain[: -len(_NO_REACTIONS)] + end, _TIMES.pack(8, at, 8, updated, -1, 8, seq)
        ids = line.plain[: _IDS.size]
        draw = self._source.draw("message", self._written.chat.conversation.id, seq)
        attached = self._attachments(draw, seq) if filed < self.limits[0] else None
        text = None if attached and draw.chance(0.3) else line.text
        sender = self._written.chat.people[line.speaker].id
        self._written.files += [StoredFile(it, sender, moment(at)) for it in attached or ()]
        reaction_list = self._reaction_lists[which] if reacted else []
        if deletion >= self.limits[3]:
            return ids + _content(text, attached, reaction_list), _TIMES.pack(8, at, 8, updated, -1, 8, seq)
        deleted_at = updated + draw.between(5, 1800) * _SECOND
        self.deleted_at = max(self.deleted_at, deleted_at)
        self._written.deleted_seqs.append(seq)
        self._written.deleted.append(
            DeletedMessage(
                message_id=id,
                conversation_id=self._written.chat.conversation.id,
                sender_id=sender,
                content=text,
                attachments=attached,
                reactions=reaction_list,
                deleted_at=moment(deleted_at),
                deleted_by=sender,
            )
        )
        return ids + _content(None, None, []), _DELETED_TIMES.pack(
            8, at, 8, deleted_at, 8, deleted_at, 8, seq
        )

    def _attachments(self, draw: Draw, seq: int) -> list[Attachment]:
        conversation = self._written.chat.conversation
        kinds = draw.sample(corpus.FILES, 5 if draw.chance(0.05) else draw.between(1, 3))
        attachments = []
        for number, (name, kind) in enumerate(kinds):
            id = self._source.id("attachment", conversation.id, seq, number)
            # Storage allows only ASCII in object names; the attachment keeps the original name.
            safe = "".join(c if c.isascii() else "_" for c in name)
            url = f"{conversation.organization_id}/chat/{conversation.id}/{id}_{safe}"
            attachments.append(
                Attachment(id=str(id), name=name, type=kind, size=len(files.content(name, kind)), url=url)
            )
        return attachments

    def _reactions(self, draw: Draw) -> list[Reaction]:
        people = draw.sample(self._written.chat.people, draw.between(1, 5))
        return [Reaction(userId=str(person.id), emoji=draw.pick(corpus.EMOJI)) for person in people]


def _field(value: bytes) -> bytes:
    return struct.pack(">i", len(value)) + value


def _json(value: object) -> bytes:
    return _field(b"\x01" + json.dumps(value, ensure_ascii=False).encode())  # jsonb's version, text


def _content(text: str | None, attachments: list[Attachment] | None, reactions: list[Reaction]) -> bytes:
    return (
        (_NULL if text is None else _field(text.encode()))
        + (_NULL if attachments is None else _json(attachments))
        + _json(reactions)
    )
