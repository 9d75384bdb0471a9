"""The transaction of the audit: fixtures and moments cannot end it, and leave nothing behind."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatctl.db.connection import Connection
from chatctl.db.files import sql_statement
from chatctl.errors import Inconclusive, Invalid
from chatctl.local.postgres.cluster import SUPERUSER
from chatctl.services.audit.access import load
from chatctl.services.audit.access.expectations import Access
from chatctl.services.audit.run import audit
from tests.support import small_audit
from tests.support.world import Database

SCHEMA = """
create table public.notes (id uuid primary key, person uuid not null);
alter table public.notes enable row level security;
revoke all on public.notes from anon, authenticated;
grant select on public.notes to authenticated;
create policy own on public.notes for select to authenticated using (person = (select auth.uid()));
create procedure public.commits() language plpgsql as $$ begin commit; end $$;
revoke execute on procedure public.commits() from public, anon, authenticated;
"""
RULES = """
tables:
  public.notes:
    key: [id]
    select: this.person = actor
"""
ROWS = "insert into public.notes values (id('a'), id('ann')), (id('b'), id('ben'));\n"
LEFTOVERS = """
select (select count(*) from public.notes), (select count(*) from auth.users),
  (select count(*) from pg_namespace where nspname ~ '^chatctl')
"""
# The text of a fixture, and the words named in the error.
ENDS = {
    "begin;": "begin",
    "BEGIN WORK;": "begin",
    "start transaction read only;": "start transaction",
    "commit;": "commit",
    "/* a comment */ -- and another\n  Commit And Chain;": "commit",
    "end;": "end",
    "end transaction;": "end",
    "rollback;": "rollback",
    "rollback and chain": "rollback",
    "abort;": "abort",
    "prepare transaction 'x';": "prepare transaction",
    "commit prepared 'x';": "commit",
    "savepoint a;": "savepoint",
    'rollback to savepoint "_pg3_1";': "rollback",
    "release savepoint a;": "release",
    "set session authorization postgres;": "set session authorization",
    "set local session authorization default;": "set local session authorization",
    "reset session authorization;": "reset session authorization",
    "set transaction read only;": "set transaction",
    "set local transaction_read_only = on;": "set local transaction_read_only",
    "set session characteristics as transaction read only;": "set session characteristics",
    "discard all;": "discard all",
    "copy public.notes (id, person) from stdin;": "copy public.notes (id, person) from stdin",
}
# Statements that PostgreSQL itself refuses, and the beginning of its message.
REFUSED = {
    "do $$ begin commit; end $$;": "invalid transaction termination",
    "call public.commits();": "invalid transaction termination",
    "do $$ begin execute 'commit'; end $$;": "EXECUTE of transaction commands is not implemented",
    "vacuum;": "VACUUM cannot run inside a transaction block",
    "insert into nowhere values (1);": 'relation "nowhere" does not exist',
}
# The same words with another meaning.
FINE = [
    "do $$ begin perform 1; end $$;",
    "insert into public.notes values (id('begin'), id('commit'));",
    "create function public.f() returns integer language sql begin atomic select 1; end;",
    'select 1 as "commit"; -- commit;\n/* rollback; */',
    "prepare a as select 1; deallocate a;",
    "set constraints all immediate;",
]


@pytest.fixture
def pg_version() -> int:
    """One version is enough: statements are refused by their text."""
    return 18


@pytest.fixture
def conn(bare_database: Database) -> Iterator[Connection]:
    with bare_database.connect() as conn:
        conn.execute(SCHEMA.encode())
        yield conn


def runs_cleanly(conn: Connection, access: Access) -> bool:
    """Whether an audit runs and nothing of earlier ones is left."""
    assert conn.execute(LEFTOVERS).fetchone() == (0, 0, 0)
    report = audit(conn, access, only=("public.notes",))
    return not [each for each in report.problems if each.command] and conn.execute(LEFTOVERS).fetchone() == (
        0,
        0,
        0,
    )


@pytest.mark.parametrize(("ending", "words"), ENDS.items())
def test_a_fixture_that_ends_the_transaction_is_refused_with_name_file_and_line(
    conn: Connection, tmp_path: Path, ending: str, words: str
) -> None:
    path = small_audit.written(tmp_path, RULES, f"{ROWS}\n{ending}\n{ROWS}")
    line = 5 if ending.startswith("/*") else 4
    with pytest.raises(Invalid) as refusal:
        load(path)
    assert f"fixture names fixture.sql, which has `{words}` on line {line}:" in refusal.value.message
    # Rules that were built in code are checked, too.
    small_audit.written(tmp_path, RULES, ROWS)
    access = load(path)
    small_audit.written(tmp_path, RULES, f"{ROWS}\n{ending}\n{ROWS}")
    with pytest.raises(Invalid, match=rf"^fixture.sql:{line}: `{re.escape(words)}`: "):
        audit(conn, access)
    assert runs_cleanly(conn, small_audit.rules(tmp_path, RULES, ROWS))


@pytest.mark.parametrize(("statement", "message"), REFUSED.items())
def test_an_error_of_postgresql_in_a_fixture_has_its_line(
    conn: Connection, tmp_path: Path, statement: str, message: str
) -> None:
    access = small_audit.rules(tmp_path, RULES, f"{ROWS}\n{statement}\n")
    with pytest.raises(Inconclusive) as failure:
        audit(conn, access)
    assert failure.value.message.startswith(f"fixture.sql:4 fails: {message}")
    assert ("the database is migrated" in (failure.value.hint or "")) == ("nowhere" in statement)
    assert runs_cleanly(conn, small_audit.rules(tmp_path, RULES, ROWS))


def test_a_fixture_that_is_not_sql_is_a_mistake_in_the_file(conn: Connection, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=r"^fixture.sql:4 fails: syntax error"):
        audit(conn, small_audit.rules(tmp_path, RULES, f"{ROWS}\nselec 1;\n"))


@pytest.mark.parametrize("statement", FINE)
def test_transaction_keywords_elsewhere_are_allowed(conn: Connection, tmp_path: Path, statement: str) -> None:
    assert runs_cleanly(conn, small_audit.rules(tmp_path, RULES, f"{ROWS}{statement}"))


@pytest.mark.parametrize(
    ("do", "message"),
    [
        ("delete from public.notes; commit", "moments.later.do has `commit` on line 1"),
        ("rollback", "moments.later.do has `rollback` on line 1"),
    ],
)
def test_a_moment_that_ends_the_transaction_is_refused(
    conn: Connection, tmp_path: Path, do: str, message: str
) -> None:
    moment = f"moments:\n  later: {{says: later, do: '{do}', identities: [ann]}}\n"
    with pytest.raises(Invalid, match=message):
        small_audit.rules(tmp_path, RULES + moment, ROWS)
    assert runs_cleanly(conn, small_audit.rules(tmp_path, RULES, ROWS))


def test_a_condition_that_ends_the_transaction_is_refused(conn: Connection, tmp_path: Path) -> None:
    rule = (
        "true), false) from chatctl_audit.identities me, chatctl_fixture.notes this; commit; "
        "select null, null, coalesce((true"
    )
    access = small_audit.rules(tmp_path, RULES.replace("this.person = actor", f'"{rule}"'), ROWS)
    with pytest.raises(Invalid, match=r"access.yaml: tables.public.notes.select: cannot insert multiple"):
        audit(conn, access)
    assert runs_cleanly(conn, small_audit.rules(tmp_path, RULES, ROWS))


def test_a_condition_that_always_raises_is_named_with_its_key(conn: Connection, tmp_path: Path) -> None:
    # 54000 is an OperationalError of psycopg, but retrying does not help.
    conn.execute(
        "create function public.too_much() returns boolean language plpgsql as "
        "$$ begin raise 'too %', repeat('much', 50000) using errcode = '54000'; end $$"
    )
    access = small_audit.rules(tmp_path, RULES.replace("this.person = actor", "public.too_much()"), ROWS)
    with pytest.raises(Invalid, match=r"access.yaml: tables.public.notes.select: too muchmuch") as refusal:
        audit(conn, access)
    assert len(refusal.value.message) < 3_000


def test_a_session_in_another_language_is_read_in_english(bare_database: Database) -> None:
    with bare_database.connect(SUPERUSER) as admin:
        admin.execute("set lc_messages = 'POSIX'")
        with admin.transaction():
            admin.execute(sql_statement("audit/limits"))
            assert admin.execute("show lc_messages").fetchone() == ("C",)


SETTINGS = """
set search_path = '';
set row_security = off;
set statement_timeout = 0;
set session_replication_role = replica;
select set_config('role', 'service_role', true);
"""


def test_settings_of_a_fixture_do_not_reach_the_probes(conn: Connection, tmp_path: Path) -> None:
    assert runs_cleanly(conn, small_audit.rules(tmp_path, RULES, ROWS + SETTINGS))


def test_an_identity_without_claims_does_not_get_those_of_the_fixture(
    conn: Connection, tmp_path: Path
) -> None:
    claims = "select set_config('request.jwt.claims', json_build_object('sub', id('ann'))::text, false);"
    unset = "  unset: {raw: 'null', says: has never set claims}\n"
    assert runs_cleanly(conn, small_audit.rules(tmp_path, unset + RULES, ROWS + claims))


def test_leftovers_of_an_older_audit_are_named(conn: Connection, tmp_path: Path) -> None:
    conn.execute("create schema chatctl_audit")
    with pytest.raises(Inconclusive) as failure:
        audit(conn, small_audit.rules(tmp_path, RULES, ROWS))
    assert "drop schema if exists chatctl_audit, chatctl_names, chatctl_fixture, chatctl_live cascade" in str(
        failure.value.hint
    )
