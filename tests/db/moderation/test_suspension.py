"""An operator suspends users: from that moment they have no access, whatever their token says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import psycopg
import pytest

from tests.support.dumps import dump
from tests.support.waiting import locked, waiting
from tests.support.world import World

LATER = datetime.now(UTC) + timedelta(days=3)
NEVER = datetime(2999, 12, 31, tzinfo=UTC)


@pytest.fixture
def chat(world: World) -> tuple[UUID, UUID, UUID]:
    """Two people and their conversation, with a message of the first."""
    organization, (ann, ben) = world.team(2)
    conversation = world.direct(organization, ann, ben)
    world.send(ann, conversation)
    return ann, ben, conversation


def suspend(world: World, user: UUID, until: datetime | None = None, shown: str | None = None) -> str:
    return str(
        world.fact(
            "select status from moderation.suspend_user(%s, 'ann', 'spam', null, %s, %s)", user, until, shown
        )
    )


def unsuspend(world: World, user: UUID) -> str:
    return str(world.fact("select status from moderation.unsuspend_user(%s, 'ann', 'a mistake')", user))


def banned_until(world: World, user: UUID) -> datetime | None:
    until = world.fact("select banned_until from auth.users where id = %s", user)
    assert until is None or isinstance(until, datetime)
    return until


def undo(world: World, action: int) -> tuple[str, str, str | None]:
    row = world.operator.execute(
        "select action, status, problem from moderation.undo(%s, 'ann', 'a mistake')", (action,)
    ).fetchone()
    assert row
    return row


def actions(world: World) -> list[str]:
    return [row[0] for row in world.operator.execute("select action from moderation.log order by id")]


def sign_in(world: World, user: UUID) -> None:
    session = uuid4()
    world.operator.execute("insert into auth.sessions (id, user_id) values (%s, %s)", (session, user))
    world.operator.execute(
        "insert into auth.refresh_tokens (token, user_id, session_id) values (%s, %s, %s), (%s, %s, null)",
        (f"new-{session}", user, session, f"old-{session}", user),
    )


WRITES = {
    "table": "insert into messages (organization_id, conversation_id, sender_id, content) "
    "values (%(organization)s, %(conversation)s, %(user)s, 'hm')",
    "rpc": "select send_message(%(conversation)s, 'hm')",
    "reaction": "select toggle_reaction(%(message)s, 'ok')",
    "reading": "select mark_conversation_read(%(conversation)s)",
}


@pytest.mark.parametrize("until", [None, LATER])
@pytest.mark.parametrize("write", WRITES)
def test_a_suspended_user_with_a_valid_token_is_refused_at_once(
    world: World, chat: tuple[UUID, UUID, UUID], until: datetime | None, write: str
) -> None:
    ann, ben, conversation = chat
    organization, message = world.fact("select (organization_id, id) from messages")
    values = {"conversation": conversation, "user": ann, "organization": organization, "message": message}
    assert suspend(world, ann, until) == "done"
    for table in ("messages", "conversations", "organizations", "user_profiles", "conversation_participants"):
        assert world.rows(ann, f"select * from {table}") == []
    with pytest.raises(psycopg.Error) as error, world.acting(ann) as conn:
        conn.execute(WRITES[write].encode(), values)
    assert error.value.sqlstate in {"42501", "PT403", "PT404"}
    with pytest.raises(psycopg.errors.InsufficientPrivilege), world.acting(ann) as conn:
        conn.execute(
            "insert into storage.objects (bucket_id, name, owner_id) values ('attachments', %s, %s)",
            (f"{organization}/chat/{conversation}/{uuid4()}_plan.pdf", str(ann)),
        )
    assert world.value(ben, "select count(*) from messages") == 1


@pytest.mark.parametrize(("until", "banned"), [(None, NEVER), (LATER, LATER)])
def test_a_suspended_user_cannot_sign_in_and_their_sessions_are_revoked(
    world: World, chat: tuple[UUID, UUID, UUID], until: datetime | None, banned: datetime
) -> None:
    ann, ben, _ = chat
    sign_in(world, ann)
    sign_in(world, ben)
    suspend(world, ann, until)
    assert banned_until(world, ann) == banned
    assert world.fact("select array_agg(user_id) from auth.sessions") == [ben]
    assert world.fact("select array_agg(distinct user_id) from auth.refresh_tokens") == [ben]
    unsuspend(world, ann)
    assert banned_until(world, ann) is None
    assert world.value(ann, "select count(*) from messages") == 1


@pytest.mark.parametrize("earlier", [None, "expired", "active"])
def test_undoing_a_suspension_leaves_everything_as_it_was(
    world: World, chat: tuple[UUID, UUID, UUID], earlier: str | None
) -> None:
    ann, _, _ = chat
    if earlier:
        suspend(world, ann, LATER, "be nice")
    if earlier == "expired":
        world.operator.execute("update private.suspensions set suspended_until = now() - interval '1 day'")
    before, action = dump(world), len(actions(world)) + 1
    assert suspend(world, ann) == "done"
    assert undo(world, action) == ("user.suspend" if earlier else "user.unsuspend", "done", None)
    assert dump(world) == before
    assert undo(world, action + 1) == ("user.suspend", "done", None)
    assert world.rows(ann, "select id from messages") == []


def test_undoing_an_unsuspension_suspends_again(world: World, chat: tuple[UUID, UUID, UUID]) -> None:
    ann, _, _ = chat
    suspend(world, ann, LATER, "be nice")
    before = dump(world)
    assert unsuspend(world, ann) == "done"
    assert undo(world, 2) == ("user.suspend", "done", None)
    assert dump(world) == before


def test_an_action_is_not_undone_after_a_later_one(world: World, chat: tuple[UUID, UUID, UUID]) -> None:
    ann, _, _ = chat
    suspend(world, ann)
    suspend(world, ann, LATER)
    before = dump(world)
    assert undo(world, 1) == ("user.unsuspend", "skipped", "CHANGED")
    assert dump(world) == before
    assert undo(world, 2)[1] == "done"
    assert undo(world, 1)[1] == "done"
    assert undo(world, 1)[1] == "noop"


def test_a_repeated_suspension_changes_nothing_and_logs_nothing(
    world: World, chat: tuple[UUID, UUID, UUID]
) -> None:
    ann, ben, _ = chat
    suspend(world, ann, LATER)
    before = dump(world)
    assert suspend(world, ann, LATER) == "noop"
    assert unsuspend(world, ben) == "noop"
    assert actions(world) == ["user.suspend"]
    assert dump(world) == before
    assert suspend(world, uuid4()) == "failed"
    assert unsuspend(world, uuid4()) == "failed"


@pytest.mark.parametrize("banned", [datetime(2998, 1, 1, tzinfo=UTC), LATER])
def test_a_ban_of_the_projects_own_survives(
    world: World, chat: tuple[UUID, UUID, UUID], banned: datetime
) -> None:
    ann, _, _ = chat
    suspend(world, ann, datetime.now(UTC) + timedelta(hours=1))
    world.operator.execute("update auth.users set banned_until = %s where id = %s", (banned, ann))
    unsuspend(world, ann)
    assert banned_until(world, ann) == banned


@pytest.mark.parametrize("first", [None, LATER + timedelta(days=30)])
def test_a_shorter_suspension_shortens_the_ban(
    world: World, chat: tuple[UUID, UUID, UUID], first: datetime | None
) -> None:
    ann, _, _ = chat
    suspend(world, ann, first)
    assert suspend(world, ann, LATER) == "done"
    assert banned_until(world, ann) == LATER
    assert unsuspend(world, ann) == "done"
    assert banned_until(world, ann) is None


def test_unsuspending_lifts_the_ban_of_a_suspension_that_has_ended(
    world: World, chat: tuple[UUID, UUID, UUID]
) -> None:
    ann, _, _ = chat
    suspend(world, ann)
    world.operator.execute("update private.suspensions set suspended_until = now() - interval '1 day'")
    assert unsuspend(world, ann) == "done"
    assert banned_until(world, ann) is None
    assert unsuspend(world, ann) == "noop"


@pytest.mark.parametrize("banned", [datetime(2998, 1, 1, tzinfo=UTC), LATER, NEVER])
@pytest.mark.parametrize("ends", [(None,), (LATER,), (None, LATER), (LATER, None)])
def test_a_ban_of_auth_that_came_first_is_restored(
    world: World, chat: tuple[UUID, UUID, UUID], banned: datetime, ends: tuple[datetime | None, ...]
) -> None:
    ann, _, _ = chat
    world.operator.execute("update auth.users set banned_until = %s where id = %s", (banned, ann))
    for end in ends:
        suspend(world, ann, end)
        assert banned_until(world, ann) == max(banned, end or NEVER)
    unsuspend(world, ann)
    assert banned_until(world, ann) == banned


@pytest.mark.parametrize("act", ["suspend", "unsuspend"])
def test_a_suspension_waits_for_auth_before_it_takes_the_turn(
    world: World, chat: tuple[UUID, UUID, UUID], act: str
) -> None:
    """As Auth does when it deletes a user, so that neither waits for the other."""
    ann, _, _ = chat
    suspend(world, ann, LATER)
    statement = f"select status from moderation.{act}_user(%s, 'ann', 'spam')".encode()
    with world.database.connect() as auth, world.database.connect() as operator:
        auth.execute("begin")
        auth.execute("select from auth.users where id = %s for update", (ann,))

        def change() -> list[tuple[str]]:
            return operator.execute(statement, (ann,)).fetchall()

        with waiting(operator, change, world.operator) as changed:
            assert locked(world.operator, "private.send_windows", "user_id") == []
            auth.execute("commit")
            assert changed.result() == [("done",)]


@pytest.mark.parametrize(
    ("until", "shown", "reason"),
    [
        (datetime(2020, 1, 1, tzinfo=UTC), None, "spam"),
        (None, "", "spam"),
        (None, "  ", "spam"),
        (None, "x" * 501, "spam"),
        (None, "person0, stop it", "spam"),
        (None, None, ""),
        (None, None, "person0 spams"),
    ],
)
def test_a_bad_suspension_is_refused(
    world: World, chat: tuple[UUID, UUID, UUID], until: datetime | None, shown: str | None, reason: str
) -> None:
    ann, _, _ = chat
    before = dump(world)
    with pytest.raises(psycopg.Error) as error:
        world.operator.execute(
            "select moderation.suspend_user(%s, 'ann', %s, null, %s, %s)", (ann, reason, until, shown)
        )
    assert error.value.sqlstate == "PT400"
    assert dump(world) == before


def test_a_user_is_told_only_the_reason_that_is_meant_for_them(
    world: World, chat: tuple[UUID, UUID, UUID]
) -> None:
    ann, ben, conversation = chat
    ask = "select kind, conversation_id, until, reason from get_my_restrictions()"
    assert world.rows(ann, ask) == []
    suspend(world, ann, LATER, "be nice")
    world.operator.execute(
        "select moderation.mute_user(%s, 'ann', 'insults', p_conversation_id => %s)", (ann, conversation)
    )
    assert world.rows(ann, ask) == [
        ("suspended", None, LATER, "be nice"),
        ("muted", conversation, None, None),
    ]
    assert world.rows(ben, ask) == []
    world.operator.execute("update private.suspensions set suspended_until = now() - interval '1 day'")
    assert [row[0] for row in world.rows(ann, ask)] == ["muted"]


def test_the_log_knows_the_user_by_pseudonym_only(world: World, chat: tuple[UUID, UUID, UUID]) -> None:
    ann, _, _ = chat
    suspend(world, ann, LATER, "be nice")
    entry = str(world.fact("select l::text from private.moderation_log l"))
    assert str(ann) not in entry
    assert "be nice" not in entry
    assert world.fact("select user_id from moderation.log") == ann


def test_realtime_delivers_nothing_to_a_suspended_user(world: World, chat: tuple[UUID, UUID, UUID]) -> None:
    """Realtime asks the policies of select, as the user of the subscription."""
    ann, _, _ = chat
    check = "select exists (select from messages)"
    assert world.value(ann, check) is True
    suspend(world, ann)
    assert world.value(ann, check) is False


def test_a_suspension_is_undone_in_another_time_zone(world: World, chat: tuple[UUID, UUID, UUID]) -> None:
    until = "select moderation.suspend_user(%s, 'ann', 'T-1', null, now() + interval '1 day')"
    world.operator.execute(until.encode(), (chat[0],))
    world.operator.execute("set timezone = 'Europe/Berlin'")
    assert undo(world, 1) == ("user.unsuspend", "done", None)


@pytest.mark.parametrize("until", ["infinity", "9999-01-01", "-infinity", "2020-01-01"])
@pytest.mark.parametrize("verb", ["suspend_user", "mute_user"])
def test_an_end_that_is_past_or_that_programs_cannot_read_is_refused(
    world: World, verb: str, until: str
) -> None:
    with pytest.raises(psycopg.Error, match="before the year 9999") as error:
        world.operator.execute(
            f"select moderation.{verb}(%s, 'op', 'spam', p_until => %s)".encode(), (world.user(), until)
        )
    assert error.value.sqlstate == "PT400"
