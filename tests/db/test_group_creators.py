"""Who manages a group after its creator has left, was suspended or was removed."""

from __future__ import annotations

import psycopg
import pytest

from tests.support.world import World

ADD = "insert into conversation_participants (conversation_id, user_id) values (%s, %s)"

GO: dict[str, str] = {
    "leaves": "delete from conversation_participants where user_id = %s",
    "is removed from the organization": "delete from organization_members where user_id = %s",
    "is erased": "delete from auth.users where id = %s",
}


@pytest.mark.parametrize("way", GO)
def test_the_longest_standing_participant_takes_over(world: World, way: str) -> None:
    organization, people = world.team(5)
    ann, ben, cem, *_ = people
    group = world.group(organization, *people[:3])
    world.rows(ann, ADD, group, people[3])
    world.operator.execute(
        "update conversation_participants set joined_at = '2020-01-01' where user_id = any(%s)", ([ben, cem],)
    )
    world.operator.execute("delete from organization_members where user_id = %s", (min(ben, cem),))

    if way == "leaves":
        world.changed(ann, GO[way], ann)
    else:
        world.operator.execute(GO[way].encode(), (ann,))

    heir = max(ben, cem)  # the other one is no longer a member
    assert world.fact("select created_by from conversations") == heir
    assert world.changed(heir, "update conversations set name = 'mine'") == 1
    assert world.changed(heir, ADD, group, people[4]) == 1
    assert world.changed(heir, "delete from conversation_participants where user_id = %s", people[4]) == 1


def test_a_suspended_participant_does_not_take_over(world: World) -> None:
    organization, people = world.team(4)
    ann, ben, cem, dan = people
    world.group(organization, *people)
    for number, person in enumerate(people):
        at = "update conversation_participants set joined_at = %s where user_id = %s"
        world.operator.execute(at, (f"2026-01-0{number + 1}", person))
    for person, until in ((ben, None), (cem, "2020-01-01")):
        suspend = "insert into private.suspensions (user_id, reason, suspended_until) values (%s, 'spam', %s)"
        world.operator.execute(suspend, (person, until))
    leave = "delete from conversation_participants where user_id = %s"

    for leaver, heir in ((ann, cem), (cem, dan), (dan, ben)):
        assert world.changed(leaver, leave, leaver) == 1
        assert world.fact("select created_by from conversations") == heir


def test_a_group_passes_from_one_creator_to_the_next_until_it_is_empty(world: World) -> None:
    organization, people = world.team(3)
    group = world.group(organization, *people)
    leave = "delete from conversation_participants where user_id = %s"

    for _ in people:
        creator = world.fact("select created_by from conversations")
        assert world.changed(creator, leave, creator) == 1

    assert world.fact("select created_by from conversations") is None
    for person in people:
        assert world.value(person, "select count(*) from conversations") == 0
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            world.rows(person, ADD, group, person)


def test_a_removed_creator_who_returns_is_creator_again_only_if_there_is_no_other(world: World) -> None:
    organization, people = world.team(3)
    world.group(organization, *people)
    creator = "select created_by from conversations"
    for person in people:
        world.operator.execute("delete from organization_members where user_id = %s", (person,))
    assert world.fact(creator) is None

    for person in reversed(people):
        world.join_organization(organization, person)

    assert world.fact(creator) == people[2]


def test_a_group_refilled_by_an_operator_has_a_creator_again(world: World) -> None:
    organization, people = world.team(3)
    group = world.group(organization, *people)
    world.operator.execute("delete from conversation_participants")
    assert world.fact("select created_by from conversations") is None

    world.operator.execute(
        "insert into conversation_participants (conversation_id, user_id) select %s, unnest(%s::uuid[])",
        (group, people),
    )

    assert world.fact("select created_by from conversations") in people


def test_a_direct_conversation_has_no_successor_of_its_creator(world: World) -> None:
    organization, (ann, ben) = world.team(2)
    world.direct(organization, ann, ben)

    world.operator.execute("delete from organization_members where user_id = %s", (ann,))
    assert world.fact("select created_by from conversations") == ann
    world.operator.execute("delete from auth.users where id = %s", (ben,))
    assert world.fact("select created_by from conversations") == ann
    world.operator.execute("delete from auth.users where id = %s", (ann,))
    assert world.fact("select created_by from conversations") is None


def test_starting_the_group_again_reveals_no_messages_sent_after_leaving(world: World) -> None:
    organization, people = world.team(6)
    ann, ben = people[:2]
    group = world.group(organization, *people[:4])
    leave = "delete from conversation_participants where conversation_id = %s and user_id = %s"
    world.changed(ann, leave, group, ann)
    world.send(ben, group, "said after the creator had left")
    for person in people[1:4]:
        world.changed(person, leave, group, person)

    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        world.rows(
            ann,
            "insert into conversation_participants (conversation_id, user_id) select %s, unnest(%s::uuid[])",
            group,
            [ann, *people[4:]],
        )
    for person in (ann, people[5]):
        assert world.value(person, "select count(*) from conversations") == 0
        with pytest.raises(psycopg.Error, match="not part"):
            world.rows(person, "select * from get_messages_page(%s)", group)


def test_a_project_may_allow_creators_to_delete_their_groups(world: World) -> None:
    """That also deletes all participants, whom the creator could otherwise only remove one at a time."""
    organization, people = world.team()
    group = world.group(organization, *people)
    world.send(people[1], group)
    world.operator.execute(
        """
        grant delete on conversations to authenticated;
        create policy "creators delete" on conversations for delete to authenticated
        using (created_by = (select private.current_user_id()))
        """
    )

    assert world.changed(people[0], "delete from conversations where id = %s", group) == 1
    assert world.fact("select count(*) from conversation_participants") == 0


def test_a_name_that_predates_its_rule_does_not_stop_people_from_leaving(world: World) -> None:
    organization, people = world.team(4)
    group = world.group(organization, *people)
    with world.database.connect("supabase_admin") as admin:
        admin.execute("set session_replication_role = replica")
        admin.execute("update conversations set name = E'\\n' where id = %s", (group,))

    assert (
        world.changed(people[3], "delete from conversation_participants where user_id = %s", people[3]) == 1
    )
    with pytest.raises(psycopg.errors.CheckViolation):
        world.operator.execute("update conversations set name = E'\\t' where id = %s", (group,))
