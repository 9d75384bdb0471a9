"""A world depends only on its spec and seed, and keeps every limit of the backend."""

from __future__ import annotations

import subprocess
import sys
import warnings
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest

from chatctl.services.seed import chunks, corpus
from chatctl.services.seed.limits import apportion
from chatctl.services.seed.outline import build
from chatctl.services.seed.people import PASSWORD, PASSWORD_HASH, logins
from chatctl.services.seed.rows import DeletedMessage
from chatctl.services.seed.scaling import scaled
from chatctl.services.seed.spec import DEMO, PERF, PERF_PERSON, RULES, Habits, Spec, Talk, Team
from tests.support.seed_rows import GeneratedWorld, Message, generate

SEEDS = (1, 2, 3, 40, 2**31 - 1)

# The extreme: little time for many messages, many people in few conversations.
BUSY = Spec(
    name="busy",
    messages=6_000,
    weeks=1,
    visits=True,
    habits=Habits(sentences=(1, 4), long=0.1, attachments=0.3, reactions=0.5, edits=0.4, deletions=0.4),
    organizations=tuple(
        Team(f"Team {n}", f"team-{n}", 8, (Talk(size=(8, 8), count=2), Talk(direct=True, count=5)), skew=skew)
        for n, skew in enumerate((0.0, 3.0))
    ),
)


@pytest.fixture(scope="module", params=[*SEEDS, "busy"])
def world(request: pytest.FixtureRequest) -> GeneratedWorld:
    return generate(BUSY) if request.param == "busy" else generate(DEMO, request.param)


@pytest.fixture(scope="module")
def demo() -> GeneratedWorld:
    return generate(DEMO)


def test_the_same_seed_gives_the_same_world_in_any_process(demo: GeneratedWorld) -> None:
    script = "from tests.unit.test_seed_world import DEMO, generate; print(generate(DEMO).digest)"
    elsewhere = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert elsewhere.stdout.strip() == demo.digest


def test_a_change_of_the_rows_needs_a_new_rules_version(demo: GeneratedWorld) -> None:
    assert (RULES, demo.digest) == (2, "4a62787a9d0a415bc628f7a6d49c6e8ed0d89175c5351d6bb8cae501e9280243")


def test_another_seed_shares_no_id_name_or_address(demo: GeneratedWorld) -> None:
    other = generate(DEMO, 2)

    for table in ("conversations", "messages", "participants"):
        assert not {row.id for row in getattr(demo, table)} & {row.id for row in getattr(other, table)}
    for table in ("people", "organizations"):
        one, two = getattr(demo.outline, table), getattr(other.outline, table)
        assert not {row.id for row in one} & {row.id for row in two}
    assert not {p.email for p in demo.outline.people} & {p.email for p in other.outline.people}
    assert not {o.slug for o in demo.outline.organizations} & {o.slug for o in other.outline.organizations}


def test_the_demo_has_its_documented_size(demo: GeneratedWorld) -> None:
    outline = demo.outline
    assert (len(outline.organizations), len(outline.people), len(demo.messages)) == (3, 60, 2000)
    assert {c.is_group for c in demo.conversations} == {True, False}
    assert 20 < len(demo.deleted) < 120
    assert sum(bool(m.reactions) for m in demo.messages) > 200
    assert sum(bool(m.attachments) for m in demo.messages) > 50
    assert any(len(m.attachments or ()) == 5 for m in demo.messages)
    assert any(len(m.content or "") > 1000 for m in demo.messages)
    assert {p.last_read_at is None for p in demo.participants} == {True, False}
    assert {m.organization_id for m in outline.members} == {o.id for o in outline.organizations}
    assert any(count == 2 for count in Counter(m.user_id for m in outline.members).values())


def test_conversations_have_an_allowed_number_of_people_of_one_organization(world: GeneratedWorld) -> None:
    members = {(m.organization_id, m.user_id) for m in world.outline.members}
    people = defaultdict(set)
    for participant in world.participants:
        people[participant.conversation_id].add(participant.user_id)

    for conversation in world.conversations:
        present = people[conversation.id]
        assert 3 <= len(present) <= 50 if conversation.is_group else len(present) == 2
        assert conversation.created_by in present
        assert all((conversation.organization_id, person) in members for person in present)
        assert (conversation.name is None) != conversation.is_group


def test_a_pair_has_one_direct_conversation_per_organization(world: GeneratedWorld) -> None:
    people = defaultdict(list)
    for participant in world.participants:
        people[participant.conversation_id].append(participant.user_id)
    pairs = [(c.organization_id, frozenset(people[c.id])) for c in world.conversations if not c.is_group]

    assert len(pairs) == len(set(pairs))


