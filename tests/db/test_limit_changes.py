"""Changes of limits: who may make them, how they are logged, and when they apply."""

from __future__ import annotations

import psycopg
import pytest

from tests.support.limits import (
    ATTEMPTS,
    Scene,
    create_scene,
    lower_limit,
    make_attempt,
)
from tests.support.world import World


@pytest.fixture
def scene(world: World) -> Scene:
    return create_scene(world)


def test_every_change_of_a_limit_is_logged(world: World) -> None:
    world.operator.execute("select private.set_limit('edit', 5, '2 minutes', 'ops', 'spam wave')")
    world.operator.execute("update private.limits set allowed = 6 where action = 'edit'")
    world.operator.execute("update private.limits set what = 'edits' where action = 'edit'")

    logged = world.operator.execute(
        "select actor, action, target_id, reason, details from private.moderation_log order by id"
    ).fetchall()
    before, in_between, after = (
        {"allowed": allowed, "per": per}
        for allowed, per in ((30, "00:01:00"), (5, "00:02:00"), (6, "00:02:00"))
    )
    assert logged == [
        ("ops", "limit.change", "edit", "spam wave", {"old": before, "new": in_between}),
        ("postgres", "limit.change", "edit", "changed in SQL", {"old": in_between, "new": after}),
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
    lower_limit(scene, "message", 3)
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
        make_attempt(scene, "edit", number)

    assert scene.world.fact("select max(cardinality(at)) from private.action_windows") <= 61
