"""Every query pattern of clients, as the SQL that PostgREST generates for it."""

from __future__ import annotations

from uuid import UUID

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.support.world import World

PROFILE = "to_jsonb(p) - 'created_at' - 'updated_at'"
MARK_READ = (
    "update conversation_participants set last_read_at = now() where conversation_id = %s and user_id = %s"
)


@pytest.fixture
def team(world: World) -> tuple[UUID, list[UUID]]:
    return world.team(4)


@pytest.fixture
def direct(world: World, team: tuple[UUID, list[UUID]]) -> UUID:
    organization, people = team
    return world.direct(organization, people[0], people[1])


@pytest.fixture
def group(world: World, team: tuple[UUID, list[UUID]]) -> UUID:
    organization, people = team
    return world.group(organization, *people[:3])


def test_a_user_lists_conversations(
    world: World, team: tuple[UUID, list[UUID]], direct: UUID, group: UUID
) -> None:
    rows = world.rows(
        team[1][0],
        """
        select cp.conversation_id, cp.is_starred, cp.is_muted, cp.last_read_at,
          c.id, c.organization_id, c.name, c.is_group, c.created_by, c.created_at, c.updated_at
        from conversation_participants cp left join conversations c on c.id = cp.conversation_id
        where cp.user_id = %s order by cp.joined_at desc
        """,
        team[1][0],
    )

    assert [row[0] for row in rows] == [group, direct]


def test_a_group_is_created_in_two_steps(world: World, team: tuple[UUID, list[UUID]]) -> None:
    organization, people = team
    conversation, count = world.rows(
        people[0],
        "insert into conversations (organization_id, name, is_group, created_by) "
        "values (%s, 'Team', true, %s) returning id, participant_count",
        organization,
        people[0],
    )[0]
    assert count == 0

    added = world.changed(
        people[0],
        "insert into conversation_participants (conversation_id, user_id, last_read_at) "
        "values (%s, %s, now()), (%s, %s, null), (%s, %s, null)",
        conversation,
        people[0],
        conversation,
        people[1],
        conversation,
        people[2],
    )

    assert added == 3
    assert world.value(people[1], "select name from conversations") == "Team"


def test_a_user_finds_a_direct_conversation(
    world: World, team: tuple[UUID, list[UUID]], direct: UUID, group: UUID
) -> None:
    ann, ben = team[1][:2]
    rows = world.rows(
        ann,
        """
        select cp.conversation_id, c.id, c.is_group
        from conversation_participants cp join conversations c on c.id = cp.conversation_id
        where cp.user_id = %s and cp.conversation_id = any(%s) and c.is_group = false
        """,
        ben,
        [direct, group],
    )

    assert rows == [(direct, direct, False)]


def test_only_the_creator_renames_a_group(world: World, team: tuple[UUID, list[UUID]], group: UUID) -> None:
    rename = "update conversations set name = 'New' where id = %s and created_by = %s"

    assert world.changed(team[1][1], rename, group, team[1][1]) == 0
    assert world.changed(team[1][0], rename, group, team[1][0]) == 1
    assert world.value(team[1][1], "select name from conversations") == "New"


@pytest.mark.parametrize("name", ["", "  ", "x" * 256, None])
def test_a_group_has_a_name(
    world: World, team: tuple[UUID, list[UUID]], group: UUID, name: str | None
) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        world.rows(team[1][0], "update conversations set name = %s where id = %s", name, group)


def test_a_user_reads_messages_by_offset(world: World, team: tuple[UUID, list[UUID]], direct: UUID) -> None:
    ann, ben = team[1][:2]
    for number in range(5):
        world.send(ann, direct, f"message {number}")

    rows = world.rows(
        ben,
        f"""
        select m.id, m.conversation_id, m.sender_id, m.content, m.attachments, m.reactions, m.created_at,
          m.updated_at, {PROFILE}
        from messages m left join user_profiles p on p.id = m.sender_id
        where m.conversation_id = %s and m.deleted_at is null
        order by m.created_at asc limit 2 offset 2
        """,
        direct,
    )

    assert [row[3] for row in rows] == ["message 2", "message 3"]
    assert rows[0][8]["full_name"] == "person0"


def test_a_message_is_sent_in_four_steps(world: World, team: tuple[UUID, list[UUID]], direct: UUID) -> None:
    organization, (ann, ben, *_) = team
    ((organization_id,),) = world.rows(ben, "select organization_id from conversations where id = %s", direct)
    assert organization_id == organization
    before = world.fact("select updated_at from conversations where id = %s", direct)

    ((message, content, profile),) = world.rows(
        ben,
        f"""
        with sent as (
          insert into messages
            (organization_id, conversation_id, sender_id, content, attachments, reactions)
          values (%s, %s, %s, 'hi', null, '[]')
          returning id, conversation_id, sender_id, content, attachments, reactions, created_at
        )
        select sent.id, sent.content, {PROFILE} from sent left join user_profiles p on p.id = sent.sender_id
        """,
        organization_id,
        direct,
        ben,
    )

    assert (content, profile["full_name"]) == ("hi", "person1")
    assert world.fact("select updated_at from conversations where id = %s", direct) > before
    bump = "update conversations set updated_at = '2100-01-01' where id = %s"
    assert world.changed(ben, bump, direct) == 0  # not the creator of the group: changes nothing
    assert world.changed(ann, bump, direct) == 1  # accepted but overwritten
    assert world.fact("select bool_and(updated_at < now() + interval '1 day') from conversations")
    assert world.changed(ben, MARK_READ, direct, ben) == 1
    assert world.value(ann, "select get_unread_count(%s, %s)", direct, ann) == 1
    assert message


