"""Each kind of damage to a seeded world is found by its check, and nothing else is reported."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from uuid import uuid4

import pytest

from chatctl.data import data_directory
from chatctl.db.connection import Connection
from chatctl.errors import NotAllowed, Unavailable
from chatctl.services.seed import verify
from chatctl.services.seed.chunkwriter import SeedProgress
from chatctl.services.seed.clean import clean
from chatctl.services.seed.loading import LoadOptions, load
from chatctl.services.seed.outline import build
from chatctl.services.seed.verify import SHOWN, CheckFinding, SeedDifference
from tests.support import seed_users
from tests.support.damage import EVERYONE, FIRST, LAST, NORTH, Damage
from tests.support.damage_cases import damages
from tests.support.seeded import SMALL, Seeded, column, run_of, value
from tests.support.world import Database

CHECKS = data_directory("sql") / "queries/seed/checks"
DAMAGES = damages()

# Each table of the fingerprint: the rows of the world in it, and a change that must be detected.
_SCOPE = "organization_id in (select id from organizations where slug in ('north', 'south'))"
_CONVERSATIONS = f"conversation_id in (select id from conversations where {_SCOPE})"
_PEOPLE = "in (select id from auth.users where email ~ '@(north|south)[.]example$')"
TABLES = {
    "auth.users": (f"id {_PEOPLE}", "encrypted_password = 'x'"),
    "auth.identities": (f"user_id {_PEOPLE}", 'identity_data = identity_data || \'{"sub": "x"}\''),
    "user_profiles": (f"id {_PEOPLE}", "full_name = 'Somebody Else'"),
    "organizations": ("slug in ('north', 'south')", "name = 'Elsewhere'"),
    "organization_members": (_SCOPE, "joined_at = joined_at + interval '1 second'"),
    "conversations": (_SCOPE, "created_at = created_at - interval '1 second'"),
    "conversation_participants": (_CONVERSATIONS, "is_muted = not is_muted"),
    "direct_conversations": (_SCOPE, "user_a = '00000000-0000-4000-8000-000000000000'"),
    "messages": (_SCOPE, "updated_at = updated_at + interval '1 second'"),
    "deleted_messages": (_CONVERSATIONS, "content = 'something else'"),
    "deleted_attachments": (_CONVERSATIONS, "sender_id = null"),
    "read_states": (_CONVERSATIONS, "seen_count = seen_count + 1"),
}


def _damage(conn: Connection, statement: str) -> str | None:
    conn.execute("set local session_replication_role = replica")
    damaged = value(conn, statement)
    conn.execute("set local session_replication_role = origin")
    return None if damaged is None else str(damaged)


def _differences(conn: Connection, seed: int = 1) -> list[SeedDifference]:
    return verify.verify(conn, run_of(conn, seed)).differences


def test_fresh_worlds_pass_verification(conn: Connection) -> None:
    conn.execute("set timezone = 'Asia/Kolkata'")
    for seed in (1, 2):
        run = run_of(conn, seed)

        verdict = verify.verify(conn, run)

        assert verdict.differences == []
        assert verdict.now == verdict.fingerprint == run.fingerprint
        assert verdict.checks == [*verify.checks(), "fingerprint"]


def test_verify_only_reads(world: Seeded) -> None:
    with world.database.connect() as conn, conn.transaction(force_rollback=True):
        conn.execute("set transaction read only")
        assert _differences(conn) == []


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda it: f"{it.check}: {it.object or it.detail}")
def test_each_kind_of_damage_is_found_by_its_check_and_named(conn: Connection, damage: Damage) -> None:
    for constraint in damage.without:
        conn.execute(f"alter table {damage.table} drop constraint {constraint}")

    damaged = _damage(conn, damage.sql)

    differences = _differences(conn)
    details = [
        it.detail for it in differences if (it.check, it.object) == (damage.check, damage.object or damaged)
    ]
    assert any(re.fullmatch(damage.pattern, detail) for detail in details), differences
    assert verify.find(conn, damage.check, run_of(conn, 2).scope) == []


@pytest.mark.parametrize("check", verify.checks())
def test_every_check_has_a_damage_that_it_finds(check: str) -> None:
    text = re.sub(r"--.*", "", (CHECKS / f"{check}.sql").read_text()).replace("%%", "%")
    sentences = {it for it in re.findall(r"'([^']*)'", text) if " " in it and "\\" not in it}
    objects = {it for it in sentences if re.fullmatch(r"\w+ %s( (in|of) \w+ %s)?", it)}
    references = {it for it in re.findall(r"'([^']*)'", text) if re.fullmatch(r"\w+\.\w+[.\w, ]*", it)}
    damages_of_check = [damage for damage in DAMAGES if damage.check == check]

    assert sentences - objects - references - {"60 seconds"} == {damage.detail for damage in damages_of_check}
    assert not references or references == {damage.object for damage in damages_of_check}


def _place(table: str) -> str:
    private = ("direct_conversations", "deleted_messages", "deleted_attachments", "read_states")
    return f"private.{table}" if table in private else table


def _of_fingerprint(conn: Connection) -> list[CheckFinding]:
    differences = _differences(conn)
    return [CheckFinding(it.object, it.detail) for it in differences if it.check == "fingerprint"]


@pytest.mark.parametrize("table", TABLES)
def test_a_changed_table_is_named(conn: Connection, table: str) -> None:
    scope, change = TABLES[table]
    place, row_count = _place(table), run_of(conn).tables[table]["rows"]
    one = f"(select ctid from {place} where {scope} order by ctid limit 1)"

    with conn.transaction(force_rollback=True):
        _damage(conn, f"update {place} set {change} where ctid = {one}")
        assert _of_fingerprint(conn) == [CheckFinding(table, "rows differ from what was seeded")]
    with conn.transaction(force_rollback=True):
        _damage(conn, f"delete from {place} where ctid = {one}")
        assert CheckFinding(table, f"{row_count} rows were seeded, {row_count - 1} exist") in _of_fingerprint(
            conn
        )
    with conn.transaction(force_rollback=True):
        _damage(conn, f"delete from {place} where {scope}")
        assert CheckFinding(table, f"{row_count} rows were seeded, 0 exist") in _of_fingerprint(conn)
    with conn.transaction(force_rollback=True):
        conn.execute("update private.seed_runs set tables = tables - %s", (table,))
        assert _of_fingerprint(conn) == [CheckFinding(table, f"0 rows were seeded, {row_count} exist")]


def test_every_table_of_the_fingerprint_is_tested(conn: Connection) -> None:
    assert run_of(conn).tables.keys() == TABLES.keys()


FOREIGN_KEYS = """
select c.conrelid::regclass::text, c.conname, a.attname
from pg_constraint c
join pg_attribute a on a.attrelid = c.conrelid and a.attnum = any (c.conkey)
where c.contype = 'f' and c.conrelid = any (%s::text[]::regclass[])
order by 1, 2, 3
"""


def test_every_foreign_key_of_a_seeded_table_is_checked(conn: Connection) -> None:
    keys = conn.execute(FOREIGN_KEYS, ([_place(table) for table in TABLES],)).fetchall()

    for place, constraint, referring in keys:
        scope, _ = TABLES[place.removeprefix("private.")]
        one = f"(select ctid from {place} where {scope} order by ctid limit 1)"
        nobody = LAST if referring == "user_b" else FIRST
        with conn.transaction(force_rollback=True):
            _damage(conn, f"update {place} set {referring} = {nobody} where ctid = {one}")
            assert {it.check for it in _differences(conn)} - {"fingerprint"}, (constraint, referring)


USES = [
    (seed_users.signs_in, set()),
    (seed_users.uploads, set()),
    (seed_users.reads, {"conversation_participants", "read_states"}),
    (seed_users.stars_and_mutes, {"conversation_participants"}),
    (seed_users.sends, {"messages", "conversations", "conversation_participants", "read_states"}),
    (seed_users.reacts, {"messages"}),
    (seed_users.edits, {"messages"}),
    (seed_users.deletes, {"messages", "conversations", "read_states", "deleted_messages"}),
    (seed_users.leaves, {"conversations", "conversation_participants", "read_states"}),
    (seed_users.is_removed, {"conversations", "conversation_participants", "read_states"}),
    (seed_users.leaves_what_is_theirs, {"conversations", "conversation_participants", "read_states"}),
    (seed_users.renames, {"conversations"}),
    (seed_users.adds_a_colleague, {"conversations", "conversation_participants", "read_states"}),
    (seed_users.starts_a_group, {"conversations", "conversation_participants", "read_states"}),
    (
        seed_users.starts_a_direct_conversation,
        {"conversations", "conversation_participants", "read_states", "direct_conversations"},
    ),
    (seed_users.changes_their_profile, {"user_profiles"}),
]


@pytest.mark.parametrize(("use", "changed"), USES, ids=lambda it: getattr(it, "__name__", ""))
def test_changes_that_users_may_make_are_not_damage(
    conn: Connection, use: Callable[[Connection], None], changed: set[str]
) -> None:
    use(conn)

    assert {it.check for it in _differences(conn)} <= {"fingerprint"}
    assert {it.object for it in _of_fingerprint(conn)} == changed
    assert _differences(conn, seed=2) == []


def test_messages_of_erased_people_do_not_count_against_the_rate_limit(conn: Connection) -> None:
    _damage(conn, f"update messages set sender_id = null, created_at = '2026-01-09' where {_SCOPE}")

    assert verify.find(conn, "rate", run_of(conn).scope) == []


@pytest.mark.parametrize(("interval", "too_many"), [("6 seconds", True), ("6.000001 seconds", False)])
def test_the_eleventh_message_within_sixty_seconds_is_too_many(
    conn: Connection, interval: str, too_many: bool
) -> None:
    (damage,) = [it for it in DAMAGES if it.check == "rate"]

    _damage(conn, damage.sql.replace("6 seconds", interval))

    assert bool(verify.find(conn, "rate", run_of(conn).scope)) is too_many


def test_findings_beyond_the_shown_number_are_counted(conn: Connection) -> None:
    strangers = [uuid4() for _ in range(50_000)]
    _damage(conn, f"update messages set updated_at = created_at - interval '1 day' where {_SCOPE}")

    users = verify.find(conn, "users", {"organizations": [], "users": strangers})
    times = [it for it in _differences(conn) if it.check == "times"]

    assert len(users) == len(times) == SHOWN + 1
    assert users[-1] == CheckFinding("49980 more", "of the same check")
    assert times[-1].object == "400 more"


def test_exactly_the_shown_number_needs_no_count(conn: Connection) -> None:
    users = verify.find(conn, "users", {"organizations": [], "users": [uuid4() for _ in range(SHOWN)]})

    assert len(users) == SHOWN
    assert {it.detail for it in users} == {"does not exist"}


class Killed(Exception):
    """Raised in the middle of a load."""


def _kill(progress: SeedProgress) -> None:
    if progress.done > 200:
        raise Killed


def test_an_unfinished_world_is_distinguished_from_a_damaged_one(database: Database) -> None:
    with database.connect() as conn:
        with pytest.raises(Killed):
            load(conn, build(SMALL), LoadOptions(chunk_size=50), on_progress=_kill)
        unfinished = _differences(conn)
        load(conn, build(SMALL))

        assert [(it.check, it.object) for it in unfinished] == [("fingerprint", "world small")]
        assert unfinished[0].detail == "started but not finished; run the same `chatctl seed` to continue"
        assert _differences(conn) == []


def test_a_world_of_an_older_chatctl_is_checked_as_far_as_possible(conn: Connection) -> None:
    conn.execute("update private.seed_runs set tables = '{}', spec_sha256 = null, world_version = 1")
    conn.execute("delete from private.seed_chunks")
    assert _differences(conn) == []

    conn.execute("update private.seed_runs set fingerprint = 'of other rules'")
    _damage(conn, f"update conversations set last_seq = last_seq + 1 where id = {EVERYONE}")

    assert [(it.check, it.detail.partition(",")[0]) for it in _differences(conn)] == [
        (
            "counters",
            f"last_seq is {value(conn, f'select last_seq from conversations where id = {EVERYONE}')}",
        ),
        ("fingerprint", "seeded by an older chatctl; its rows cannot be compared"),
    ]


def test_one_user_of_each_organization_signs_in(conn: Connection) -> None:
    leading = """
    select u.email
    from organization_members m
    join organizations o on o.id = m.organization_id
    join auth.users u on u.id = m.user_id
    where o.slug in ('north', 'south') and m.role = 'owner'
    """
    owners = column(conn, leading)
    emails = []

    def sign_in(email: str) -> None:
        emails.append(email)
        if email.endswith("@north.example"):
            raise NotAllowed("Invalid login credentials [red]")

    verdict = verify.verify(conn, run_of(conn), sign_in=sign_in)

    assert Counter(emails) == Counter(owners)
    assert verdict.checks[-1] == "sign-in"
    assert [(it.check, it.object, it.detail) for it in verdict.differences] == [
        (
            "sign-in",
            f"user {next(it for it in emails if 'north' in it)} of north",
            "cannot sign in: Invalid login credentials [red]",
        )
    ]


def test_a_missing_answer_is_not_a_refusal(conn: Connection) -> None:
    def sign_in(email: str) -> None:
        raise Unavailable("no connection")

    with pytest.raises(Unavailable):
        verify.verify(conn, run_of(conn), sign_in=sign_in)


def test_without_an_owner_the_first_member_signs_in(conn: Connection) -> None:
    _damage(conn, f"update organization_members set role = 'member' where organization_id = {NORTH}")
    first = value(
        conn,
        "select u.email from organization_members m join auth.users u on u.id = m.user_id "
        f"where m.organization_id = {NORTH} order by m.joined_at limit 1",
    )
    emails: list[str] = []

    verify.verify(conn, run_of(conn), sign_in=emails.append)

    assert first in emails
    assert len(emails) == 2


def test_an_older_auth_server_is_enough(world: Seeded) -> None:
    with world.database.connect("supabase_admin") as admin, admin.transaction(force_rollback=True):
        admin.execute("alter table auth.users drop column is_sso_user cascade, drop column phone_change")

        assert _differences(admin) == []


@pytest.mark.parametrize("finished", [True, False])
def test_a_deleted_world_is_distinguished_from_an_existing_one(database: Database, finished: bool) -> None:
    with database.connect() as conn:
        if finished:
            load(conn, build(SMALL))
        else:
            with pytest.raises(Killed):
                load(conn, build(SMALL), LoadOptions(chunk_size=50), on_progress=_kill)
        assert verify.verify(conn, run_of(conn)).cleaned is None

        seed_users.starts_a_direct_conversation(conn)
        for _ in range(2):
            clean(conn, run_of(conn))
            verdict = verify.verify(conn, run_of(conn))

            assert verdict.cleaned is not None
            assert "removed by `chatctl seed clean`, except rows still in use" in verdict.cleaned.detail
            assert verdict.differences == []