def test_ids_are_unique_and_ascend_within_a_conversation(world: GeneratedWorld) -> None:
    ids = [m.id for m in world.messages]
    assert len(set(ids)) == len(ids)
    assert {(id.version, id.variant) for id in ids} == {(4, ids[0].variant)}
    for messages in _by_conversation(world):
        assert all(earlier.id < later.id for earlier, later in pairwise(messages))


def test_seq_has_no_gap_and_time_ascends_with_it(world: GeneratedWorld) -> None:
    for messages in _by_conversation(world):
        assert [m.seq for m in messages] == list(range(1, len(messages) + 1))
        assert all(earlier.created_at < later.created_at for earlier, later in pairwise(messages))


def test_nobody_writes_before_joining_or_more_than_10_messages_in_60_seconds(world: GeneratedWorld) -> None:
    joined = {(p.conversation_id, p.user_id): p.joined_at for p in world.participants}
    sent = defaultdict(list)
    for message in world.messages:
        assert message.created_at > joined[message.conversation_id, message.sender_id]
        sent[message.sender_id].append(message.created_at)

    for times in sent.values():
        times.sort()
        assert all(
            eleventh - first > timedelta(seconds=60)
            for first, eleventh in zip(times, times[10:], strict=False)
        )


def test_a_sender_has_read_the_earlier_messages(world: GeneratedWorld) -> None:
    last = {(m.conversation_id, m.sender_id): m.created_at for m in world.messages}

    for it in world.participants:
        wrote = last.get((it.conversation_id, it.user_id))
        assert wrote is None or (it.last_read_at is not None and it.last_read_at >= wrote)


def test_events_are_in_chronological_order(world: GeneratedWorld) -> None:
    born = {p.id: p.created_at for p in world.outline.people}
    founded = {o.id: o.created_at for o in world.outline.organizations}
    joined = {(m.organization_id, m.user_id): m.joined_at for m in world.outline.members}

    assert all(m.joined_at >= max(born[m.user_id], founded[m.organization_id]) for m in world.outline.members)
    for conversation in world.conversations:
        assert conversation.created_at > joined[conversation.organization_id, conversation.created_by]
    for message in world.messages:
        assert message.created_at <= message.updated_at
        assert message.deleted_at is None or message.created_at < message.deleted_at


def test_content_and_attachments_are_what_the_backend_accepts(world: GeneratedWorld) -> None:
    messages: list[Message | DeletedMessage] = [m for m in world.messages if m.deleted_at is None]
    messages += world.deleted
    assert len(messages) == len(world.messages)
    for message in messages:
        files = message.attachments or []
        assert (message.content or "").strip() or files
        assert len(message.content or "") <= 4000
        assert len(files) <= 5
        for file in files:
            assert 0 < file["size"] <= 10 * 1024 * 1024
            assert file["url"].isascii()
            organization, chat, conversation, name = file["url"].split("/")
            assert (chat, conversation) == ("chat", str(message.conversation_id))
            assert organization in {str(o.id) for o in world.outline.organizations}
            assert name.startswith(f"{file['id']}_")


def test_only_participants_react_and_once_with_each_emoji(world: GeneratedWorld) -> None:
    present = {(str(p.conversation_id), str(p.user_id)) for p in world.participants}
    for message in world.messages:
        reactions = [(r["userId"], r["emoji"]) for r in message.reactions]
        assert len(reactions) == len(set(reactions))
        assert all((str(message.conversation_id), user) in present for user, _ in reactions)


def test_a_deleted_message_is_an_empty_tombstone(world: GeneratedWorld) -> None:
    tombstones = {m.id: m for m in world.messages if m.deleted_at is not None}

    assert {d.message_id for d in world.deleted} == set(tombstones)
    for tombstone in tombstones.values():
        assert (tombstone.content, tombstone.attachments, tombstone.reactions) == (None, None, [])


def test_the_configured_shares_are_kept(demo: GeneratedWorld) -> None:
    none = generate(
        replace(DEMO, habits=Habits(long=0, attachments=0, reactions=0, edits=0, deletions=0, unread=0))
    )
    all_of_it = generate(
        replace(DEMO, habits=Habits(attachments=1, reactions=1, edits=1, deletions=0, unread=1))
    )

    assert not any(m.attachments or m.reactions or m.deleted_at for m in none.messages)
    assert all(m.updated_at == m.created_at for m in none.messages)
    assert all(m.attachments and m.reactions and m.updated_at > m.created_at for m in all_of_it.messages)
    assert all(m.deleted_at for m in generate(replace(DEMO, habits=Habits(deletions=1))).messages)


