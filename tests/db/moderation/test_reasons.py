"""The permanent log gets no reason that names people."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.support.dumps import dump
from tests.support.world import World

ACTS = {
    "message.delete": "moderation.delete_messages(array[%(message)s]::uuid[], 'op', %(reason)s, %(ticket)s)",
    "read": "moderation.log_read('conversation show', array['conversation:' || %(group)s], '{}', 'op',"
    " %(reason)s, %(ticket)s)",
    "read of a message": "moderation.log_read('message show', array['message:' || %(message)s], '{}', 'op',"
    " %(reason)s, %(ticket)s)",
    "search": "moderation.log_search('message search', null, %(group)s, null, '{}', null, null, 'op',"
    " %(reason)s, %(ticket)s)",
    "lock": "moderation.lock_conversation(%(group)s, 'be kind', 'op', %(reason)s, %(ticket)s)",
    "unlock": "moderation.unlock_conversation(%(group)s, 'op', %(reason)s, %(ticket)s)",
    "hold": "moderation.create_hold('h', 'op', %(reason)s, %(ticket)s, p_conversation_id => %(group)s)",
    "repair": "moderation.repair_conversation(%(group)s, 'op', %(reason)s, %(ticket)s)",
}
READS_ALL = "moderation.log_read('message search', '{}', '{}', 'op', %(reason)s, %(ticket)s)"


@pytest.fixture
def place(world: World) -> dict[str, UUID]:
    """A message of 李明 to Ann Lee, and a user who has nothing to do with it."""
    sender, other, stranger = world.user("李明"), world.user("Ann  Lee"), world.user("Zoe Stranger")
    organization = world.organization(sender, other)
    third = world.user("third person")
    world.join_organization(organization, third)
    group = world.group(organization, sender, other, third)
    message = world.send(sender, group)
    world.operator.execute("update auth.users set email = 'li@example.test' where id = %s", (sender,))
    world.operator.execute("update auth.users set email = 'zoe@example.test' where id = %s", (stranger,))
    return {"sender": sender, "other": other, "stranger": stranger, "group": group, "message": message}


def act(world: World, call: str, place: dict[str, UUID], reason: str, ticket: str | None = None) -> None:
    world.operator.execute(f"select {call}".encode(), {**place, "reason": reason, "ticket": ticket})


def refused(world: World, call: str, place: dict[str, UUID], reason: str, ticket: str | None = None) -> bool:
    """Whether the database refuses the reason, and logs nothing."""
    before = dump(world)
    try:
        act(world, call, place, reason, ticket)
    except psycopg.Error as error:
        assert error.sqlstate == "PT400"
        assert dump(world) == before
        return True
    return False


@pytest.mark.parametrize("call", ACTS.values(), ids=ACTS)
def test_a_reason_names_nobody_whom_the_act_concerns(world: World, place: dict[str, UUID], call: str) -> None:
    assert refused(world, call, place, "投诉李明发的内容")
    assert refused(world, call, place, "spam", "李明")


@pytest.mark.parametrize("call", [READS_ALL, *ACTS.values()], ids=["read of all", *ACTS])
@pytest.mark.parametrize("who", ["sender", "stranger"])
def test_a_reason_contains_the_address_or_id_of_no_user(
    world: World, place: dict[str, UUID], call: str, who: str
) -> None:
    address = {"sender": "li@example.test", "stranger": "zoe@example.test"}[who]
    addresses = (address, f"see <{address.upper()}>.", f"请联系{address}谢谢")
    for text in (*addresses, str(place[who]), place[who].hex.upper()):
        assert refused(world, call, place, text)
    assert refused(world, call, place, "spam", f"T-1 {address}")


@pytest.mark.parametrize("reason", ["ANN LEE asks", "by Ann \t Lee.", "Ann Leeさん"])
def test_the_name_of_a_participant_is_found_however_it_is_written(
    world: World, place: dict[str, UUID], reason: str
) -> None:
    assert refused(world, ACTS["read"], place, reason)


@pytest.mark.parametrize(
    "reason",
    ["Joann Leeds case", "Zoe Stranger wrote to us", "nobody@example.test", "xli@example.test",
     "@li", "6fd1b8d2-2b6a-4b9e-8a53-0c1f6a1c7e10", "spam 50%"],
)  # fmt: skip
def test_other_reasons_are_accepted(world: World, place: dict[str, UUID], reason: str) -> None:
    act(world, ACTS["read"], place, reason, str(place["message"]))


@pytest.mark.parametrize(
    ("name", "reason", "found"),
    [
        ("é", "a résumé", False),
        ("e\u0301", "a re\u0301sume\u0301", False),
        (" \u2014 ", "spam \u2014 again", False),
        ("李", "桃李不言", False),
        ("Bob", "Bob asks", False),
        ("李明", "投诉李明", True),
        ("Éa", "éa asks", True),
        ("Anna", "Anna asks", True),
    ],
)
def test_a_name_that_is_too_short_to_tell_is_not_looked_for(
    world: World, place: dict[str, UUID], name: str, reason: str, found: bool
) -> None:
    world.operator.execute("update user_profiles set full_name = %s where id = %s", (name, place["sender"]))
    if found:
        assert refused(world, ACTS["read"], place, reason)
    else:
        act(world, ACTS["read"], place, reason)


READS = {
    "read": "moderation.log_read(%(command)s, %(targets)s, %(arguments)s, 'op', 'r')",
    "read of users": "moderation.log_read_of_users(%(command)s, array[%(other)s]::uuid[], %(targets)s,"
    " %(arguments)s, 'op', 'r')",
    "search": "moderation.log_search(%(command)s, null, null, %(other)s, %(arguments)s, 'li@example.test',"
    " %(sender)s::text, 'op', 'r')",
}


@pytest.mark.parametrize(
    ("name", "field"),
    [
        (name, field)
        for name in READS
        for field in ("command", "targets", "arguments")
        if (name, field) != ("search", "targets")  # which the database makes
    ],
)
def test_a_read_is_not_logged_with_the_address_or_id_of_a_user(
    world: World, place: dict[str, UUID], name: str, field: str
) -> None:
    call = READS[name]
    plain: dict[str, Any] = {
        "command": "Ann  Lee",
        "targets": ["message:x"],
        "arguments": Jsonb({"limit": 5}),
    }
    for text in ("li@example.test", str(place["stranger"]), place["stranger"].hex.upper()):
        hostile = {"command": f"show {text}", "targets": [f"user:{text}"], "arguments": Jsonb({"a": [text]})}
        before = dump(world)
        with pytest.raises(psycopg.Error, match="must not contain") as error:
            world.operator.execute(f"select {call}".encode(), {**place, **plain, field: hostile[field]})
        assert error.value.sqlstate == "PT400"
        assert dump(world) == before
    world.operator.execute(f"select {call}".encode(), {**place, **plain})


def test_the_owner_can_confirm_what_was_searched_for(world: World, place: dict[str, UUID]) -> None:
    call = "select moderation.log_search('s', null, null, null, %s, %s, %s, 'op', 'r')"
    for text, regex in (("free coins", None), (None, "free coins"), ("Free coins", "x")):
        world.operator.execute(call, (Jsonb({"deleted": True}), text, regex))
    rows = world.operator.execute(
        "select id, details -> 'arguments' from moderation.log "
        "where details #>> '{arguments,text}' = private.text_hash('free coins') order by id"
    ).fetchall()
    assert [(number, sorted(arguments)) for number, arguments in rows] == [(1, ["deleted", "text"])]
    assert "coins" not in world.fact("select string_agg(l::text, '') from private.moderation_log l")


@pytest.mark.parametrize("blank", ["", "  ", "\t", "\n \r\n"])
def test_a_reason_of_white_space_is_blank(world: World, place: dict[str, UUID], blank: str) -> None:
    assert refused(world, READS_ALL, place, blank)
    act(world, READS_ALL, place, "\tspam\n", blank)
    assert world.operator.execute("select reason, ticket from moderation.log").fetchone() == ("spam", None)
