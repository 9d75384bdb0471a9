"""Each rule of sql/lints is tested three times: clean, broken, repaired."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from chatctl.data import data_directory
from chatctl.db.connection import Connection, connection
from chatctl.db.files import query
from chatctl.local.postgres.cluster import SUPERUSER
from chatctl.local.postgres.server import OWNER, Server
from chatctl.services.lint import accepted, filerules
from chatctl.services.lint.findings import LintFinding
from chatctl.services.lint.run import rules
from chatctl.services.lint.schema import check_schema
from tests.lints import CASES, CLOSED, HEALTHY, NOTES, SUPERUSER_CASES, body, function, policy
from tests.support.world import Database

SQL = data_directory("sql")
_numbers = count(1)


@pytest.fixture
def conn(server: Server) -> Iterator[Connection]:
    """The template database of the clones; changes by a test are rolled back."""
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
    break_and_repair(conn, rule, breaks, repairs, named)


@pytest.mark.parametrize(
    ("rule", "breaks", "repairs", "named"),
    SUPERUSER_CASES,
    ids=[f"{n} {case[0]}" for n, case in enumerate(SUPERUSER_CASES)],
)
def test_a_rule_finds_what_a_superuser_broke(
    superuser: Connection, rule: str, breaks: str, repairs: str, named: str
) -> None:
    break_and_repair(superuser, rule, breaks, repairs, named)


@pytest.mark.parametrize(
    ("rule", "script"), HEALTHY, ids=[f"{n} {case[0]}" for n, case in enumerate(HEALTHY)]
)
def test_a_rule_ignores_what_only_looks_broken(conn: Connection, rule: str, script: str) -> None:
    clean = reported(conn, rule)
    conn.execute(script.encode())
    assert reported(conn, rule) == clean


def test_every_rule_of_the_schema_is_tested() -> None:
    tried = {case[0] for case in [*CASES, *SUPERUSER_CASES]} | {"server_version"}
    assert tried == {rule.name for rule in rules() if rule.looks_at == "schema"}


@pytest.mark.parametrize(
    ("number", "flaws"),
    [
        (140007, ["CVE-2023-2455", "CVE-2024-10976", "CVE-2025-8713"]),
        (150003, ["CVE-2024-10976", "CVE-2025-8713"]),
        (160009, ["CVE-2025-8713"]),
        (160010, []),
        (170000, ["CVE-2024-10976", "CVE-2025-8713"]),
        (170006, []),
        (180000, []),
    ],
)
def test_a_server_with_a_known_bug_is_found_by_its_version(
    conn: Connection, number: int, flaws: list[str]
) -> None:
    text = (SQL / "lints" / "server_version.sql").read_text()
    rows = conn.execute(
        text.replace("current_setting('server_version_num')", f"'{number}'").encode()
    ).fetchall()
    assert [row[1].partition(": ")[2].split(", ") for row in rows] == ([flaws] if flaws else [])


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
def test_asking_once_for_the_user_is_not_a_finding(conn: Connection, using: str) -> None:
    conn.execute((NOTES + policy(using)).encode())
    assert reported(conn, "bare_auth_uid") == set()


def test_an_immutable_function_may_be_called_for_every_row(conn: Connection) -> None:
    conn.execute(
        (function("public.one()", "immutable") + ";" + NOTES + policy("kind = public.one()")).encode()
    )
    assert reported(conn, "bare_auth_uid") == set()


def test_a_column_that_only_inserts_check_needs_no_index(conn: Connection) -> None:
    before = reported(conn, "unindexed_policy_column")
    conn.execute((NOTES + policy("author = (select auth.uid())", "insert")).encode())
    assert reported(conn, "unindexed_policy_column") == before


def test_an_invalid_index_does_not_count(superuser: Connection) -> None:
    superuser.execute(
        "update pg_index set indisvalid = false where indexrelid = 'private.holds_user'::regclass"
    )
    assert "holds_user_id_fkey on private.holds" in reported(superuser, "unindexed_foreign_key")


OURS = "chat_hooks.before_request"
CALLS = "alter role authenticator set pgrst.db_pre_request = '{}'"
CALLS_HERE = "alter role authenticator in database backend set pgrst.db_pre_request = '{}'"
CALLING_OURS = body("public.theirs()", f"begin perform {OURS}(); return ''; end")


@pytest.mark.parametrize(
    ("script", "calls"),
    [
        ("select", "nothing"),
        (CALLS.format(""), "nothing"),
        (CALLS.format(OURS), None),
        (CALLS_HERE.format(OURS), None),
        (CALLS.format("public.theirs"), "public.theirs"),
        (CALLS_HERE.format("theirs"), "theirs"),
        (f"{CALLS.format('public.theirs')}; {CALLS_HERE.format(OURS)}", None),
        (f"{CALLS.format(OURS)}; {CALLS_HERE.format('public.theirs')}", "public.theirs"),
        (f"{CALLS.format(OURS)}; {CALLS_HERE.format('')}", "nothing"),
        (f"{CALLING_OURS}; {CALLS.format('public.theirs')}", None),
        (f"{CALLING_OURS}; {CALLS.format('theirs')}", None),
        (f"{CALLING_OURS}; {CALLS.format('other.theirs')}", "other.theirs"),
        ("drop schema chat_hooks cascade", None),
    ],
)
def test_the_pre_request_hook_of_postgrest_is_ours_or_calls_ours(
    superuser: Connection, script: str, calls: str | None
) -> None:
    superuser.execute(script.encode())

    problems = [each.problem for each in check_schema(superuser) if each.rule == "missing_pre_request"]

    assert [each.split(" before a request")[0] for each in problems] == (
        [f"PostgREST calls {calls}"] if calls else []
    )


def test_a_foreign_table_can_only_be_revoked(superuser: Connection) -> None:
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


def test_a_table_without_any_privileges_is_closed_intentionally(conn: Connection) -> None:
    clean = check_schema(conn)
    conn.execute(f"{NOTES} {CLOSED.format('public.notes')}; create table private.notes (id int)".encode())
    assert check_schema(conn) == clean


def test_our_own_schema_is_clean_except_for_documented_exceptions(conn: Connection) -> None:
    known = [rule.name for rule in rules()]
    entries = [entry for entry in accepted.read(SQL, known) if entry.section == "rules"]
    findings = check_schema(conn)

    assert accepted.partition(findings, entries)[0] == []
    assert list(accepted.unused_entries(entries, findings, ())) == []


def test_lint_changes_nothing(conn: Connection) -> None:
    settings = (
        "select current_setting('search_path'), coalesce(current_setting('chatctl.api_roles', true), '')"
    )
    before = conn.execute(settings).fetchone()
    check_schema(conn, ["anon"])
    assert conn.execute(settings).fetchone() == before


def test_the_roles_of_the_api_may_have_other_names(conn: Connection) -> None:
    conn.execute(
        f"""
        create role web_anon; create role web_user;
        {NOTES} {CLOSED.format("public.notes")};
        grant select on public.notes to web_user; grant delete on public.notes to web_anon;
        """.encode()
    )
    (closed,) = (
        each for each in check_schema(conn, ["web_anon", "web_user"]) if each.object == "public.notes"
    )
    assert closed.problem == "no policy allows the use of privileges of web_anon (delete); web_user (select)"
    assert reported(conn, "rls_without_policy") == set()
    conn.execute("revoke all on public.notes from web_anon, web_user; drop role web_anon; drop role web_user")
    assert check_schema(conn, ["web_anon", "nobody"]) == check_schema(conn, ["nobody"])


def test_roles_that_need_no_token_are_recognized_by_name(conn: Connection) -> None:
    conn.execute(
        """
        create role web_anon; create role web_user;
        grant execute on function public.get_unread_count(uuid, uuid) to web_anon, web_user
        """
    )
    (open_to,) = (
        each for each in check_schema(conn, ["web_user", "web_anon"]) if each.rule == "definer_for_everyone"
    )
    assert open_to.problem == "runs as its owner, and web_anon can call it"


def test_a_database_without_supabase_can_be_checked_by_any_role(foreign: Connection) -> None:
    """Only the schema public, API roles with other names, and a role without privileges runs the check."""
    assert foreign.execute("select rolsuper from pg_roles where rolname = current_user").fetchone() == (
        False,
    )
    assert check_schema(foreign, ["lone_anon", "lone_user"]) == [
        LintFinding(
            rule="table_without_rls",
            level="error",
            title="A table exposed by the API has row-level security; without it, a privilege on the table "
            "opens every row.",
            problem="row-level security is off, and there are privileges of lone_user (select)",
            remedy="alter table public.tried enable row level security",
            object="public.tried",
        )
    ]


@pytest.fixture
def foreign(server: Server) -> Iterator[Connection]:
    name = f"foreign_{next(_numbers)}"
    roles = ("lone_anon", "lone_user", "lone_looker")
    with psycopg.connect(server.admin_url, autocommit=True) as admin:
        admin.execute(sql.SQL("create database {} template template0").format(sql.Identifier(name)))
        for role in roles:
            admin.execute(sql.SQL("create role {} login").format(sql.Identifier(role)))
        try:
            with connection(server.url_for(SUPERUSER, name)) as conn:
                conn.execute("create table public.tried (id int); grant select on public.tried to lone_user")
            with connection(server.url_for("lone_looker", name)) as conn:
                yield conn
        finally:
            admin.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))
            for role in roles:
                admin.execute(sql.SQL("drop role {}").format(sql.Identifier(role)))


def test_an_applied_file_is_compared(conn: Connection) -> None:
    files, _ = filerules.read(SQL)
    name = files[2].path
    assert list(filerules.edited(conn, files)) == []
    conn.execute(
        "update supabase_migrations.schema_migrations set statements = '{select 1}' where version = %s",
        (Path(name).name.partition("_")[0],),
    )
    (finding,) = filerules.edited(conn, files)
    conn.execute("update supabase_migrations.schema_migrations set statements = null")

    assert (finding.rule, finding.file) == ("applied_file_edited", name)
    assert list(filerules.edited(conn, files)) == []  # applied by a tool that recorded no text


def test_a_database_without_history_has_applied_nothing(bare_database: Database) -> None:
    with bare_database.connect() as conn:
        assert list(filerules.edited(conn, filerules.read(SQL)[0])) == []


def break_and_repair(conn: Connection, rule: str, breaks: str, repairs: str, named: str) -> None:
    clean = reported(conn, rule)
    conn.execute(breaks.encode())
    assert reported(conn, rule) - clean == {named}
    conn.execute(repairs.encode())
    assert reported(conn, rule) == clean


def reported(conn: Connection, rule: str) -> set[str | None]:
    # Run one rule, like check_schema runs all of them.
    with conn.transaction(force_rollback=True):
        conn.execute("select set_config('search_path', '', true)")
        conn.execute(query("platform"))
        findings = conn.execute((SQL / "lints" / f"{rule}.sql").read_bytes()).fetchall()
        assert all(problem and remedy for _, problem, remedy in findings)
        return {object for object, _, _ in findings}
