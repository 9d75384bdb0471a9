"""How rows are loaded depends on the privileges of the role; triggers are restored afterwards."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from chatctl.db.connection import Connection
from chatctl.errors import Conflict, NotAllowed
from chatctl.local.postgres.server import Server
from chatctl.services.seed import paths, runs
from chatctl.services.seed.chunkwriter import SeedProgress
from chatctl.services.seed.loading import LoadOptions, load
from chatctl.services.seed.paths import Path, probe
from chatctl.waiting import until
from tests.support.loads import SECONDS, WORLD, assert_empty, fetch, run, waits
from tests.support.rights import no_replica
from tests.support.world import Database, World


def test_hosted_postgres_takes_the_fastest_path(conn: Connection) -> None:
    assert probe(conn) == Path("replica", "sql", owns_tables=True)


def test_without_session_replication_role_an_owner_disables_triggers(
    conn: Connection, server: Server
) -> None:
    with no_replica(server):
        assert probe(conn) == Path("owner", "sql", owns_tables=True)


def test_a_role_that_owns_nothing_creates_the_same_rows(
    database: Database, role: Callable[..., str], fingerprint: str, way: str
) -> None:
    with database.connect(role()) as conn:
        assert probe(conn) == Path("replica", "sql", owns_tables=False)
        assert load(conn, WORLD).fingerprint == fingerprint


def test_without_a_way_to_disable_triggers_it_is_refused(
    database: Database, admin: Connection, role: Callable[..., str]
) -> None:
    name = role()
    run(admin, f"revoke set on parameter session_replication_role from {name}")

    with (
        database.connect(name) as conn,
        pytest.raises(NotAllowed, match="disable triggers neither") as refused,
    ):
        load(conn, WORLD)

    assert "grant set on parameter" in (refused.value.hint or "")
    assert_empty(admin)


def test_a_role_subject_to_row_level_security_is_refused(
    database: Database, admin: Connection, role: Callable[..., str]
) -> None:
    with (
        database.connect(role("nobypassrls")) as conn,
        pytest.raises(NotAllowed, match="row-level security") as refused,
    ):
        load(conn, WORLD)

    assert "BYPASSRLS" in (refused.value.hint or "")
    assert_empty(admin)


@pytest.mark.parametrize("privilege", ["select", "insert", "update"])
@pytest.mark.parametrize("table", ["public.messages", "private.seed_chunks"])
def test_each_privilege_is_needed(
    database: Database, admin: Connection, role: Callable[..., str], table: str, privilege: str
) -> None:
    name = role()
    run(admin, f"revoke {privilege} on {table} from {name}")

    with database.connect(name) as conn, pytest.raises(NotAllowed, match="a grant is missing"):
        probe(conn)


@pytest.mark.parametrize("privilege", ["select", "insert"])
@pytest.mark.parametrize("table", ["auth.users", "auth.identities"])
def test_a_role_that_may_not_write_users_is_referred_to_the_admin_api(
    database: Database, admin: Connection, role: Callable[..., str], table: str, privilege: str
) -> None:
    name = role()
    run(admin, f"revoke {privilege} on {table} from {name}")

    with database.connect(name) as conn:
        for users in (None, "sql"):
            with pytest.raises(NotAllowed, match=r"auth\.users") as refused:
                probe(conn, users=users)
            assert "secret_key" in (refused.value.hint or "")
        assert probe(conn, api=True).users == "api"
        with pytest.raises(NotAllowed):
            probe(conn, users="sql", api=True)


def test_a_role_without_access_to_auth_is_referred_to_the_admin_api(
    database: Database, admin: Connection, role: Callable[..., str]
) -> None:
    name = role()
    run(
        admin, f"revoke all on all tables in schema auth from {name}; revoke usage on schema auth from {name}"
    )

    with database.connect(name) as conn, pytest.raises(NotAllowed) as refused:
        load(conn, WORLD)

    assert "secret_key" in (refused.value.hint or "")


def test_missing_columns_of_auth_are_named(conn: Connection, admin: Connection) -> None:
    lack = "alter table auth.users drop column reauthentication_token, drop column recovery_token"
    run(admin, lack)

    for users in (None, "sql"):
        with pytest.raises(Conflict, match=r"users\.reauthentication_token, users\.recovery_token"):
            load(conn, WORLD, LoadOptions(users=users))
    assert_empty(admin)
    assert probe(conn, api=True).users == "api"


def test_a_missing_column_that_is_read_first_is_named(conn: Connection, admin: Connection) -> None:
    run(admin, "alter table auth.users drop column is_sso_user cascade")

    with pytest.raises(Conflict, match=r"users\.is_sso_user"):
        load(conn, WORLD)


def test_additional_columns_of_auth_make_no_difference(
    conn: Connection, admin: Connection, fingerprint: str
) -> None:
    run(
        admin,
        """
        alter table auth.users add column more text, add column needed int not null default 7;
        alter table auth.identities add column more text;
        """,
    )

    assert load(conn, WORLD).fingerprint == fingerprint
    assert load(conn, WORLD).state == "unchanged"


# Disabled triggers

STATES = (
    "select tgrelid::regclass::text, tgname, tgenabled from pg_trigger where not tgisinternal order by 1, 2"
)


def test_an_owner_restores_the_triggers(conn: Connection, server: Server, fingerprint: str) -> None:
    run(
        conn,
        """
        alter table conversations disable trigger set_conversations_updated_at;
        alter table messages enable always trigger messages_before_insert;
        alter table conversation_participants enable replica trigger participants_joined;
        """,
    )
    states = fetch(conn, STATES)
    with no_replica(server):
        assert load(conn, WORLD, LoadOptions(chunk_size=100)).fingerprint == fingerprint
    assert fetch(conn, STATES) == states


def test_an_owner_gives_up_on_tables_that_others_lock(
    conn: Connection,
    admin: Connection,
    world: World,
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
    fingerprint: str,
) -> None:
    """Writers of messages queue behind the session that waits to disable its triggers."""
    monkeypatch.setattr(paths, "PATIENCE", 0.3)
    with ThreadPoolExecutor(1) as pool, world.database.connect() as other:
        other.execute("begin")

        def write(progress: SeedProgress) -> None:
            if progress.done > 200 and not waits(admin):
                pool.submit(other.execute, "update public.conversations set name = name")
                assert until(lambda: waits(admin), seconds=SECONDS)

        with no_replica(server):
            with pytest.raises(Conflict, match="held locks on the tables"):
                load(conn, WORLD, LoadOptions(chunk_size=50), on_progress=write)
            (unfinished,) = runs.of(conn)
            assert unfinished.finished_at is None
            assert fetch(conn, "select count(*) > 200 from messages") == [(True,)]
            other.execute("rollback")
            outcome = load(conn, WORLD)
    assert (outcome.state, outcome.fingerprint) == ("continued", fingerprint)
