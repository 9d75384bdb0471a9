"""A world follows from its spec and seed alone, and keeps every limit of the backend."""

from __future__ import annotations

import subprocess
import sys
import warnings
from collections import Counter, defaultdict
from dataclasses import asdict
from datetime import timedelta
from hashlib import sha256
from itertools import pairwise

import pytest

from chatctl.services.seed import talk
from chatctl.services.seed.loading import PASSWORD, PASSWORD_HASH, logins
from chatctl.services.seed.rows import Message, World
from chatctl.services.seed.spec import DEMO
from chatctl.services.seed.world import apportion, build

SEEDS = (1, 2, 3, 40, 2**31 - 1)


@pytest.fixture(scope="module", params=SEEDS)
def world(request: pytest.FixtureRequest) -> World:
    return build(seed=request.param)


def digest(world: World) -> str:
    return sha256(repr(asdict(world)).encode()).hexdigest()


def _by_conversation(world: World) -> dict[object, list[Message]]:
    history = defaultdict(list)
    for message in world.messages:
        history[message.conversation_id].append(message)
    return history


def test_same_seed_same_world_in_any_process() -> None:
    script = "from tests.unit.test_seed_world import build, digest; print(digest(build(seed=7)))"
    elsewhere = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert elsewhere.stdout.strip() == digest(build(seed=7))


def test_who_changes_the_rows_counts_the_version_up() -> None:
    assert (DEMO.version, digest(build())) == (
        1,
        "3369a677af59dd777ad2e215cf6f7a803ab1816aa0fa2e7b76f9aae37f18b58d",
    )


def test_another_seed_shares_no_id_name_or_address() -> None:
    one, two = build(seed=1), build(seed=2)

    for table in ("people", "organizations", "conversations", "participants", "messages"):
        assert not {row.id for row in getattr(one, table)} & {row.id for row in getattr(two, table)}
    assert not {p.email for p in one.people} & {p.email for p in two.people}
    assert not {o.slug for o in one.organizations} & {o.slug for o in two.organizations}


def test_the_demo_has_its_size(world: World) -> None:
    assert (len(world.organizations), len(world.people), len(world.messages)) == (3, 60, 2000)
    assert {c.is_group for c in world.conversations} == {True, False}
    assert 20 < len(world.deleted_messages) < 120
    assert sum(bool(m.reactions) for m in world.messages) > 200
    assert sum(bool(m.attachments) for m in world.messages) > 50
    assert any(len(m.attachments or ()) == 5 for m in world.messages)
    assert {p.last_read_at is None for p in world.participants} == {True, False}
    assert {m.organization_id for m in world.members} == {o.id for o in world.organizations}
    assert any(count == 2 for count in Counter(m.user_id for m in world.members).values())


def test_conversations_have_as_many_people_as_allowed_all_of_the_organization(world: World) -> None:
    members = {(m.organization_id, m.user_id) for m in world.members}
    people = defaultdict(set)
    for participant in world.participants:
        people[participant.conversation_id].add(participant.user_id)

    for conversation in world.conversations:
        present = people[conversation.id]
        assert 3 <= len(present) <= 50 if conversation.is_group else len(present) == 2
        assert conversation.created_by in present
        assert all((conversation.organization_id, person) in members for person in present)
        assert (conversation.name is None) != conversation.is_group


def test_a_pair_has_one_direct_conversation_per_organization(world: World) -> None:
    people = defaultdict(list)
    for participant in world.participants:
        people[participant.conversation_id].append(participant.user_id)
    pairs = [(c.organization_id, frozenset(people[c.id])) for c in world.conversations if not c.is_group]

    assert len(pairs) == len(set(pairs))


def test_seq_has_no_gap_and_time_rises_with_it(world: World) -> None:
    for messages in _by_conversation(world).values():
        assert [m.seq for m in messages] == list(range(1, len(messages) + 1))
        times = [m.created_at for m in messages]
        assert all(earlier < later for earlier, later in pairwise(times))


