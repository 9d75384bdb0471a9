"""Operators look at one user: organizations, conversations, activity, restrictions and the rate limit."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest

from chatctl.services.moderation.look import users
from tests.support.world import World


def test_a_user_with_organizations_and_conversations(world: World) -> None:
    organization, (ann, ben) = world.team(2)
    world.organization(ann, slug="second")
    conversation = world.direct(organization, ann, ben)
    message = world.send(ann, conversation)
    deleted = world.send(ann, conversation)
    world.send(ben, conversation)
    world.operator.execute("select moderation.delete_messages(%s, 'x', 'spam')", ([deleted],))
    world.operator.execute("select moderation.create_hold('h', 'x', 'lawsuit', p_user_id => %s)", (ann,))
    shown = users.details(world.operator, ann)
    assert [(each.slug == "second", each.role) for each in shown.organizations] == [
        (False, "member"),
        (True, "member"),
    ]
    assert [each.id for each in shown.conversations.rows] == [conversation]
    assert (shown.profile.messages, shown.profile.deleted, shown.profile.holds) == (2, 1, ["h"])
    assert shown.profile.last_sent_at == world.fact("select created_at from messages where id = %s", deleted)
    assert shown.profile.last_sent_at > world.fact("select created_at from messages where id = %s", message)
    assert shown.profile.suspended_at is None


def test_reports_by_a_user_and_against_one(world: World) -> None:
    organization, (ann, ben) = world.team(2)
    message = world.send(ben, world.direct(organization, ann, ben))
    report = world.value(ann, "select id from report_message(%s, 'spam')", message)
    filed, against = (users.details(world.operator, user).reports for user in (ann, ben))
    assert (filed.reported, filed.reports_against) == (1, 0)
    assert (against.reported, against.reports_against, against.against_open) == (0, 1, 1)
    world.operator.execute("select moderation.resolve_reports(%s, 'upheld', 'op', 'spam')", ([report],))
    filed, against = (users.details(world.operator, user).reports for user in (ann, ben))
    assert (filed.reported_upheld, against.against_open, against.against_upheld) == (1, 0, 1)


def test_a_user_who_has_done_nothing(world: World) -> None:
    shown = users.details(world.operator, world.user("ann"))
    profile = shown.profile
    assert (shown.organizations, shown.conversations.rows, shown.conversations.total) == ([], [], 0)
    assert (profile.messages, profile.last_sent_at, profile.last_read_at, profile.holds) == (
        0,
        None,
        None,
        [],
    )
    assert (profile.messages_used, profile.messages_allowed, profile.window_opens_at) == (0, 10, None)


@pytest.mark.parametrize(("until", "suspended"), [(None, True), ("1 hour", True), ("-1 hour", False)])
def test_a_suspension_and_whether_it_is_over(world: World, until: str | None, suspended: bool) -> None:
    ann = world.user("ann")
    world.operator.execute(
        "insert into private.suspensions (user_id, reason, suspended_until) "
        "values (%s, 'spam', now() + %s::interval)",
        (ann, until),
    )
    profile = users.details(world.operator, ann).profile
    assert (profile.suspended, profile.suspension_reason) == (suspended, "spam")


def test_the_rate_limit_is_what_the_user_is_told(world: World) -> None:
    organization, (ann, ben) = world.team(2)
    conversation = world.direct(organization, ann, ben)
    for used in range(1, 11):
        world.send(ann, conversation)
        profile = users.details(world.operator, ann).profile
        assert (profile.messages_used, profile.messages_allowed) == (used, 10)
        assert (profile.window_opens_at is not None) == (used == 10)
    (row,) = world.rows(ann, "select remaining, reset_at from check_message_rate_limit()")
    assert row == (0, profile.window_opens_at)
    with pytest.raises(psycopg.Error):
        world.send(ann, conversation)


def test_where_a_user_is_muted_now(world: World) -> None:
    organization, (ann, ben, cay) = world.team()
    group = world.group(organization, ann, ben, cay)
    places = [(organization, None, None), (None, group, "1 hour"), (None, None, "-1 hour")]
    for number, place in enumerate(places):
        world.operator.execute(
            "insert into private.mutes "
            "(user_id, reason, muted_at, organization_id, conversation_id, muted_until) "
            "values (%s, 'spam', now() - interval '2 hours' + %s * interval '1 minute', %s, %s, "
            "now() + %s::interval)",
            (ann, number, *place),
        )
    mutes = users.details(world.operator, ann).mutes
    assert [(each.organization is not None, each.conversation_id) for each in mutes] == [
        (True, None),
        (False, group),
    ]
    assert [each.until is None for each in mutes] == [True, False]


def test_a_window_that_has_passed_is_empty(world: World) -> None:
    ann = world.user("ann")
    world.operator.execute(
        "insert into private.send_windows (user_id, sent_at) "
        "select %s, array_agg(now() - interval '2 minutes') from generate_series(1, 10)",
        (ann,),
    )
    profile = users.details(world.operator, ann).profile
    assert (profile.messages_used, profile.window_opens_at) == (0, None)
    assert profile.messages_per == timedelta(minutes=1)


def test_only_the_most_recently_active_conversations_and_how_many_there_are(world: World) -> None:
    world.lift_limits()
    organization, (ann, *others) = world.team(22)
    for other in others:
        world.direct(organization, ann, other)
    shown = users.details(world.operator, ann).conversations
    assert (len(shown.rows), shown.total) == (20, 21)
