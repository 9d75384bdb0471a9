"""Operators list organizations, users, conversations and participants, a page at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from chatctl.errors import Invalid, NotFound
from chatctl.services.moderation.look import conversations, organizations, statistics, users
from chatctl.services.moderation.look.conversations import ConversationFilter, ConversationKind
from chatctl.services.moderation.look.reading import Page
from tests.support.world import Database, World


def pages(listed: Callable[..., Page[Any]], **how: Any) -> Iterator[Page[Any]]:
    """All pages, two rows on each."""
    cursor = None
    while True:
        page = listed(cursor=cursor, limit=2, **how)
        yield page
        cursor = page.cursor
        if cursor is None:
            return


def everything(world: World, listed: Callable[..., Page[Any]], *arguments: Any, **how: Any) -> list[Any]:
    """The rows of all pages, whose totals agree."""
    shown = list(pages(lambda **each: listed(world.operator, *arguments, **each), **how))
    rows = [row for page in shown for row in page.rows]
    assert all(len(page.rows) == 2 for page in shown[:-1])
    assert {page.total for page in shown if page.rows} <= {len(rows)}
    return rows


def user_ids(world: World, organization: UUID | None = None, *, suspended: bool = False) -> list[UUID]:
    rows = everything(world, users.listed, organization_id=organization, suspended=suspended)
    return [row.id for row in rows]


def conversation_ids(world: World, **wanted: Any) -> list[UUID]:
    rows = everything(world, conversations.listed, ConversationFilter(**wanted))
    return [row.id for row in rows]


def test_pages_of_organizations_have_each_once_by_slug(world: World) -> None:
    slugs = [f"org-{letter}" for letter in "ecadb"]
    for slug in slugs:
        world.organization(slug=slug)
    rows = everything(world, organizations.listed)
    assert [row.slug for row in rows] == sorted(slugs)


def test_an_organization_with_what_it_has(world: World) -> None:
    organization, (ann, ben, cay) = world.team()
    other, (dan, eve) = world.team(2)
    group = world.group(organization, ann, ben, cay)
    world.direct(organization, ann, ben)
    world.send(dan, world.direct(other, dan, eve))
    world.send(ben, group)
    deleted = world.send(ben, group)
    world.operator.execute("select moderation.delete_messages(%s, 'x', 'spam')", ([deleted],))
    world.operator.execute("update organization_members set role = 'owner' where user_id = %s", (ann,))
    world.operator.execute("insert into private.suspensions (user_id, reason) values (%s, 'spam')", (ben,))
    world.operator.execute(
        "select moderation.create_hold('h', 'x', 'lawsuit', p_organization_id => %s)", (organization,)
    )
    world.operator.execute("update conversations set created_by = null where id = %s", (group,))
    shown = organizations.details(world.operator, organization)
    counts = (shown.people, shown.owners, shown.admins, shown.suspended, shown.conversations, shown.groups)
    assert counts == (3, 1, 0, 1, 2, 1)
    assert (shown.messages, shown.holds) == (1, ["h"])
    assert shown.without_creator == 1
    (summary,) = [
        row
        for row in organizations.listed(world.operator, cursor=None, limit=10).rows
        if row.id == organization
    ]
    assert (summary.people, summary.conversations, summary.messages) == (3, 2, 1)


def test_an_empty_organization_is_no_special_case(world: World) -> None:
    organization = world.organization()
    shown = organizations.details(world.operator, organization)
    assert (shown.people, shown.conversations, shown.messages, shown.last_activity_at) == (0, 0, 0, None)


def test_pages_of_users_have_each_once_newest_first(world: World) -> None:
    people = [world.user(f"person{number}") for number in range(5)]
    # Two of the same moment, at a border of pages.
    world.operator.execute(
        "update user_profiles set created_at = (select created_at from user_profiles where id = %s) "
        "where id = any (%s)",
        (people[1], people[1:4]),
    )
    ids = user_ids(world)
    assert sorted(ids) == sorted(people)
    assert ids[0] == people[4]
    assert ids[-1] == people[0]


def test_users_of_an_organization_and_those_suspended_now(world: World) -> None:
    organization, (ann, ben, cay) = world.team()
    _, (dan,) = world.team(1)
    for user, until in ((ann, "1 hour"), (ben, "-1 hour"), (dan, None)):
        world.operator.execute(
            "insert into private.suspensions (user_id, reason, suspended_until) "
            "values (%s, 'spam', now() + %s::interval)",
            (user, until),
        )
    assert set(user_ids(world, organization)) == {ann, ben, cay}
    assert set(user_ids(world, suspended=True)) == {ann, dan}
    assert user_ids(world, organization, suspended=True) == [ann]
    assert user_ids(world, world.organization()) == []


def test_a_user_with_organizations_in_the_order_of_joining(world: World) -> None:
    ann = world.user("ann")
    for slug in ("zebra", "ant"):
        world.organization(ann, slug=slug)
    (row,) = users.listed(world.operator, organization_id=None, suspended=False, cursor=None, limit=1).rows
    assert (row.name, row.organizations, row.suspended) == ("ann", ["zebra", "ant"], False)


def test_pages_of_conversations_have_each_once_most_recently_active_first(world: World) -> None:
    organization, (ann, *others) = world.team(6)
    made = [world.direct(organization, ann, other) for other in others]
    world.send(ann, made[2])
    assert conversation_ids(world) == [made[2], made[4], made[3], made[1], made[0]]


def test_conversations_by_organization_kind_member_and_activity(world: World) -> None:
    organization, (ann, ben, cay) = world.team()
    other, (dan, eve) = world.team(2)
    group = world.group(organization, ann, ben, cay)
    direct = world.direct(organization, ben, ann)
    elsewhere = world.direct(other, dan, eve)
    started = world.fact("select created_at from conversations where id = %s", elsewhere)
    assert set(conversation_ids(world, organization_id=organization)) == {group, direct}
    assert conversation_ids(world, kind=ConversationKind.group) == [group]
    assert set(conversation_ids(world, kind=ConversationKind.direct)) == {direct, elsewhere}
    assert conversation_ids(world, member_id=cay) == [group]
    assert conversation_ids(world, member_id=uuid4()) == []
    assert conversation_ids(world, active_since=started) == [elsewhere]
    assert conversation_ids(world, active_since=started + timedelta(days=1)) == []
    assert conversation_ids(world, organization_id=organization, member_id=cay, no_creator=True) == []


def test_groups_without_a_creator(world: World) -> None:
    organization, (ann, ben, cay, dan) = world.team(4)
    _, handed_over, orphaned = (world.group(organization, ann, ben, cay, dan) for _ in range(3))
    world.operator.execute(
        "delete from conversation_participants where conversation_id = %s and user_id = %s",
        (handed_over, ann),
    )
    world.operator.execute("update conversations set created_by = null where id = %s", (orphaned,))
    assert conversation_ids(world, no_creator=True) == [orphaned]


def test_the_title_of_a_direct_conversation_is_who_takes_part(world: World) -> None:
    ann, ben = world.user("Ann"), world.user("Ben")
    organization = world.organization(ann, ben, slug="acme")
    summary = conversations.summary(world.operator, world.direct(organization, ben, ann))
    assert (summary.title, summary.kind, summary.organization) == ("Ann, Ben", "direct", "acme")


def test_participants_in_the_order_of_joining(world: World) -> None:
    organization, (ann, ben, cay, dan) = world.team(4)
    group = world.group(organization, ann, ben, dan)
    world.value(
        ann, "insert into conversation_participants (conversation_id, user_id) values (%s, %s)", group, cay
    )
    world.send(ann, group)
    rows = conversations.participants(world.operator, group)
    assert rows[-1].id == cay
    assert {row.id: (row.is_creator, row.is_member, row.unread) for row in rows} == {
        ann: (True, True, 0),
        ben: (False, True, 1),
        dan: (False, True, 1),
        cay: (False, True, 1),
    }


CURSORS = [
    "", "x", "é", "W10", "bnVsbA", "WyJ1c2VycyJd", "WyJ1c2VycyIsMSwyXQ",
    "WyJ1c2VycyIsICJ5ZXN0ZXJkYXkiLCAieCJd", "WyJ1c2VycyIsICIyMDI1XHUwMDAwIiwgIngiXQ",
]  # fmt: skip


@pytest.mark.parametrize("cursor", CURSORS)
def test_a_cursor_that_was_not_printed_is_refused(world: World, cursor: str) -> None:
    with pytest.raises(Invalid, match="--cursor"):
        users.listed(world.operator, organization_id=None, suspended=False, cursor=cursor, limit=2)


def test_a_cursor_of_another_list_is_refused(world: World) -> None:
    for letter in "abc":
        world.organization(slug=letter)
    cursor = organizations.listed(world.operator, cursor=None, limit=2).cursor
    with pytest.raises(Invalid):
        statistics.listed(
            world.operator, statistics.last_days(), organization_id=None, cursor=cursor, limit=2
        )


def test_a_database_that_is_not_migrated_is_named_as_such(bare_database: Database) -> None:
    with bare_database.connect() as conn, pytest.raises(NotFound, match="missing what operators need"):
        organizations.listed(conn, cursor=None, limit=2)


def test_statistics_of_an_organization(world: World) -> None:
    organization, (ann, ben) = world.team(2)
    other, (cay, dan) = world.team(2)
    conversation = world.direct(organization, ann, ben)
    world.send(cay, world.direct(other, cay, dan))
    sent = [world.send(ann, conversation, f"number {number}") for number in range(4)]
    world.send(ben, conversation)
    world.value(ben, "select id from report_message(%s, 'spam')", sent[0])
    world.operator.execute("select moderation.delete_messages(%s, 'x', 'spam')", (sent[:1],))
    world.operator.execute("select moderation.purge_messages(%s, 'x', 'spam')", (sent[1:2],))
    for owner, size in ((organization, 1000), (organization, 234), (other, 5)):
        world.operator.execute(
            "insert into storage.objects (bucket_id, name, metadata) values ('attachments', %s, "
            "jsonb_build_object('size', %s::bigint))",
            (f"{owner}/chat/{conversation}/{uuid4()}_plan.pdf", size),
        )
    days = statistics.last_days()
    page = statistics.listed(world.operator, days, organization_id=organization, cursor=None, limit=5)
    (row,) = page.rows
    assert (row.people, row.conversations, row.messages, row.deleted, row.purged) == (2, 1, 3, 1, 1)
    assert (row.reported, row.open_reports) == (1, 1)
    assert (row.stored_files, row.stored_bytes) == (2, 1234)
    # Around midnight the messages may be of two days.
    assert (len(row.per_day), sum(row.per_day[-2:]), row.recent_messages) == (14, 4, 4)
    assert [(each["id"], each["messages"]) for each in row.top_senders] == [(str(ann), 3), (str(ben), 1)]
    assert [each.people for each in everything(
        world, lambda conn, **how: statistics.listed(conn, days, organization_id=None, **how)
    )] == [2, 2]  # fmt: skip