def test_nobody_writes_before_they_joined_or_more_than_10_messages_in_60_seconds(world: World) -> None:
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


def test_things_happen_in_order(world: World) -> None:
    born = {p.id: p.created_at for p in world.people}
    founded = {o.id: o.created_at for o in world.organizations}
    joined = {(m.organization_id, m.user_id): m.joined_at for m in world.members}

    assert all(m.joined_at >= max(born[m.user_id], founded[m.organization_id]) for m in world.members)
    for conversation in world.conversations:
        assert conversation.created_at > joined[conversation.organization_id, conversation.created_by]
    for message in world.messages:
        assert message.created_at <= message.updated_at
        assert message.deleted_at is None or message.created_at < message.deleted_at


def test_content_and_attachments_are_what_the_backend_accepts(world: World) -> None:
    said = [*(m for m in world.messages if m.deleted_at is None), *world.deleted_messages]
    assert len(said) == len(world.messages)
    for message in said:
        files = message.attachments or []
        assert (message.content or "").strip() or files
        assert len(message.content or "") <= 4000
        assert len(files) <= 5
        assert sum(file["size"] for file in files) <= 50 * 1024 * 1024
        for file in files:
            assert 0 < file["size"] <= 10 * 1024 * 1024
            assert file["url"].isascii()
            organization, chat, conversation, name = file["url"].split("/")
            assert (chat, conversation) == ("chat", str(message.conversation_id))
            assert organization in {str(o.id) for o in world.organizations}
            assert name.startswith(f"{file['id']}_")


def test_only_participants_react_each_way_once(world: World) -> None:
    present = {(str(p.conversation_id), str(p.user_id)) for p in world.participants}
    for message in world.messages:
        reactions = [(r["userId"], r["emoji"]) for r in message.reactions]
        assert len(reactions) == len(set(reactions))
        assert all((str(message.conversation_id), user) in present for user, _ in reactions)


def test_a_deleted_message_leaves_an_empty_tombstone(world: World) -> None:
    tombstones = {m.id: m for m in world.messages if m.deleted_at is not None}

    assert {d.message_id for d in world.deleted_messages} == set(tombstones)
    for tombstone in tombstones.values():
        assert (tombstone.content, tombstone.attachments, tombstone.reactions) == (None, None, [])


def test_every_language_and_every_attack_is_said() -> None:
    said = {m.content for m in build().messages}

    assert set(talk.HOSTILE) <= said
    for exchanges in talk.EXCHANGES.values():
        assert any(line.text in said for exchange in exchanges for line in exchange)
    assert not any("{a}" in (text or "") for text in said - set(talk.HOSTILE))


def test_an_exchange_is_shorter_than_the_rate_limit_allows() -> None:
    exchanges = [exchange for language in talk.EXCHANGES.values() for exchange in language]

    assert max(map(len, exchanges)) <= talk.LONGEST < 10
    assert all(
        {line.speaker for line in e} == set(range(len({line.speaker for line in e}))) for e in exchanges
    )


def test_every_organization_has_an_owner_an_admin_and_a_member_to_sign_in_as(world: World) -> None:
    roles = Counter((login.organization, login.role) for login in logins(world))

    assert set(roles.values()) == {1}
    assert len(roles) == 9


def test_the_password_is_the_one_that_is_told() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        crypt = pytest.importorskip("crypt")

    assert crypt.crypt(PASSWORD, PASSWORD_HASH) == PASSWORD_HASH
    assert PASSWORD_HASH.startswith("$2a$10$")


@pytest.mark.parametrize(
    ("total", "weights"), [(2000, [26, 18, 16]), (7, [1, 1, 1, 0]), (0, [1]), (5, [100])]
)
def test_apportion_gives_away_everything_and_nothing_to_weight_zero(total: int, weights: list[int]) -> None:
    parts = apportion(total, weights)

    assert sum(parts) == total
    assert all(
        abs(part - total * weight / sum(weights)) < 1 for part, weight in zip(parts, weights, strict=True)
    )
