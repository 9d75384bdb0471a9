"""Every write of a client has a limit, which cannot be exceeded by concurrent requests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.types.json import Jsonb

from chatctl.db.connection import Connection
from tests.support.race import race, refusals
from tests.support.refused import details, error_code
from tests.support.world import World

SEND = "insert into messages (organization_id, conversation_id, sender_id, content) values (%s, %s, %s, 'hi')"
ADD = "insert into conversation_participants (conversation_id, user_id) values (%s, %s)"
LEAVE = "delete from conversation_participants where conversation_id = %s and user_id = %s"
UPLOAD = (
    "insert into storage.objects (bucket_id, name, owner_id, metadata) values ('attachments', %s, %s, %s)"
)
ONE_OF_HER_MESSAGES = "(select id from messages where sender_id = %s order by seq limit 1 offset %s)"
DELETE_ONE = f"update messages set deleted_at = now() where id = {ONE_OF_HER_MESSAGES}"

TRIES = 30
ALLOWED = 7


@dataclass
class Scene:
    """Ann manages a group of all people; each has written in it."""

    world: World
    organization: UUID
    people: list[UUID]
    conversation: UUID
    messages: list[UUID]

    @property
    def ann(self) -> UUID:
        return self.people[0]

    def path(self) -> str:
        return f"{self.organization}/chat/{self.conversation}/{uuid4()}_a.png"


@pytest.fixture
def scene(world: World) -> Scene:
    organization, people = world.team(50)
    conversation = world.group(organization, *people[:10])
    messages = [world.send(person, conversation) for person in people[:10]]
    for table in ("send_windows", "action_windows"):
        world.operator.execute(f"truncate private.{table}".encode())
    return Scene(world, organization, people, conversation, messages)


Try = Callable[[Scene, int], tuple[str, tuple[Any, ...]]]

# For each limit a statement that counts against it once; Ann runs it in sessions with different numbers.
ATTEMPTS: dict[str, Try] = {
    "message": lambda s, n: (SEND, (s.organization, s.conversation, s.ann)),
    "edit": lambda s, n: ("update messages set content = %s where id = %s", (f"{uuid4()}", s.messages[0])),
    "delete": lambda s, n: (DELETE_ONE, (s.ann, n)),
    "reaction": lambda s, n: ("select toggle_reaction(%s, 'hm')", (s.messages[n % 10],)),
    "mark": lambda s, n: (
        "update conversation_participants set is_starred = not is_starred where user_id = %s", (s.ann,)
    ),
    "touch": lambda s, n: ("update conversations set updated_at = now() where id = %s", (s.conversation,)),
    "rename": lambda s, n: (
        "update conversations set name = %s where id = %s",
        (f"{uuid4()}", s.conversation),
    ),
    "conversation": lambda s, n: (
        "insert into conversations (organization_id, name, is_group, created_by) values (%s, 'g', true, %s)",
        (s.organization, s.ann),
    ),
    "add": lambda s, n: (ADD, (s.conversation, s.people[10 + n])),
    "remove": lambda s, n: (LEAVE, (s.conversation, s.people[1 + n])),
    "profile": lambda s, n: ("update user_profiles set full_name = %s where id = %s", (f"{n}", s.ann)),
    "upload": lambda s, n: (UPLOAD, (s.path(), str(s.ann), None)),
    "upload_bytes": lambda s, n: (UPLOAD, (s.path(), str(s.ann), Jsonb({"size": 1}))),
    "return": lambda s, n: (ADD, (s.conversation, s.people[40])),
}  # fmt: skip
# Other limits that an attempt also counts against.
ALSO_COUNTS_AGAINST = {"upload_bytes": ["upload"], "return": ["add"]}
# What an attempt needs first, in addition to lifting the other limits.
PREPARATIONS: dict[str, Callable[[Scene], None]] = {}


def _prepares(*names: str) -> Callable[[Callable[[Scene], None]], Callable[[Scene], None]]:
    def register(prepare: Callable[[Scene], None]) -> Callable[[Scene], None]:
        PREPARATIONS.update(dict.fromkeys(names, prepare))
        return prepare

    return register


@_prepares("delete")
def _ann_wrote_many_messages(scene: Scene) -> None:
    for _ in range(TRIES):
        scene.world.operator.execute(SEND.encode(), (scene.organization, scene.conversation, scene.ann))
        scene.world.forget_sending()


@_prepares("remove")
def _everybody_participates(scene: Scene) -> None:
    add = "insert into conversation_participants (conversation_id, user_id) select %s, unnest(%s::uuid[])"
    scene.world.operator.execute(add.encode(), (scene.conversation, scene.people[10:]))


@_prepares("return")
def _somebody_has_left(scene: Scene) -> None:
    person = scene.people[40]
    for _ in range(ALLOWED):
        scene.world.operator.execute(ADD.encode(), (scene.conversation, person))
        scene.world.changed(person, LEAVE, scene.conversation, person)


def _lower(scene: Scene, action: str, allowed: int = ALLOWED) -> None:
    """Lower the limit, and extend minutes to hours: far longer than any of these tests takes."""
    scene.world.operator.execute(
        "select private.set_limit(action, %s, greatest(per, '6 hours'), 'ops', 'a test') "
        "from private.limits where action = %s",
        (allowed, action),
    )


def test_every_limit_is_tested_here(world: World) -> None:
    limits = {action for (action,) in world.operator.execute("select action from private.limits")}

    assert limits == set(ATTEMPTS)


@pytest.mark.parametrize("action", ATTEMPTS)
def test_of_30_concurrent_requests_never_one_too_many_is_accepted(scene: Scene, action: str) -> None:
    _lower(scene, action)
    if prepare := PREPARATIONS.get(action):
        prepare(scene)

    def attempt(conn: Connection, number: int) -> None:
        statement, values = ATTEMPTS[action](scene, number)
        with scene.world.acting(scene.ann, conn=conn):
            assert conn.execute(statement.encode(), values).rowcount

    outcomes = race(scene.world.database, TRIES, attempt)

    refused = refusals(outcomes)
    assert TRIES - len(refused) == (0 if action == "return" else ALLOWED), refused[:1]
    for error in refused:
        assert (error.sqlstate, error_code(error)) == ("PT429", "RATE_LIMITED")
        detail = details(error)
        assert (detail["action"], detail["limit"], detail["remaining"]) == (action, ALLOWED, 0)
        assert detail["retry_after"] > 0


@pytest.mark.parametrize("action", sorted(set(ATTEMPTS) - {"message", "return"}))
def test_a_refused_request_is_accepted_after_the_stated_wait(scene: Scene, action: str) -> None:
    _lower(scene, action, 2)
    if prepare := PREPARATIONS.get(action):
        prepare(scene)
    for number in range(2):
        _try(scene, action, number)
    with pytest.raises(psycopg.Error, match="Rate limit exceeded") as refused:
        _try(scene, action, 2)
    reset_at = datetime.fromisoformat(details(refused.value)["reset_at"])
    left = (reset_at - scene.world.fact("select clock_timestamp()")).total_seconds()

    _age(scene.world, left - 3600)
    with pytest.raises(psycopg.Error, match="Rate limit exceeded"):
        _try(scene, action, 2)
    _age(scene.world, 3600.001)

    _try(scene, action, 2)


def _try(scene: Scene, action: str, number: int) -> None:
    statement, values = ATTEMPTS[action](scene, number)
    assert scene.world.changed(scene.ann, statement, *values)


def _age(world: World, seconds: float) -> None:
    """Move the stored times back, as if that much time had passed."""
    world.operator.execute(
        "update private.action_windows w "
        "set at = array(select t - %s * interval '1 s' from unnest(w.at) t order by t)",
        (seconds,),
    )


def test_a_limit_applies_to_any_six_hours_and_not_to_fixed_periods(scene: Scene) -> None:
    _lower(scene, "edit", 4)
    accepted = []
    for hours in (0, 2, 2, 1, 2, 2, 2, 3):
        _age(scene.world, hours * 3600)
        accepted.append(sum(_accepted(scene, "edit", number) for number in range(3)))

    # Attempts at 0, 2, 4, 5, 7, 9, 11 and 14 hours.
    assert accepted == [3, 1, 0, 0, 3, 1, 0, 3]


def _accepted(scene: Scene, action: str, number: int) -> bool:
    try:
        _try(scene, action, number)
    except psycopg.Error as error:
        assert error.sqlstate == "PT429"
        return False
    return True


def test_a_statement_counts_each_row_and_is_refused_as_a_whole(scene: Scene) -> None:
    world, ann = scene.world, scene.ann
    _ann_wrote_many_messages(scene)
    _lower(scene, "edit", 20)
    edit = "update messages set content = 'all of them' where sender_id = %s"

    with pytest.raises(psycopg.Error, match="Rate limit exceeded"):
        world.rows(ann, edit, ann)
    assert world.fact("select count(*) from messages where content = 'all of them'") == 0
    assert world.changed(ann, f"{edit} and seq < 20", ann) <= 20


MARK_ALL = "update conversation_participants set last_read_at = now()"


def test_read_marks_of_several_conversations_count_individually(scene: Scene) -> None:
    for _ in range(3):
        scene.world.group(scene.organization, *scene.people[:3])
    _lower(scene, "mark", 7)

    assert scene.world.changed(scene.ann, f"{MARK_ALL} where user_id = %s", scene.ann) == 4
    with pytest.raises(psycopg.Error, match="Rate limit exceeded") as refused:
        scene.world.rows(scene.ann, MARK_ALL)

    assert details(refused.value)["remaining"] == 3


def test_a_request_larger_than_the_limit_is_not_told_to_wait(scene: Scene) -> None:
    for _ in range(3):
        scene.world.group(scene.organization, *scene.people[:3])
    _lower(scene, "mark", 3)

    with pytest.raises(psycopg.Error, match="At most 3 at a time") as refused:
        scene.world.rows(scene.ann, MARK_ALL)

    assert (refused.value.sqlstate, details(refused.value)["maximum"]) == ("PT400", 3)


def test_refused_requests_do_not_count(scene: Scene) -> None:
    _lower(scene, "edit", 1)
    for _ in range(3):
        with pytest.raises(psycopg.errors.CheckViolation):
            scene.world.rows(
                scene.ann, "update messages set content = %s where id = %s", "x" * 4001, scene.messages[0]
            )

    _try(scene, "edit", 1)


def test_each_person_has_a_limit_of_their_own(scene: Scene) -> None:
    _lower(scene, "reaction", 1)
    toggle = "select toggle_reaction(%s, 'hm')"
    scene.world.rows(scene.ann, toggle, scene.messages[1])

    assert scene.world.rows(scene.people[1], toggle, scene.messages[1])
    with pytest.raises(psycopg.Error, match="Rate limit exceeded"):
        scene.world.rows(scene.ann, toggle, scene.messages[2])


@pytest.mark.parametrize(
    "action", ["edit", "delete", "mark", "rename", "conversation", "add", "remove", "profile"]
)
def test_service_role_and_operators_have_no_limit(scene: Scene, action: str) -> None:
    _lower(scene, action, 1)
    if prepare := PREPARATIONS.get(action):
        prepare(scene)

    for number in range(2):
        statement, values = ATTEMPTS[action](scene, number)
        assert scene.world.changed(None, statement, *values, role="service_role")
    statement, values = ATTEMPTS[action](scene, 2)
    assert scene.world.operator.execute(statement.encode(), values).rowcount


def test_a_file_counts_when_storage_has_received_it(scene: Scene) -> None:
    """Storage first tries an insert that it rolls back, then inserts as service_role for the owner."""
    _lower(scene, "upload", 3)
    ann = str(scene.ann)

    for _ in range(5):
        with scene.world.acting(scene.ann) as conn, conn.transaction(force_rollback=True):
            conn.execute(UPLOAD.encode(), (scene.path(), ann, None))
    for _ in range(3):
        scene.world.rows(None, UPLOAD, scene.path(), ann, Jsonb({"size": 1}), role="service_role")

    with pytest.raises(psycopg.Error, match="Rate limit exceeded"):
        scene.world.rows(None, UPLOAD, scene.path(), ann, None, role="service_role")
    with pytest.raises(psycopg.Error, match="Rate limit exceeded"):
        scene.world.rows(scene.ann, UPLOAD, scene.path(), ann, None)
    for owner in (None, str(scene.people[1]), str(uuid4()), "somebody"):
        scene.world.rows(None, UPLOAD, scene.path(), owner, None, role="service_role")
    scene.world.operator.execute(UPLOAD.encode(), (scene.path(), ann, None))


@pytest.mark.parametrize("size", [1, "1", 1.5, -1, None, "many", [], 10**30])
def test_a_file_counts_whatever_size_storage_reports(scene: Scene, size: object) -> None:
    metadata = Jsonb({"contentLength": size})

    scene.world.rows(scene.ann, UPLOAD, scene.path(), str(scene.ann), metadata)

    counted: dict[str, int] = dict(
        scene.world.operator.execute("select action, amount[1] from private.action_windows").fetchall()
    )
    assert counted["upload"] == 1
    assert counted.get("upload_bytes") == (1 if size in (1, "1") else None)


# Changes of limits -----------------------------------------------------------------------------------------


def test_every_change_of_a_limit_is_logged(world: World) -> None:
    world.operator.execute("select private.set_limit('edit', 5, '2 minutes', 'ops', 'spam wave')")
    world.operator.execute("update private.limits set allowed = 6 where action = 'edit'")
    world.operator.execute("update private.limits set what = 'edits' where action = 'edit'")

    logged = world.operator.execute(
        "select actor, action, target_id, reason, details from private.moderation_log order by id"
    ).fetchall()
    before, between, after = (
        {"allowed": allowed, "per": per}
        for allowed, per in ((30, "00:01:00"), (5, "00:02:00"), (6, "00:02:00"))
    )
    assert logged == [
        ("ops", "limit.change", "edit", "spam wave", {"old": before, "new": between}),
        ("postgres", "limit.change", "edit", "changed in SQL", {"old": between, "new": after}),
    ]


@pytest.mark.parametrize(
    "statement",
    [
        "delete from private.limits",
        "truncate private.limits",
        "update private.limits set action = 'x' where action = 'edit'",
        "update private.limits set allowed = 0",
        "update private.limits set per = '0.9 s'",
        "update private.limits set per = '31 days'",
        "update private.limits set allowed = 11 where action = 'message'",
        "update private.limits set per = '59 s' where action = 'message'",
    ],
)
def test_a_limit_cannot_be_deleted_or_made_invalid(world: World, statement: str) -> None:
    before = world.operator.execute("select * from private.limits order by 1").fetchall()

    with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.CheckViolation)):
        world.operator.execute(statement.encode())

    assert world.operator.execute("select * from private.limits order by 1").fetchall() == before


def test_an_unknown_limit_cannot_be_set(world: World) -> None:
    with pytest.raises(psycopg.Error, match="no limit teleport"):
        world.operator.execute("select private.set_limit('teleport', 5, '2 minutes', 'ops', 'why not')")


def test_a_stricter_limit_applies_immediately(scene: Scene) -> None:
    for _ in range(3):
        scene.world.send(scene.ann, scene.conversation)
    _lower(scene, "message", 3)
    ask = 'select allowed, "limit", remaining, retry_after > 3600 from check_message_rate_limit()'

    with pytest.raises(psycopg.Error, match="Rate limit exceeded"):
        scene.world.send(scene.ann, scene.conversation)
    assert scene.world.rows(scene.ann, ask) == [(False, 3, 0, True)]

    scene.world.operator.execute(
        "update private.limits set allowed = 10, per = '10 hours' where action = 'message'"
    )
    scene.world.operator.execute(
        "update private.send_windows set sent_at = array_fill(now() - interval '9 hours', array[10])"
    )
    with pytest.raises(psycopg.Error, match="Rate limit exceeded"):
        scene.world.send(scene.ann, scene.conversation)


@pytest.mark.parametrize("table", ["user_profiles", "auth.users"])
def test_a_deleted_user_is_refused_like_anyone_without_rights(scene: Scene, table: str) -> None:
    world, ann = scene.world, scene.ann
    world.operator.execute(f"delete from {table} where id = %s".encode(), (ann,))

    for action in ("message", "conversation", "add", "upload"):
        statement, values = ATTEMPTS[action](scene, 0)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            world.rows(ann, statement, *values)
    for action in ("edit", "delete", "mark", "rename", "remove", "profile"):
        statement, values = ATTEMPTS[action](scene, 0)
        assert world.changed(ann, statement, *values) == 0


def test_windows_stay_small_however_much_is_written(scene: Scene) -> None:
    scene.world.lift_limits()
    for number in range(200):
        _try(scene, "edit", number)

    assert scene.world.fact("select max(cardinality(at)) from private.action_windows") <= 61


# People who left -------------------------------------------------------------------------------------------


def test_the_creator_cannot_add_someone_who_left_for_a_week(scene: Scene) -> None:
    ben = scene.people[1]
    scene.world.changed(ben, LEAVE, scene.conversation, ben)

    with pytest.raises(psycopg.Error, match="has left the group") as refused:
        scene.world.rows(scene.ann, ADD, scene.conversation, ben)
    assert error_code(refused.value) == "RATE_LIMITED"
    assert 7 * 86400 - 3600 < details(refused.value)["retry_after"] <= 7 * 86400

    scene.world.operator.execute(
        "update private.departures set left_at = array[now() - interval '7 days 1 second']"
    )
    assert scene.world.changed(scene.ann, ADD, scene.conversation, ben) == 1


def test_someone_who_left_may_be_added_by_an_operator_or_to_another_group(scene: Scene) -> None:
    ben = scene.people[1]
    scene.world.changed(ben, LEAVE, scene.conversation, ben)

    assert scene.world.group(scene.organization, scene.ann, *scene.people[1:3])
    assert scene.world.changed(None, ADD, scene.conversation, ben, role="service_role") == 1


def test_someone_who_was_removed_may_be_added_again(scene: Scene) -> None:
    ben = scene.people[1]
    assert scene.world.changed(scene.ann, LEAVE, scene.conversation, ben) == 1

    assert scene.world.changed(scene.ann, ADD, scene.conversation, ben) == 1


# One message, one conversation for each statement -----------------------------------------------------------


def test_a_statement_reacts_to_one_message_of_others(scene: Scene) -> None:
    react = "update messages set reactions = %s where conversation_id = %s and sender_id {} %s"
    mine = Jsonb([{"userId": str(scene.ann), "emoji": "hm"}])

    with pytest.raises(psycopg.Error, match="one message at a time") as refused:
        scene.world.rows(scene.ann, react.format("<>"), mine, scene.conversation, scene.ann)
    assert error_code(refused.value) == "VALIDATION_ERROR"
    _ann_wrote_many_messages(scene)
    assert scene.world.changed(scene.ann, react.format("="), mine, scene.conversation, scene.ann) == TRIES + 1


@pytest.mark.parametrize("change", ["name = 'new'", "updated_at = now()"])
def test_a_statement_changes_one_conversation(scene: Scene, change: str) -> None:
    scene.world.group(scene.organization, *scene.people[:3])

    with pytest.raises(psycopg.Error, match="one conversation at a time") as refused:
        scene.world.rows(scene.ann, f"update conversations set {change}")
    assert error_code(refused.value) == "VALIDATION_ERROR"
    assert (
        scene.world.changed(scene.ann, f"update conversations set {change} where id = %s", scene.conversation)
        == 1
    )


def test_several_requests_in_one_transaction_may_each_change_one(scene: Scene) -> None:
    with scene.world.acting(scene.ann) as conn:
        conn.execute("set local lock_timeout = '7s'")
        for message in scene.messages[1:4]:
            conn.execute("select toggle_reaction(%s, 'hm')", (message,))
        for name in ("one", "two"):
            conn.execute("update conversations set name = %s where id = %s", (name, scene.conversation))
        assert conn.execute("show lock_timeout").fetchone() == ("7s",)
