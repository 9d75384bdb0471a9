"""The optional indexes for searching are built beside people who send, once, and dropped."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from chatctl.db.files import sql_statement
from chatctl.local.postgres.cluster import SUPERUSER
from chatctl.services.moderation import searchindex
from tests.support.world import World


def quiet(_: str) -> None:
    """Ignore who is waited for."""


def test_the_index_is_created_once_and_dropped(world: World) -> None:
    conn = world.operator
    assert searchindex.status(conn).state == "absent"
    assert searchindex.create(conn, on_wait=quiet)
    assert searchindex.status(conn).state == "ready"
    assert searchindex.status(conn).bytes > 0
    assert not searchindex.create(conn, on_wait=quiet)
    assert searchindex.drop(conn, on_wait=quiet)
    assert searchindex.status(conn) == searchindex.SearchIndexStatus("absent", 0)
    assert not searchindex.drop(conn, on_wait=quiet)


def test_what_an_interrupted_build_has_left_is_built_again(world: World) -> None:
    conn = world.operator
    for index in ("words", "time"):
        conn.execute(sql_statement(f"moderation/create_{index}_index"))
    with world.database.connect(role=SUPERUSER) as admin:
        admin.execute(
            "update pg_index set indisvalid = false where indexrelid = 'public.messages_search'::regclass"
        )
    assert searchindex.status(conn).state == "unfinished"
    assert searchindex.create(conn, on_wait=quiet)
    assert searchindex.status(conn).state == "ready"


def test_two_builds_at_once_both_succeed(world: World) -> None:
    with (
        world.database.connect() as first,
        world.database.connect() as second,
        ThreadPoolExecutor() as threads,
    ):
        created = list(threads.map(lambda conn: searchindex.create(conn, on_wait=quiet), (first, second)))
    assert sorted(created) == [False, True]
    assert searchindex.status(world.operator).state == "ready"


def test_people_send_as_before_with_the_index(world: World) -> None:
    searchindex.create(world.operator, on_wait=quiet)
    organization, (ann, ben) = world.team(2)
    conversation = world.direct(organization, ann, ben)
    message = world.send(ann, conversation, "明天的会议")
    world.changed(ann, "update messages set content = 'edited' where id = %s", message)
    assert world.value(ben, "select content from messages") == "edited"
