"""The audit of a schema without any chatctl objects: tests/foreign, in a database without Supabase."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest
from psycopg import IsolationLevel, sql

from chatctl.cli.app import run
from chatctl.db.connection import connection
from chatctl.local.postgres.cluster import SUPERUSER
from chatctl.local.postgres.server import Server
from chatctl.services.audit.access import load
from chatctl.services.audit.mutation import equivalents
from chatctl.services.audit.mutation.score import End, mutate
from chatctl.services.audit.run import audit
from chatctl.services.audit.stage import workspace

pytestmark = pytest.mark.slow

FOREIGN = Path(__file__).parents[2] / "foreign"
ACCESS = FOREIGN / "access.yaml"
ROLES = ("app_login", "app_guest", "app_user", "app_admin", "app_owner")
_numbers = count(1)

# A change of the schema, and what the audit reports.
HOLES = [
    ('create policy open on app."Lists" for select to app_user using (true)', "leak:app.Lists:select"),
    (
        'create policy open on app."to do" for delete to app_user using (true)',
        "leak:app.to do:delete without where",
    ),
    (
        """create policy open on app."to do" for update to app_user
           using (inner_parts.level_of(owner, list) is not null)""",
        """leak:app.to do:update it's "done"?""",
    ),
    ("alter policy mine on app.journal with check (true)", "leak:app.journal:insert"),
    ("alter table app.identities disable row level security", "leak:app.identities:select"),
    ('grant update (owner) on app."Lists" to app_user', "privilege:app.Lists:app_user update (owner)"),
    ("grant select on app.journal_old to app_guest", "unlisted:app.journal_old:privileges"),
    ("alter view app.undone set (security_invoker = false)", "leak:app.undone:select"),
    (
        """create or replace view app."my lists" with (security_barrier) as
           select l.owner, l."Slug", 0::bigint as items from app."Lists" l""",
        "leak:app.my lists:select",
    ),
    (
        """create or replace function inner_parts.level_of(p_owner uuid, p_list text) returns app.access_level
           language sql stable security definer set search_path = ''
           return (select r.level from app.readers r
             where r.owner = p_owner and inner_parts.me() is not null limit 1)""",
        "leak:inner_parts.level_of(uuid, text):call",
    ),
    (
        """create or replace function app.write_entry(p_id uuid, p_day date) returns void
           language sql security definer set search_path = ''
           begin atomic
             insert into app.journal (id, day, author, entry)
             values (p_id, p_day, inner_parts.me(), 'written');
             delete from app.journal where day < '2019-12-31' and id <> p_id;
           end""",
        "effect:app.write_entry(uuid, date):call",
    ),
    (
        """create function app."readAll"() returns setof app.journal
           language sql stable security definer set search_path = '' return null::app.journal;
           grant execute on function app."readAll"() to app_user""",
        "unlisted:app.readAll():execute",
    ),
    ("grant insert on app.readers to app_login", "role:app_login:app.readers"),
    ('grant select on app."Lists" to app_login', "role:app_login:app.Lists"),
    ("grant app_admin to app_user", "role:app_user:becomes app_admin"),
    ("alter role app_login set app.user_id = 'x'", "role:app_login:setting app.user_id"),
    ("grant usage on schema inner_parts to app_guest", "privilege:inner_parts:app_guest usage"),
    (
        """create function inner_parts.shout() returns trigger language plpgsql as
           $$ begin new.entry := upper(new.entry); return new; end $$;
           create trigger shout before insert on app.journal
           for each row execute function inner_parts.shout()""",
        "effect:app.journal:insert",
    ),
    (
        """create function inner_parts.forget() returns trigger language plpgsql security definer as
           $$ begin delete from app.readers where owner = old.author; return old; end $$;
           create trigger forget after delete on app.journal
           for each row execute function inner_parts.forget()""",
        "effect:app.journal:delete",
    ),
]  # fmt: skip


@pytest.fixture
def pg_version() -> int:
    """One version is enough: differences between versions show up in complete audits of our own schema."""
    return 18


@pytest.fixture
def foreign(server: Server) -> Iterator[str]:
    """The URL of a separate database, with its roles, which are created once per server."""
    name = f"notes_{next(_numbers)}"
    with psycopg.connect(server.admin_url, autocommit=True) as admin:
        admin.execute(sql.SQL("create database {} template template0").format(sql.Identifier(name)))
        try:
            with connection(server.url_for(SUPERUSER, name)) as conn:
                conn.execute((FOREIGN / "notes.sql").read_bytes())
            yield server.url_for(SUPERUSER, name)
        finally:
            admin.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))
            for role in ROLES:
                admin.execute(sql.SQL("drop role if exists {}").format(sql.Identifier(role)))


def test_another_schema_is_clean_and_every_probe_proves_something(foreign: str) -> None:
    with connection(foreign) as conn:
        report = audit(conn, load(ACCESS))
    assert [(finding.id, finding.message) for finding in report.findings] == []
    assert (report.invalid, report.vacuous) == ((), ())
    assert report.probes > 1_000


def test_holes_of_another_schema_are_found_where_they_are(foreign: str) -> None:
    access = load(ACCESS)
    for statements, finding in HOLES:
        with connection(foreign) as conn:  # a session with many probes keeps their plans and slows down
            conn.isolation_level = IsolationLevel.REPEATABLE_READ  # required by the audit
            with conn.transaction(force_rollback=True):
                conn.execute(statements.encode())
                ids = {each.id for each in audit(conn, access).findings}
        assert finding in ids, statements
    with connection(foreign) as conn:
        assert audit(conn, access).findings == ()


def test_another_schema_is_tested_on_existing_rows(foreign: str) -> None:
    access = load(ACCESS)
    with connection(foreign) as conn:
        with conn.transaction():
            workspace.prepare(conn, access)
            conn.execute((FOREIGN / "fixture.sql").read_bytes())
            conn.execute("drop schema chatctl_audit, chatctl_names, chatctl_fixture cascade")
        report = audit(conn, access, sample=20)
        assert [(finding.id, finding.message) for finding in report.problems] == []
        assert report.existing
        assert report.existing.left_out == ()
        conn.execute(HOLES[0][0])
        assert HOLES[0][1] in {finding.id for finding in audit(conn, access, sample=20).findings}


def test_the_command_line_accepts_another_schema(foreign: str, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["audit-rls", "--access", str(ACCESS), "--db-url", foreign]
    assert run(arguments) == 0
    assert capsys.readouterr().out.startswith("0 findings, 0 invalid, 0 vacuous")
    with connection(foreign) as conn:
        conn.execute(HOLES[0][0])
    assert run(arguments) == 7
    assert "LEAK app.Lists: select" in capsys.readouterr().out


def test_broken_rules_of_another_schema_are_detected(foreign: str) -> None:
    with connection(foreign) as conn:
        score = mutate(conn, load(ACCESS), equivalents.load(equivalents.path_for(ACCESS)))
    assert len(score.of(End.killed)) > 40
    assert score.of(End.survived, End.stale, End.stillborn) == ()
