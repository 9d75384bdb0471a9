"""Each rule of sql/lints is tried three times: clean, broken, repaired."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from chatctl.db.connection import Connection, connection
from chatctl.db.files import data_directory
from chatctl.local.cluster import SUPERUSER
from chatctl.local.server import OWNER, Server
from chatctl.services.lint import accepted, filerules
from chatctl.services.lint.run import check_schema, rules
from tests.lints import CASES, CLOSED, NOTES, function, policy
from tests.world import Database

SQL = data_directory("sql")


@pytest.fixture
def conn(server: Server) -> Iterator[Connection]:
    """The backend that clones are made of; what a test does to it is rolled back."""
    with server_connection(server, OWNER) as conn:
        yield conn


@pytest.fixture
def superuser(server: Server) -> Iterator[Connection]:
    with server_connection(server, SUPERUSER) as conn:
        yield conn


@contextmanager
def server_connection(server: Server, role: str) -> Iterator[Connection]:
    with connection(server.url_for(role, "backend")) as conn, conn.transaction(force_rollback=True):
        yield conn


@pytest.mark.parametrize(
    ("rule", "breaks", "repairs", "named"), CASES, ids=[f"{n} {case[0]}" for n, case in enumerate(CASES)]
)
def test_a_rule_finds_what_is_broken_until_it_is_repaired(
    conn: Connection, rule: str, breaks: str, repairs: str, named: str
) -> None:
    clean = found(conn, rule)
    conn.execute(breaks.encode())
    assert found(conn, rule) - clean == {named}
    conn.execute(repairs.encode())
    assert found(conn, rule) == clean


def test_every_rule_of_the_schema_is_tried() -> None:
    assert {case[0] for case in CASES} == {rule.name for rule in rules() if rule.looks_at == "schema"}


@pytest.mark.parametrize(
    "using",
    [
        "author = any (array(select auth.uid()))",
        "author in (select auth.uid())",
        "author = (select case when auth.role() = 'a' then auth.uid() end)",
        "author = (select coalesce(nullif(auth.jwt() ->> 'a(b', '')::uuid, auth.uid()))",
        "author in (select n.author from public.notes n where n.author = (select auth.uid()))",
        "(select auth.uid()) is not null and (select auth.jwt() ->> 'is_admin')::boolean",
        "kind = 'auth.uid()' and kind <> '(auth.role()'",
        "(select auth.uid()) in (author, organization)",
    ],
)
def test_who_is_asked_once_is_no_finding(conn: Connection, using: str) -> None:
    conn.execute((NOTES + policy(using)).encode())
    assert found(conn, "bare_auth_uid") == set()


def test_an_immutable_function_may_be_called_for_every_row(conn: Connection) -> None:
    conn.execute(
        (function("public.one()", "immutable") + ";" + NOTES + policy("kind = public.one()")).encode()
    )
    assert found(conn, "bare_auth_uid") == set()


def test_what_only_an_insert_checks_needs_no_index(conn: Connection) -> None:
    conn.execute((NOTES + policy("author = (select auth.uid())", "insert")).encode())
    assert found(conn, "unindexed_policy_column") == set()


def test_an_index_that_is_not_valid_finds_nothing(superuser: Connection) -> None:
    superuser.execute(
        "update pg_index set indisvalid = false where indexrelid = 'private.holds_user'::regclass"
    )
    assert "holds_user_id_fkey on private.holds" in found(superuser, "unindexed_foreign_key")


def test_a_foreign_table_can_only_be_closed(superuser: Connection) -> None:
    superuser.execute(
        """
        create foreign data wrapper elsewhere;
        create server elsewhere foreign data wrapper elsewhere;
        create foreign table private.far (id int) server elsewhere;
        grant select on private.far to authenticated
        """
    )
    (far,) = (each for each in check_schema(superuser) if each.rule == "table_without_rls")
    assert (far.object, far.remedy) == (
        "private.far",
        "revoke all on private.far from public, anon, authenticated",
    )


def test_a_table_that_nobody_may_use_is_closed_on_purpose(conn: Connection) -> None:
    clean = check_schema(conn)
    conn.execute(f"{NOTES} {CLOSED.format('public.notes')}; create table private.notes (id int)".encode())
    assert check_schema(conn) == clean


def test_ours_is_clean_but_for_what_is_accepted_with_a_reason(conn: Connection) -> None:
    known = [rule.name for rule in rules()]
    entries = [entry for entry in accepted.read(SQL, known) if entry.section == "rules"]
    findings = check_schema(conn)

    assert accepted.sort_out(findings, entries)[0] == []
    assert list(accepted.without_cause(entries, findings, ())) == []


def test_a_look_changes_nothing(conn: Connection) -> None:
    before = conn.execute("show search_path").fetchone()
    check_schema(conn)
    assert conn.execute("show search_path").fetchone() == before


def test_a_file_that_a_database_has_had_is_compared(conn: Connection) -> None:
    files, _ = filerules.read(SQL)
    name = files[2].path
    assert list(filerules.edited(conn, files)) == []
    conn.execute(
        "update supabase_migrations.schema_migrations set statements = '{select 1}' where version = %s",
        (Path(name).name.partition("_")[0],),
    )
    (found,) = filerules.edited(conn, files)
    conn.execute("update supabase_migrations.schema_migrations set statements = null")

    assert (found.rule, found.file) == ("applied_file_edited", name)
    assert list(filerules.edited(conn, files)) == []  # a tool that kept no text of it


def test_a_database_without_history_has_had_nothing(bare_database: Database) -> None:
    with bare_database.connect() as conn:
        assert list(filerules.edited(conn, filerules.read(SQL)[0])) == []


def found(conn: Connection, rule: str) -> set[str | None]:
    return {each.object for each in check_schema(conn) if each.rule == rule}
