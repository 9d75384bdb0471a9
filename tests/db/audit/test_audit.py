"""The audit on a real server: clean on our schema, leaves nothing behind, finds deliberate holes."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from psycopg.errors import InsufficientPrivilege

from chatctl.db.connection import Connection
from chatctl.errors import Inconclusive, Invalid, NotFound
from chatctl.services.audit.access import default_file, load
from chatctl.services.audit.formats import ReportFormat, render
from chatctl.services.audit.report import AuditReport
from chatctl.services.audit.run import audit
from tests.support.world import Database, World

FIXTURE = default_file().parent / "statements" / "audit" / "fixture.sql"


@pytest.fixture
def audited(database: Database) -> Callable[..., AuditReport]:
    """A function that audits the database after running some SQL as the operator."""

    def after(statements: str = "", *only: str) -> AuditReport:
        with database.connect() as conn:
            if statements:
                conn.execute(statements.encode())
            return audit(conn, only=only)

    return after


def counted(conn: Connection) -> dict[str, int]:
    """The number of rows of every table and the current value of every sequence."""
    tables = conn.execute(
        "select format('%I.%I', schemaname, tablename) from pg_tables "
        "where schemaname !~ '^(pg_|information)'"
    ).fetchall()
    counts = {
        name: conn.execute(f"select count(*) from {name}".encode()).fetchall()[0][0] for (name,) in tables
    }
    return {**counts, **dict(conn.execute("select sequencename, last_value from pg_sequences").fetchall())}


def test_our_schema_is_clean_and_every_probe_proves_something(audited: Callable[..., AuditReport]) -> None:
    report = audited()
    assert [(finding.id, finding.message) for finding in report.findings] == []
    assert report.invalid == ()
    assert report.vacuous == ()
    assert report.probes > 10_000
    assert all(count for count in report.by_action.values())


def test_two_concurrent_audits_take_turns(database: Database) -> None:
    def run_clean_audit(_: int) -> bool:
        with database.connect() as conn:
            return audit(conn, only=("public.organizations",)).problems == ()

    with ThreadPoolExecutor() as pool:
        assert list(pool.map(run_clean_audit, range(3))) == [True, True, True]


def test_two_runs_give_the_same_report(database: Database) -> None:
    with database.connect() as conn:
        conn.execute("grant update (seq) on messages to authenticated")
        conn.execute("create policy open on messages for select to authenticated using (true)")
        first, second = (audit(conn, only=("public.messages",)) for _ in range(2))
    assert first.findings == second.findings
    assert first.invalid == second.invalid


def test_a_run_leaves_nothing_behind(database: Database) -> None:
    with database.connect() as conn:
        before = counted(conn)
        report = audit(conn)
        assert counted(conn) == before
        assert conn.execute("select to_regnamespace('chatctl_audit')").fetchone() == (None,)
        setting = "select current_user::text, current_setting('request.jwt.claims', true)"
        assert conn.execute(setting).fetchone() == ("postgres", "")
    assert report.sequences == ()


def test_a_sequence_that_a_run_advanced_is_named(audited: Callable[..., AuditReport]) -> None:
    counting = """
        create sequence private.tickets;
        create function private.take_a_ticket() returns trigger
        language plpgsql security definer set search_path = '' as
        $$ begin perform nextval('private.tickets'); return new; end $$;
        create trigger take_a_ticket before insert on conversations
        for each row execute function private.take_a_ticket()
    """
    report = audited(counting, "public.conversations", "insert")
    assert report.sequences == ("private.tickets",)
    assert "sequences that stay advanced: private.tickets" in render(report, ReportFormat.text)


def test_existing_rows_do_not_change_the_report(world: World) -> None:
    organization, people = world.team(4)
    group = world.group(organization, *people)
    world.send(people[0], group)
    report = audit(world.operator)
    assert (report.findings, report.invalid, report.vacuous) == ((), (), ())


def test_a_policy_that_raises_proves_nothing(audited: Callable[..., AuditReport]) -> None:
    report = audited(
        """
        create policy broken on organizations for select to authenticated
        using (1 / (length(name) - length(name)) = 1)
        """,
        "public.organizations",
    )
    assert any(
        doubt.object == "public.organizations" and "22012" in doubt.message for doubt in report.invalid
    )


def test_a_control_stopped_by_a_constraint_is_not_a_twin(database: Database) -> None:
    with database.connect("supabase_admin") as admin:
        admin.execute(
            """
            create function public.stop() returns trigger language plpgsql as
            $$ begin raise check_violation; end $$;
            create trigger stop before update of id on storage.buckets
            for each row execute function public.stop();
            revoke execute on function public.stop() from public, anon, authenticated
            """
        )
    with database.connect() as conn:
        report = audit(conn, only=("storage.buckets",))
    assert "update id" in {doubt.action for doubt in report.vacuous}


def test_a_policy_that_refers_to_itself_proves_nothing(audited: Callable[..., AuditReport]) -> None:
    report = audited(
        """
        create policy loop on conversation_participants for select to authenticated using (
          exists (select from conversation_participants mine where mine.user_id = auth.uid())
        )
        """,
        "public.conversation_participants",
    )
    assert any("42P17" in doubt.message for doubt in report.invalid)


def test_the_sql_of_a_finding_reproduces_it_when_pasted(database: Database) -> None:
    with database.connect() as conn:
        conn.execute("create policy open on messages for select to authenticated using (true)")
        report = audit(conn, only=("public.messages",))
        (finding,) = (each for each in report.findings if each.id == "leak:public.messages:select")
        begin, *lines, statement, rollback = finding.sql.splitlines()
        assert (begin, rollback) == ("begin;", "rollback;")
        with conn.transaction(force_rollback=True):
            for line in lines:
                file = line.removeprefix("\\i ")
                conn.execute(Path(file).read_bytes() if file != line else line.encode())
            leaked = conn.execute(statement.encode()).fetchone()
    assert leaked
    assert leaked[0]


def test_the_login_role_of_the_api_may_assume_only_the_roles_of_the_api(database: Database) -> None:
    with database.connect("authenticator") as conn:
        for role in ("anon", "authenticated", "service_role"):
            with conn.transaction(force_rollback=True):
                conn.execute("select set_config('role', %s, true)", (role,))
                assert conn.execute("select current_user::text").fetchone() == (role,)
        for statement in ("set local role postgres", "select from public.messages"):
            with pytest.raises(InsufficientPrivilege), conn.transaction():
                conn.execute(statement.encode())


def test_a_locked_table_is_reported_and_proves_nothing(database: Database) -> None:
    with database.connect() as holder, database.connect() as conn, holder.transaction():
        holder.execute("lock table messages in access exclusive mode")
        with pytest.raises(Inconclusive, match="55P03"):
            audit(conn)


def test_a_database_without_the_backend_proves_nothing(bare_database: Database) -> None:
    with bare_database.connect() as conn, pytest.raises(Inconclusive):
        audit(conn)


def test_auditing_a_single_identity_leaves_no_doubt(audited: Callable[..., AuditReport]) -> None:
    report = audited("", "colleague")
    assert (report.findings, report.vacuous) == ((), ())


def test_only_listed_tables_can_be_tested(database: Database) -> None:
    with database.connect() as conn, pytest.raises(NotFound, match=r"public\.nowhere"):
        audit(conn, only=("public.nowhere",))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "select: member(actor, this.id)",
            "select: member(actor, this.nothing)",
            "tables.public.organizations.select",
        ),
        ("active(actor uuid): |\n    actor", "active(actor uuid): |\n    aktor", "relations.active"),
        ("key: [organization_id, user_id]", "key: [organization_id, person]", "names column person"),
    ],
)
def test_sql_of_access_yaml_that_the_database_refuses_is_named(
    database: Database, tmp_path: Path, old: str, new: str, message: str
) -> None:
    text = default_file().read_text()
    assert old in text
    (tmp_path / "access.yaml").write_text(
        text.replace(old, new).replace("statements/audit/fixture.sql", str(FIXTURE))
    )
    with database.connect() as conn, pytest.raises(Invalid, match=message):
        audit(conn, load(tmp_path / "access.yaml"))
