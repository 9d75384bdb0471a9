"""Limits of a single statement (one message, one conversation), and of adding people who left."""

from __future__ import annotations

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.support.limits import (
    ADD,
    LEAVE,
    TRIES,
    Scene,
    create_scene,
    write_many_messages,
)
from tests.support.refused import details, error_code
from tests.support.world import World


@pytest.fixture
def scene(world: World) -> Scene:
    return create_scene(world)


# People who left --------------------------------------------------------------------------------------------


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


# One message or conversation for each statement -------------------------------------------------------------


def test_a_statement_reacts_to_one_message_of_others(scene: Scene) -> None:
    react = "update messages set reactions = %s where conversation_id = %s and sender_id {} %s"
    mine = Jsonb([{"userId": str(scene.ann), "emoji": "hm"}])

    with pytest.raises(psycopg.Error, match="one message at a time") as refused:
        scene.world.rows(scene.ann, react.format("<>"), mine, scene.conversation, scene.ann)
    assert error_code(refused.value) == "VALIDATION_ERROR"
    write_many_messages(scene)
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
