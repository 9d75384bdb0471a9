"""Every write of a client has a limit, which cannot be exceeded by concurrent requests."""

from __future__ import annotations

from datetime import datetime
from uuid import uuid4

import psycopg
import pytest
from psycopg.types.json import Jsonb

from chatctl.db.connection import Connection
from tests.support.limits import (
    ALLOWED,
    ATTEMPTS,
    PREPARATIONS,
    TRIES,
    UPLOAD,
    Scene,
    age_windows,
    create_scene,
    lower_limit,
    make_attempt,
    write_many_messages,
)
from tests.support.race import race, refusals
from tests.support.refused import details, error_code
from tests.support.world import World


@pytest.fixture
def scene(world: World) -> Scene:
    return create_scene(world)


def test_every_limit_is_tested_here(world: World) -> None:
    limits = {action for (action,) in world.operator.execute("select action from private.limits")}

    assert limits == set(ATTEMPTS)


@pytest.mark.parametrize("action", ATTEMPTS)
def test_30_concurrent_requests_never_exceed_a_limit(scene: Scene, action: str) -> None:
    lower_limit(scene, action)
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
    lower_limit(scene, action, 2)
    if prepare := PREPARATIONS.get(action):
        prepare(scene)
    for number in range(2):
        make_attempt(scene, action, number)
    with pytest.raises(psycopg.Error, match="Rate limit exceeded") as refused:
        make_attempt(scene, action, 2)
    reset_at = datetime.fromisoformat(details(refused.value)["reset_at"])
    left = (reset_at - scene.world.fact("select clock_timestamp()")).total_seconds()

    age_windows(scene.world, left - 3600)
    with pytest.raises(psycopg.Error, match="Rate limit exceeded"):
        make_attempt(scene, action, 2)
    age_windows(scene.world, 3600.001)

    make_attempt(scene, action, 2)


def test_a_limit_applies_to_any_six_hours_and_not_to_fixed_periods(scene: Scene) -> None:
    lower_limit(scene, "edit", 4)
    accepted = []
    for hours in (0, 2, 2, 1, 2, 2, 2, 3):
        age_windows(scene.world, hours * 3600)
        accepted.append(sum(_accepted(scene, "edit", number) for number in range(3)))

    # Attempts at 0, 2, 4, 5, 7, 9, 11 and 14 hours.
    assert accepted == [3, 1, 0, 0, 3, 1, 0, 3]


def _accepted(scene: Scene, action: str, number: int) -> bool:
    try:
        make_attempt(scene, action, number)
    except psycopg.Error as error:
        assert error.sqlstate == "PT429"
        return False
    return True


def test_a_statement_counts_each_row_and_is_refused_as_a_whole(scene: Scene) -> None:
    world, ann = scene.world, scene.ann
    write_many_messages(scene)
    lower_limit(scene, "edit", 20)
    edit = "update messages set content = 'all of them' where sender_id = %s"

    with pytest.raises(psycopg.Error, match="Rate limit exceeded"):
        world.rows(ann, edit, ann)
    assert world.fact("select count(*) from messages where content = 'all of them'") == 0
    assert world.changed(ann, f"{edit} and seq < 20", ann) <= 20


MARK_ALL = "update conversation_participants set last_read_at = now()"


def test_read_marks_of_several_conversations_count_individually(scene: Scene) -> None:
    for _ in range(3):
        scene.world.group(scene.organization, *scene.people[:3])
    lower_limit(scene, "mark", 7)

    assert scene.world.changed(scene.ann, f"{MARK_ALL} where user_id = %s", scene.ann) == 4
    with pytest.raises(psycopg.Error, match="Rate limit exceeded") as refused:
        scene.world.rows(scene.ann, MARK_ALL)

    assert details(refused.value)["remaining"] == 3


def test_a_request_larger_than_the_limit_is_not_told_to_wait(scene: Scene) -> None:
    for _ in range(3):
        scene.world.group(scene.organization, *scene.people[:3])
    lower_limit(scene, "mark", 3)

    with pytest.raises(psycopg.Error, match="At most 3 at a time") as refused:
        scene.world.rows(scene.ann, MARK_ALL)

    assert (refused.value.sqlstate, details(refused.value)["maximum"]) == ("PT400", 3)


def test_refused_requests_do_not_count(scene: Scene) -> None:
    lower_limit(scene, "edit", 1)
    for _ in range(3):
        with pytest.raises(psycopg.errors.CheckViolation):
            scene.world.rows(
                scene.ann, "update messages set content = %s where id = %s", "x" * 4001, scene.messages[0]
            )

    make_attempt(scene, "edit", 1)


def test_each_person_has_a_limit_of_their_own(scene: Scene) -> None:
    lower_limit(scene, "reaction", 1)
    toggle = "select toggle_reaction(%s, 'hm')"
    scene.world.rows(scene.ann, toggle, scene.messages[1])

    assert scene.world.rows(scene.people[1], toggle, scene.messages[1])
    with pytest.raises(psycopg.Error, match="Rate limit exceeded"):
        scene.world.rows(scene.ann, toggle, scene.messages[2])


@pytest.mark.parametrize(
    "action", ["edit", "delete", "mark", "rename", "conversation", "add", "remove", "profile"]
)
def test_service_role_and_operators_have_no_limit(scene: Scene, action: str) -> None:
    lower_limit(scene, action, 1)
    if prepare := PREPARATIONS.get(action):
        prepare(scene)

    for number in range(2):
        statement, values = ATTEMPTS[action](scene, number)
        assert scene.world.changed(None, statement, *values, role="service_role")
    statement, values = ATTEMPTS[action](scene, 2)
    assert scene.world.operator.execute(statement.encode(), values).rowcount


def test_a_file_counts_when_storage_has_received_it(scene: Scene) -> None:
    """Storage first tries an insert that it rolls back, then inserts as service_role for the owner."""
    lower_limit(scene, "upload", 3)
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
