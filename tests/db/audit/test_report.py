"""The report of an audit of a real database: its cells, its SQL in psql, and that it is reproducible."""

from __future__ import annotations

import os
import subprocess

import pytest

from chatctl.local.postgres import binaries
from chatctl.services.audit.access import default_file
from chatctl.services.audit.findings.finding import AuditFinding, AuditRule
from chatctl.services.audit.formats import ReportFormat, render
from chatctl.services.audit.formats.groups import groups
from chatctl.services.audit.report import AuditReport
from chatctl.services.audit.run import audit
from chatctl.services.audit.verdicts.cells import State
from tests.support.one_of_several import any_row_first
from tests.support.world import Database

pytestmark = pytest.mark.slow

ROOT = default_file().parent.parent
HOLES = """
alter table messages disable row level security;
grant truncate, delete on messages to authenticated;
drop trigger set_conversations_updated_at on conversations;
create policy careless on organizations for select to authenticated using (id = auth.uid());
create policy broken on user_profiles for select to authenticated using (1 / length('') = 1);
drop policy "participants read attachments" on storage.objects;
create function public.everything() returns setof public.messages
language sql security definer as $$ select * from public.messages $$;
create view public.all_messages as select * from public.messages;
update storage.buckets set public = true where id = 'attachments';
alter publication supabase_realtime add table user_profiles;
create or replace function private.require_caller(p_user_id uuid) returns void
language plpgsql stable set search_path = '' as $$ begin return; end $$;
"""
TRIED = (
    "public.messages", "public.conversations", "public.organizations", "public.user_profiles",
    "storage.objects", "public.get_user_default_organization(uuid)",
)  # fmt: skip


@pytest.fixture
def broken(database: Database) -> Database:
    with database.connect() as conn:
        conn.execute(HOLES.encode())
    return database


def audited(database: Database, *only: str) -> AuditReport:
    with database.connect() as conn:
        return audit(conn, only=only)


def pasted(database: Database, statements: str, version: int) -> str:
    """The output of psql for ``statements``, read line by line as if they were pasted."""
    done = subprocess.run(
        [binaries.program(version, "psql"), "-X", "-A", "-t", "-v", "VERBOSITY=verbose", database.url],
        input=statements,
        cwd=ROOT,
        env={**os.environ, "PGOPTIONS": "-c client_min_messages=warning"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout + done.stderr


def shows(finding: AuditFinding, output: str) -> bool:  # noqa: PLR0911 - one return per case
    """Whether the output of psql, after the switch to the identity, shows the finding."""
    failed = "ERROR:" in output
    lines = [line for line in output.partition("ERROR:")[0].splitlines() if line != "ROLLBACK"]
    identity_output = lines[-lines[::-1].index("SET") :] if "SET" in lines else lines
    match finding.rule, finding.command:
        case AuditRule.raises | AuditRule.invalid, _:
            return failed and "42501" not in output
        case AuditRule.missing, "select":
            return identity_output == ["{}"]
        case AuditRule.missing, _:
            return failed or identity_output[0] in ("UPDATE 0", "DELETE 0")
        case AuditRule.leak, "select":
            return not failed and identity_output[0].startswith("{") and identity_output[0] != "{}"
        case AuditRule.leak, "truncate":
            return "0A000" in output  # the privilege is there: only a foreign key stops it
        case AuditRule.leak | AuditRule.effect, "insert" | "update" | "delete":
            return not failed and identity_output[0] in ("INSERT 0 1", "UPDATE 1", "DELETE 1")
        case _:
            return not failed and bool(identity_output)


def test_the_sql_of_each_kind_of_finding_reproduces_it_in_psql(broken: Database, pg_version: int) -> None:
    grouped = groups(audited(broken, *TRIED).problems)
    assert {group.rule for group in grouped} >= {
        AuditRule.leak, AuditRule.missing, AuditRule.effect, AuditRule.raises, AuditRule.invalid,
        AuditRule.unlisted, AuditRule.row_security, AuditRule.privilege, AuditRule.bucket,
        AuditRule.publication, AuditRule.definer,
    }  # fmt: skip
    for group in grouped:
        if group.rule is not AuditRule.vacuous:
            output = pasted(broken, group.first.sql, pg_version)
            assert shows(group.first, output), f"{group.first.id}\n{group.first.sql}\n{output}"


def test_pasted_sql_leaves_nothing_behind(broken: Database, pg_version: int) -> None:
    (leak,) = (each for each in audited(broken, "public.messages").findings if each.action == "delete")
    pasted(broken, leak.sql, pg_version)
    with broken.connect() as conn:
        assert conn.execute("select count(*) from organizations").fetchone() == (0,)


def test_the_sql_of_a_probe_with_its_fixture_runs_without_the_files(
    broken: Database, pg_version: int
) -> None:
    report = audited(broken, "public.messages")
    cell = next(each for each in report.cells if each.command == "select" and each.identity == "nobody")
    person = next(each for each in report.people if each.name == "nobody")
    assert cell.state is State.finding
    script = ["begin;", report.setup.text, *person.login, *cell.samples[0].sql, "rollback;"]
    assert "ERROR" not in pasted(broken, "\n".join(script), pg_version)


def test_two_runs_give_identical_bytes_in_every_format(broken: Database) -> None:
    # Reading, writing, and calls that generate ids.
    tried = ("public.messages", "public.create_group_conversation(text, uuid[], uuid)")
    first, second = (audited(broken, *tried) for _ in range(2))
    for each in ReportFormat:
        assert any_row_first(render(first, each)) == any_row_first(render(second, each)), each


def test_cells_show_who_can_do_what(database: Database) -> None:
    report = audited(database, "public.messages")
    states = {(cell.identity, cell.command): cell.state for cell in report.cells}
    assert states["sender", "insert"] is State.allowed
    assert states["participant", "select"] is State.allowed
    assert states["colleague", "select"] is State.denied
    assert states["sender", "truncate"] is State.denied
    assert set(states.values()) == {State.allowed, State.denied}
    assert sum(cell.probes for cell in report.cells) == report.probes
    assert all(cell.samples for cell in report.cells)


def test_a_cell_names_its_findings(broken: Database) -> None:
    report = audited(broken, "public.messages")
    known = {each.id for each in report.problems}
    assert all(set(cell.problems) <= known for cell in report.cells)
    (cell,) = (each for each in report.cells if (each.identity, each.command) == ("nobody", "delete"))
    assert cell.state is State.finding
    assert "leak:public.messages:delete" in cell.problems
    assert cell.samples[0].verdict == "leak"
