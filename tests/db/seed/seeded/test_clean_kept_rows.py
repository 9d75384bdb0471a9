"""``seed clean`` deletes exactly the seeded rows; later rows of users stay with everything they depend on."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from uuid import UUID

import psycopg
import pytest

from chatctl.db.connection import Connection
from chatctl.db.files import sql_statement
from chatctl.services.seed import runs, verify
from chatctl.services.seed.clean import clean
from chatctl.services.seed.loading import load
from chatctl.services.seed.outline import build
from chatctl.services.seed.spec import Spec, Team
from tests.support import seed_operators, seed_users, seeded
from tests.support.cleaned import (
    CHANGED,
    CLEAN,
    HELD,
    JOINED,
    KINDS,
    LEDGER,
    LIMITS,
    RELEASED,
    STARTED,
    WRITTEN,
    Subjects,
    Use,
    all_of_founder,
    all_of_north,
    all_reasons,
    assert_it_still_works,
    assert_only_the_seeds_went,
    of_founder,
    of_ledger,
    of_north,
    of_trio,
    reasons_of,
)
from tests.support.seeded import (
    Seeded,
    column,
    founder,
    less,
    north,
    rows,
    run_of,
    trio,
    value,
)
from tests.support.world import Database

# Delete by hand, so that the reason disappears; files of rows deleted by hand are left behind.
WITHOUT_TRIO = """
delete from conversations
where organization_id = (select id from organizations where slug = 'north') and name like 'Trio%'
"""
WITHOUT_FILE = "delete from storage.objects where strpos(name, '{1}') > 0"
WITHOUT_NEW = "delete from conversations where created_at > (select max(started_at) from private.seed_runs)"
WITHOUT_HOLDS = "update private.holds set released_at = now(); delete from private.holds"
# What the release of a hold, and any act of an operator, writes in the log.
LOG = ("private.moderation_log", "private.moderation_log_head")
HOLDS_CHANGED = "private.holds_changed"  # the time of the last change of a hold
WITHOUT_STRANGERS = """
delete from organization_members m
where m.joined_at = '2026-01-02' or m.joined_at > (select max(started_at) from private.seed_runs)
"""

# What somebody does, what has to stay for that reason, and how it is undone.
REASONS: list[tuple[Use, Callable[[Connection], Subjects], str, str | None]] = [
    (seed_users.sends, of_trio, WRITTEN, WITHOUT_TRIO),
    (seed_users.sends_and_deletes, of_trio, WRITTEN, WITHOUT_TRIO),
    (seed_users.reacts, of_trio, CHANGED, WITHOUT_TRIO),
    (seed_users.reports, of_trio, "messages reported since: 1", "delete from message_reports"),
    (seed_users.edits, of_trio, CHANGED, WITHOUT_TRIO),
    (seed_users.deletes, of_trio, CHANGED, WITHOUT_TRIO),
    (seed_operators.moderates, of_trio, CHANGED, WITHOUT_TRIO),
    (seed_operators.restores, of_trio, CHANGED, WITHOUT_TRIO),
    (seed_users.leaves, of_trio, "changed since", WITHOUT_TRIO),
    (seed_users.is_removed, of_trio, "changed since", WITHOUT_TRIO),
    (seed_users.leaves_what_is_theirs, of_trio, "changed since", WITHOUT_TRIO),
    (seed_users.renames, of_trio, "changed since", WITHOUT_TRIO),
    (seed_users.adds_a_colleague, of_trio, JOINED, WITHOUT_TRIO),
    (seed_users.passes_by, of_trio, CHANGED, WITHOUT_TRIO),
    (seed_users.uploads, of_trio, "files uploaded since: 1", WITHOUT_FILE),
    (seed_operators.holds_the_trio, of_trio, HELD, WITHOUT_HOLDS),
    (seed_operators.holds_the_north, all_of_north, HELD, WITHOUT_HOLDS),
    (seed_operators.holds_a_user, all_of_founder, HELD, WITHOUT_HOLDS),
    (seed_operators.holds_somebody_who_left, all_of_founder, HELD, None),
    (seed_operators.held_the_trio, of_trio, RELEASED, WITHOUT_HOLDS),
    (seed_operators.held_the_north, of_north, RELEASED, WITHOUT_HOLDS),
    (seed_operators.held_a_user, of_founder, RELEASED, WITHOUT_HOLDS),
    (seed_users.starts_a_group, of_north, STARTED, WITHOUT_NEW),
    (seed_users.starts_a_direct_conversation, of_north, STARTED, WITHOUT_NEW),
    (seed_users.starts_a_group_and_leaves, of_north, STARTED, WITHOUT_NEW),
    (seed_operators.a_stranger_joins, of_north, JOINED, WITHOUT_STRANGERS),
    (seed_operators.a_stranger_is_imported, of_north, JOINED, WITHOUT_STRANGERS),
    (seed_operators.suspends, of_founder, "suspended", "delete from private.suspensions"),
    (seed_operators.mutes, of_founder, "muted", "delete from private.mutes"),
    (seed_operators.joins_strangers, of_founder, "organizations joined since: 1", WITHOUT_STRANGERS),
    (seed_operators.is_imported_by_strangers, of_founder, "organizations joined since: 1", WITHOUT_STRANGERS),
    (seed_operators.leads_strangers, of_founder, "owns organizations that stay: 1", WITHOUT_STRANGERS),
    (
        seed_operators.talks_to_strangers,
        of_founder,
        "takes part in conversations that stay: 1",
        f"{WITHOUT_NEW}; {WITHOUT_STRANGERS}",
    ),
    (seed_operators.talked_to_strangers, of_founder, "wrote messages that stay: 1", WITHOUT_NEW),
    (seed_users.changes_their_profile, of_founder, "profile changed since", None),
]


@pytest.mark.parametrize(
    ("use", "subjects", "reason", "undo"), REASONS, ids=[use.__name__ for use, *_ in REASONS]
)
def test_rows_of_users_stay_with_their_dependencies_and_can_be_deleted_later(
    conn: Connection,
    world: Seeded,
    use: Use,
    subjects: Callable[[Connection], Subjects],
    reason: str,
    undo: str | None,
) -> None:
    before = rows(conn)
    use(conn)
    used, ledger = rows(conn), of_ledger(conn)
    expected = all_reasons(conn, run_of(conn), dict.fromkeys(subjects(conn), reason))

    cleaned = clean(conn, run_of(conn))

    left = run_of(conn)
    staying = {kind: {id for its, id in expected if its == kind} for kind in KINDS}
    assert reasons_of(cleaned) == expected
    assert staying["user"]
    assert set(left.user_ids) == staying["user"]
    assert set(left.organization_ids) == staying["organization"]
    assert of_ledger(conn) == staying["conversation"]
    assert set(column(conn, "select id from conversations")) & ledger == staying["conversation"]
    for table in ("deleted_messages", "deleted_attachments", "read_states", "direct_conversations"):
        assert not set(column(conn, f"select conversation_id from private.{table}")) & (
            ledger - staying["conversation"]
        )
    assert_only_the_seeds_went(conn, world, before, used)
    assert_it_still_works(conn, left, sorted(staying["conversation"]))
    assert reasons_of(clean(conn, left)) == expected, "nothing has changed since"

    if undo:
        conn.execute("select set_config('storage.allow_delete_query', 'true', true)")
        conn.execute(undo.encode())
        assert clean(conn, run_of(conn)).kept == []
        more = less(rows(conn), world.before_seed_1).keys() - LIMITS - {HOLDS_CHANGED}
        assert more <= {"storage.objects", *LOG}
        assert bool(more) == (undo == WITHOUT_TRIO)
        assert less(world.before_seed_1, rows(conn)).keys() <= {HOLDS_CHANGED, *LOG} | LIMITS


def test_every_reason_is_tested() -> None:
    tried = {re.sub(r" legal-7|: 1", "", reason) for *_, reason, _ in REASONS if reason}
    text = "".join((CLEAN / f"{kind}s.sql").read_text() for kind in KINDS)
    named = {re.sub(r":? %%s", "", it) for it in re.findall(r"then (?:format\()?'([^']+)'", text)}

    hangs = {"conversations that stay", "reacted to messages that stay", "made conversations that stay"}
    assert named == tried | hangs


@pytest.mark.parametrize(
    ("use", "who", "reason"),
    [
        (seed_users.passes_by, seeded.colleague_in_trio, "reacted to messages that stay: 1"),
        (seed_users.starts_a_group_of_nobody, founder, "made conversations that stay: 1"),
    ],
)
def test_a_user_who_left_only_a_trace_stays(
    conn: Connection, use: Use, who: Callable[[Connection], UUID], reason: str
) -> None:
    with conn.transaction(force_rollback=True):
        seed_users.adds_a_colleague(conn)
        user = who(conn)
    use(conn)

    assert reasons_of(clean(conn, run_of(conn)))["user", user] == reason


@pytest.mark.parametrize(
    "use", [seed_users.signs_in, seed_users.reads, seed_users.stars_and_mutes], ids=lambda it: it.__name__
)
def test_marks_and_sessions_keep_nothing(conn: Connection, world: Seeded, use: Use) -> None:
    use(conn)

    assert clean(conn, run_of(conn)).kept == []
    assert rows(conn) == world.before_seed_1


def test_all_of_the_world_is_deleted_and_nothing_else(conn: Connection, world: Seeded, path: str) -> None:
    created = {name: table["rows"] for name, table in run_of(conn).tables.items()}
    files = value(conn, "select count(*) from storage.objects") - len(world.before_seed_1["storage.objects"])

    cleaned = clean(conn, run_of(conn))

    assert cleaned.kept == []
    assert cleaned.removed == {
        **{name: created[name] for name in cleaned.removed.keys() & created.keys()},
        "files": files,
        "users": created["auth.users"],
    }
    assert cleaned.removed.keys() - created.keys() == {"files", "users"}
    assert rows(conn) == world.before_seed_1
    assert clean(conn, run_of(conn, 2)).kept == []
    assert rows(conn) == world.before_seeds
    assert conn.execute("show session_replication_role").fetchone() == ("origin",)


def test_both_paths_keep_the_same_rows(conn: Connection, world: Seeded, path: str) -> None:
    before = rows(conn)
    seed_users.sends(conn)
    used = rows(conn)
    expected = all_reasons(conn, run_of(conn), dict.fromkeys(of_trio(conn), WRITTEN))

    assert reasons_of(clean(conn, run_of(conn))) == expected
    assert_only_the_seeds_went(conn, world, before, used)
    assert_it_still_works(conn, run_of(conn), [trio(conn)])


@pytest.mark.parametrize("use", [seed_users.signs_in, seed_users.sends], ids=lambda it: it.__name__)
def test_a_dry_run_reports_the_same_and_changes_nothing(conn: Connection, use: Use, path: str) -> None:
    use(conn)
    before = rows(conn)

    planned = clean(conn, run_of(conn), dry_run=True)

    assert planned.dry_run
    assert rows(conn) == before
    done = clean(conn, run_of(conn))
    assert (planned.removed, planned.kept) == (done.removed, done.kept)


def test_a_user_who_joined_another_organization_of_the_world_stays_with_it(conn: Connection) -> None:
    user = seed_operators.a_southerner_joins(conn)

    reasons = reasons_of(clean(conn, run_of(conn)))

    assert reasons["organization", north(conn)] == JOINED
    assert reasons["user", user] == "organizations joined since: 1"


def test_a_user_of_one_world_who_joined_another_stays_in_both(conn: Connection, world: Seeded) -> None:
    second = run_of(conn, 2)
    seed_operators.joins(conn, second.organization_ids[0], founder(conn))

    one, other = clean(conn, run_of(conn)), clean(conn, second)

    assert reasons_of(one) == {("user", run_of(conn).user_ids[0]): "organizations joined since: 1"}
    assert reasons_of(other)[("organization", second.organization_ids[0])] == JOINED
    assert verify.verify(conn, run_of(conn)).differences == []
    assert verify.verify(conn, run_of(conn, 2)).differences == []


def test_rows_deleted_by_hand_are_no_obstacle(conn: Connection) -> None:
    conn.execute("delete from auth.users where id = %s", (seeded.colleague(conn),))
    conn.execute("delete from conversations where id = %s", (trio(conn),))
    conn.execute("delete from organizations where slug = 'south'")

    cleaned = clean(conn, run_of(conn))

    # The erased user has left these conversations.
    assert {it.reason for it in cleaned.kept if it.kind == "conversation"} == {"changed since"}
    assert verify.find(conn, "orphans", run_of(conn).scope) == []


def test_a_file_whose_message_was_purged_is_deleted_with_its_conversation(
    conn: Connection, world: Seeded
) -> None:
    hidden = "select message_id from private.deleted_attachments"
    conn.execute(f"delete from messages where organization_id = %s and id in ({hidden})", (north(conn),))

    assert clean(conn, run_of(conn)).kept == []
    assert rows(conn) == world.before_seed_1


def test_files_uploaded_by_the_seed_do_not_count_as_files_of_users(conn: Connection, world: Seeded) -> None:
    ours = "select id::text from organizations where slug in ('north', 'south')"
    conn.execute(f"update storage.objects set created_at = now() where split_part(name, '/', 1) in ({ours})")

    assert clean(conn, run_of(conn)).kept == []
    assert rows(conn) == world.before_seed_1


def test_files_at_other_paths_are_left_alone(conn: Connection, world: Seeded) -> None:
    seeds = value(conn, "select count(*) from storage.objects") - len(world.before_seed_1["storage.objects"])
    before = rows(conn)
    conn.execute("insert into storage.buckets (id, name) values ('other', 'other')")
    for bucket, name in (
        ("attachments", f"elsewhere/chat/{trio(conn)}/a.png"),
        ("attachments", f"{north(conn)}/files/{trio(conn)}/a.png"),
        ("attachments", f"{north(conn)}/chat/{trio(conn)}"),
        ("attachments", f"{north(conn)}/chat/{trio(conn)}%/a.png"),
        ("other", f"{north(conn)}/chat/{trio(conn)}/a.png"),
    ):
        conn.execute("insert into storage.objects (bucket_id, name) values (%s, %s)", (bucket, name))
    elsewhere = less(rows(conn), before)

    cleaned = clean(conn, run_of(conn))

    assert cleaned.kept == []
    assert cleaned.removed["files"] == seeds
    assert less(rows(conn), world.before_seed_1) == elsewhere


def test_the_age_of_a_conversation_does_not_make_it_seeded(database: Database) -> None:
    quiet = Spec("quiet", (Team("Quiet", "quiet", users=3, conversations=()),))
    with database.connect() as conn:
        load(conn, build(quiet))
        run = runs.find(conn, "quiet", 1)
        assert run
        conn.execute(
            "insert into conversations (organization_id, is_group, name, created_at) "
            "values (%s, true, 'imported', '2020-01-01')",
            (run.organization_ids[0],),
        )

        reasons = reasons_of(clean(conn, run))

        assert reasons["organization", run.organization_ids[0]] == STARTED
        assert value(conn, "select name from conversations") == "imported"


def test_a_message_moved_by_hand_stays_where_it_is_now(conn: Connection) -> None:
    moved = seeded.own_message(conn)
    conversation = value(
        conn, "select id from conversations where organization_id = %s and name = 'Everyone'", north(conn)
    )
    conn.execute("set local session_replication_role = replica")
    conn.execute("update messages set conversation_id = %s, seq = 1000 where id = %s", (conversation, moved))
    conn.execute("set local session_replication_role = origin")

    cleaned = clean(conn, run_of(conn))

    assert {it.id: it.reason for it in cleaned.kept if it.kind == "conversation"} == {conversation: WRITTEN}
    assert value(conn, "select conversation_id from messages where id = %s", moved) == conversation


def test_a_clock_that_was_ahead_keeps_too_much_and_never_too_little(conn: Connection) -> None:
    conn.execute("update private.seed_runs set started_at = '2020-01-01', finished_at = '2020-01-01'")
    before = rows(conn)

    cleaned = clean(conn, run_of(conn))

    assert Counter(it.kind for it in cleaned.kept) == {"organization": 2, "conversation": 13, "user": 16}
    assert set(less(before, rows(conn))) == LEDGER


def test_rows_of_others_that_belong_to_the_world_are_not_detached(conn: Connection, world: Seeded) -> None:
    conn.execute("create table public.notes (about uuid references user_profiles)")
    conn.execute("insert into public.notes values (%s)", (founder(conn),))
    before = rows(conn)

    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        clean(conn, run_of(conn))

    assert rows(conn) == before


def test_all_rows_that_refer_to_conversations_are_deleted_with_them(conn: Connection) -> None:
    # With triggers disabled nothing cascades; a row under a legal hold keeps its conversation.
    referring = """
    with recursive r (oid) as (
      select 'public.conversations'::regclass::oid
      union
      select c.conrelid from pg_constraint c join r on c.confrelid = r.oid where c.contype = 'f'
    )
    select oid::regclass::text from r
    """
    deleted = re.findall(r"delete from (?:public\.)?(\S+)", sql_statement("seed/clean/delete_conversations"))

    assert set(column(conn, referring)) - {"private.holds"} == set(deleted)
