"""The audit of existing rows and people in place of a fixture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from chatctl.errors import Invalid, NotFound
from chatctl.services.audit.access import default_file, load
from chatctl.services.audit.formats import ReportFormat, render
from chatctl.services.audit.report import AuditReport
from chatctl.services.audit.run import audit
from chatctl.services.audit.stage import existing, workspace
from chatctl.services.audit.stage.contents import Content
from tests.db.audit.test_audit import counted
from tests.db.audit.test_report import pasted
from tests.holes.hole import PAGE, edited
from tests.support.world import Database, World

pytestmark = pytest.mark.slow

ACCESS = load(default_file())
MESSAGES = "public.messages"


@pytest.fixture
def populated(database: Database) -> Database:
    """A database with the rows of the fixture, committed as existing data."""
    with database.connect() as conn, conn.transaction():
        workspace.prepare(conn, ACCESS)
        assert ACCESS.fixture
        conn.execute(ACCESS.fixture.read_bytes())
        conn.execute("drop schema chatctl_audit, chatctl_names, chatctl_fixture cascade")
        conn.execute("delete from storage.objects where bucket_id <> 'attachments'")
        conn.execute("delete from storage.buckets where id <> 'attachments'")  # not in access.yaml
    return database


@pytest.fixture
def audited(populated: Database) -> Callable[..., AuditReport]:
    """A function that audits the existing data after running some SQL as the operator."""

    def after(statements: str = "", *only: str, sample: int = 20) -> AuditReport:
        with populated.connect() as conn:
            if statements:
                conn.execute(statements.encode())
            return audit(conn, only=only, sample=sample)

    return after


def test_a_world_with_every_identity_is_clean_and_every_probe_proves_something(
    audited: Callable[..., AuditReport],
) -> None:
    report = audited()
    assert [(finding.id, finding.message) for finding in report.findings] == []
    assert (report.invalid, report.vacuous) == ((), ())
    assert report.existing
    assert report.existing.left_out == ()
    assert report.probes > 10_000


def test_a_leak_of_a_single_existing_row_is_found(audited: Callable[..., AuditReport]) -> None:
    """The fixture has no such row."""
    hole = """
        insert into organizations (name, slug) values ('Old', 'legacy-old');
        create policy legacy on organizations for select to authenticated using (slug like 'legacy%')
    """
    leak = audited(hole, "public.organizations").findings[0]
    assert leak.id == "leak:public.organizations:select"
    assert "nobody" in leak.identities


def test_the_sql_of_a_finding_reproduces_it_on_existing_rows(
    audited: Callable[..., AuditReport], populated: Database, pg_version: int
) -> None:
    hole = "create policy open on messages for select to authenticated using (true)"
    (leak,) = (each for each in audited(hole, MESSAGES).findings if each.action == "select")
    output = pasted(populated, leak.sql, pg_version)
    assert "ERROR" not in output
    with populated.connect() as conn:
        shown = conn.execute("select id::text from messages").fetchall()
    assert any(key in output for (key,) in shown)


def test_personal_data_returned_by_a_function_is_not_shown(audited: Callable[..., AuditReport]) -> None:
    words = "update messages set content = 'my own words' where deleted_at is null;"
    report = audited(words + edited(PAGE, "limit p_limit", "limit 200"), PAGE)
    assert [finding.id for finding in report.findings] == [f"leak:{PAGE}:call"]
    assert "of people's own" in report.findings[0].message
    assert not any("my own words" in render(report, each) for each in ReportFormat)


def test_the_audit_changes_nothing(audited: Callable[..., AuditReport], populated: Database) -> None:
    rows = "select md5(array_agg(m order by id)::text) from messages m"
    with populated.connect() as conn:
        before, digest = counted(conn), conn.execute(rows).fetchone()
        audited()
        assert conn.execute(rows).fetchone() == digest
        after = counted(conn)
    assert {name for name in after if after[name] != before[name]} <= {"messages_seq"}


def test_people_without_an_identity_are_left_out_and_named(world: World) -> None:
    organization, (creator, sender, reader) = world.team()
    group = world.group(organization, creator, sender, reader)
    world.send(sender, group)
    with world.database.connect() as conn:
        report = audit(conn, only=(MESSAGES,), sample=20)
    assert report.findings == ()
    assert report.existing
    assert report.existing.names["group"] == str(group)
    assert {"outsider", "colleague", "suspended"} <= set(report.existing.left_out)
    assert {"anon", "creator", "sender", "participant"} <= {person.name for person in report.people}
    with (
        world.database.connect() as conn,
        pytest.raises(NotFound, match="no user of this database was found for"),
    ):
        audit(conn, only=("colleague",), sample=20)


def test_a_sample_has_at_most_the_requested_size_and_a_row_of_each_kind(populated: Database) -> None:
    few = sampled(populated, 4)
    assert {name: len(each.rows) <= 4 for name, each in few.items()} == dict.fromkeys(few, True)
    assert not few[MESSAGES].whole
    assert few["public.organizations"].whole
    spread = {row.values["conversation_id"] for row in few[MESSAGES].rows}
    assert len(spread) > 1


def test_writes_without_a_row_are_tried_only_on_complete_tables(
    audited: Callable[..., AuditReport],
) -> None:
    def actions(sample: int) -> set[str]:
        cells = audited("", MESSAGES, sample=sample).cells
        return {sample.action for cell in cells for sample in cell.samples}

    assert any(action.endswith("without where") for action in actions(20))
    assert not any(action.endswith("without where") for action in actions(4))


def test_the_control_deletes_nothing_that_would_cascade(audited: Callable[..., AuditReport]) -> None:
    deleted = {cell.object for cell in audited("", "delete", "service_role").cells}
    assert {"public.organization_members", "storage.objects"} <= deleted
    assert not deleted & {"public.organizations", "public.user_profiles", "public.conversations"}


def test_in_a_large_table_rows_are_found_by_an_index(populated: Database) -> None:
    """The messages are so wide that 4,400 rows take more than 16 MiB."""
    wide = """
        set session_replication_role = replica;
        alter table messages alter content set storage plain;
        insert into messages (id, organization_id, conversation_id, sender_id, content, seq)
        select gen_random_uuid(), c.organization_id, c.id, c.created_by, repeat('wide', 1000), 100 + n
        from conversations c, generate_series(1, 4400) as n where c.id = (
          select conversation_id from messages order by id limit 1
        )
    """
    with populated.connect("supabase_admin") as conn:
        conn.execute(wide.encode())
    content = sampled(populated, 12)[MESSAGES]
    assert not content.whole
    assert len({row.values["conversation_id"] for row in content.rows}) > 2


def test_a_query_that_is_not_sql_is_named(populated: Database) -> None:
    broken = replace(ACCESS, existing={"group": "select 'x'"})
    with populated.connect() as conn, pytest.raises(Invalid, match=r"access.yaml: existing.group: invalid"):
        audit(conn, broken, sample=20)


def sampled(database: Database, limit: int) -> dict[str, Content]:
    with database.connect() as conn, conn.transaction(force_rollback=True):
        return existing.make(conn, ACCESS, limit)[1]