def test_a_reaction_is_toggled_in_three_steps(
    world: World, team: tuple[UUID, list[UUID]], direct: UUID
) -> None:
    ann, ben = team[1][:2]
    message = world.send(ann, direct)
    reactions = world.value(ben, "select reactions from messages where id = %s", message)
    entry = {"userId": str(ben), "emoji": "👍"}

    assert world.changed(
        ben, "update messages set reactions = %s where id = %s", Jsonb([*reactions, entry]), message
    )
    assert world.value(ann, "select reactions from messages where id = %s", message) == [entry]
    assert world.changed(ben, "update messages set reactions = %s where id = %s", Jsonb([]), message)
    assert world.value(ann, "select reactions from messages where id = %s", message) == []


def test_only_the_sender_deletes_a_message(world: World, team: tuple[UUID, list[UUID]], direct: UUID) -> None:
    ann, ben = team[1][:2]
    message = world.send(ann, direct)
    delete = "update messages set deleted_at = now() where id = %s and sender_id = %s"

    assert world.changed(ben, delete, message, ben) == 0
    assert world.changed(ann, delete, message, ann) == 1
    assert world.rows(ben, "select 1 from messages where deleted_at is null") == []


def test_a_participant_lists_the_participants(
    world: World, team: tuple[UUID, list[UUID]], group: UUID
) -> None:
    rows = world.rows(
        team[1][1],
        f"select cp.user_id, cp.joined_at, {PROFILE} from conversation_participants cp "
        "left join user_profiles p on p.id = cp.user_id where cp.conversation_id = %s",
        group,
    )

    assert {row[0] for row in rows} == set(team[1][:3])
    assert all(row[2]["email"] for row in rows)


def test_users_star_and_mute_only_for_themselves(
    world: World, team: tuple[UUID, list[UUID]], group: UUID
) -> None:
    ann, ben = team[1][:2]
    for column in ("is_starred", "is_muted"):
        change = (
            f"update conversation_participants set {column} = true "
            "where conversation_id = %s and user_id = %s"
        )
        assert world.changed(ann, change, group, ann) == 1
        assert world.changed(ann, change, group, ben) == 0


def test_a_user_marks_a_conversation_as_read(
    world: World, team: tuple[UUID, list[UUID]], direct: UUID
) -> None:
    ann, ben = team[1][:2]
    world.send(ann, direct)
    assert world.value(ben, "select get_unread_count(%s, %s)", direct, ben) == 1

    world.changed(
        ben,
        MARK_READ,
        direct,
        ben,
    )

    assert world.value(ben, "select get_unread_count(%s, %s)", direct, ben) == 0


def test_the_creator_adds_and_removes_participants(
    world: World, team: tuple[UUID, list[UUID]], group: UUID
) -> None:
    people = team[1]
    add = "insert into conversation_participants (conversation_id, user_id) values (%s, %s)"
    remove = "delete from conversation_participants where conversation_id = %s and user_id = %s"

    assert world.changed(people[0], add, group, people[3]) == 1
    assert world.changed(people[1], remove, group, people[3]) == 0
    assert world.changed(people[0], remove, group, people[3]) == 1
    assert world.changed(people[2], remove, group, people[2]) == 1


def test_for_a_later_participant_everything_is_unread(
    world: World, team: tuple[UUID, list[UUID]], group: UUID
) -> None:
    people = team[1]
    world.send(people[0], group)
    world.send(people[1], group)

    world.changed(
        people[0],
        "insert into conversation_participants (conversation_id, user_id, last_read_at) "
        "values (%s, %s, now())",
        group,
        people[3],
    )

    assert world.value(people[3], "select get_unread_count(%s, %s)", group, people[3]) == 2


def test_the_realtime_client_can_fetch_what_it_was_notified_of(
    world: World, team: tuple[UUID, list[UUID]], direct: UUID
) -> None:
    ann, ben = team[1][:2]

    assert world.rows(ben, "select id, email, full_name, avatar_url from user_profiles where id = %s", ann)
    assert world.rows(ben, "select * from conversations where id = %s", direct)


def test_realtime_publishes_only_what_clients_need(world: World) -> None:
    published = world.operator.execute(
        "select schemaname || '.' || tablename from pg_publication_tables "
        "where pubname = 'supabase_realtime' order by 1"
    ).fetchall()

    assert [name for (name,) in published] == [
        "public.conversation_participants",
        "public.conversations",
        "public.messages",
    ]
    # For deleted rows, subscribers get the replica identity: an opaque id and nothing else.
    identities = world.operator.execute(
        """
        select c.relname, c.relreplident::text, array_agg(a.attname::text)
        from pg_class c
        join pg_index i on i.indrelid = c.oid and i.indisprimary
        join pg_attribute a on a.attrelid = c.oid and a.attnum = any(i.indkey)
        where c.oid in (select relid from pg_get_publication_tables('supabase_realtime'))
        group by 1, 2
        """
    ).fetchall()
    assert {(replica, *key) for _, replica, key in identities} == {("d", "id")}


def test_a_profile_is_created_with_its_user_and_follows_its_email(world: World) -> None:
    user = world.user("ann")
    assert world.fact("select full_name from user_profiles where id = %s", user) == "ann"

    world.operator.execute("update auth.users set email = 'new@example.test' where id = %s", (user,))

    assert world.fact("select email from user_profiles where id = %s", user) == "new@example.test"
    assert world.changed(user, "update user_profiles set full_name = 'Ann' where id = %s", user) == 1
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        world.rows(user, "update user_profiles set email = 'x@example.test'")