def test_few_conversations_are_busy_and_many_are_quiet(demo: GeneratedWorld) -> None:
    for team in demo.outline.organizations:
        own = [chat.messages for chat in demo.outline.chats if chat.conversation.organization_id == team.id]
        busiest = sorted(own, reverse=True)
        assert sum(busiest[: len(own) // 4]) > sum(own) / 2
        assert busiest[-1] == 0


def test_every_language_and_every_attack_text_occurs(demo: GeneratedWorld) -> None:
    texts = {m.content for m in demo.messages} | {m.content for m in demo.deleted}

    assert set(corpus.HOSTILE) <= texts
    for exchanges in corpus.EXCHANGES.values():
        assert any(line.text in texts for exchange in exchanges for line in exchange)
    assert not any("{a}" in (text or "") for text in texts - set(corpus.HOSTILE))


def test_an_exchange_is_shorter_than_the_rate_limit_allows() -> None:
    exchanges = [exchange for language in corpus.EXCHANGES.values() for exchange in language]

    assert max(map(len, exchanges)) <= corpus.LONGEST < 10
    assert all(
        {line.speaker for line in e} == set(range(len({line.speaker for line in e}))) for e in exchanges
    )


def test_every_organization_has_an_owner_an_admin_and_a_member_to_sign_in_as(demo: GeneratedWorld) -> None:
    roles = Counter((login.organization, login.role) for login in logins(demo.outline))

    assert set(roles.values()) == {1}
    assert len(roles) == 9


def test_perf_is_one_person_in_a_hundred_conversations_and_a_group_of_fifty_others() -> None:
    outline = build(PERF)
    (pat,) = (person.id for person in outline.people if person.email == PERF_PERSON)
    own = [chat for chat in outline.chats if pat in {person.id for person in chat.people}]
    (busy,) = (chat for chat in outline.chats if chat.conversation.name == "Busy")

    assert len(own) == 100
    assert {chat.messages for chat in outline.chats} == {10_000}
    assert len(busy.people) == 50
    assert busy not in own


@pytest.mark.parametrize("factor", [0.1, 3])
def test_a_scaled_world_has_the_multiple_of_messages(factor: float) -> None:
    assert build(scaled(PERF, factor)).messages == pytest.approx(1_010_000 * factor)
    assert build(scaled(DEMO, factor)).messages == pytest.approx(2_000 * factor)


@pytest.mark.parametrize("size", [1, 50, 700, 10**9])
def test_parts_contain_every_conversation_once_in_order(demo: GeneratedWorld, size: int) -> None:
    parts = list(chunks.cut(demo.outline, size))
    places = [place for part in parts for place in range(part.first, part.first + len(part.chats))]

    assert places == list(range(len(demo.outline.chats)))
    assert [chat for part in parts for chat in part.chats] == demo.outline.chats
    assert all(part.messages <= size or len(part.chats) == 1 for part in parts)


def test_parts_exclude_existing_conversations(demo: GeneratedWorld) -> None:
    existing = {0, 1, 7, 20, 21, len(demo.outline.chats) - 1}
    parts = list(chunks.cut(demo.outline, 300, without=existing))
    places = [place for part in parts for place in range(part.first, part.first + len(part.chats))]

    assert places == [place for place in range(len(demo.outline.chats)) if place not in existing]
    assert [chat for part in parts for chat in part.chats] == [demo.outline.chats[place] for place in places]


def test_the_password_matches_the_printed_one() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        crypt = pytest.importorskip("crypt")

    assert crypt.crypt(PASSWORD, PASSWORD_HASH) == PASSWORD_HASH
    assert PASSWORD_HASH.startswith("$2a$10$")


@pytest.mark.parametrize(
    ("total", "weights"), [(2000, [26, 18, 16]), (7, [1, 1, 1, 0]), (0, [1]), (5, [100])]
)
def test_apportion_distributes_everything_and_gives_nothing_to_weight_zero(
    total: int, weights: list[int]
) -> None:
    parts = apportion(total, weights)

    assert sum(parts) == total
    assert all(
        abs(part - total * weight / sum(weights)) < 1 for part, weight in zip(parts, weights, strict=True)
    )


def _by_conversation(world: GeneratedWorld) -> list[list[Message]]:
    history = defaultdict(list)
    for message in world.messages:
        history[message.conversation_id].append(message)
    return list(history.values())
