"""Where to fix a finding: the line of the last statement that decides it."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatctl.services.audit.access import default_file, load
from chatctl.services.audit.findings.finding import AuditRule
from chatctl.services.audit.findings.sources import SourceIndex
from tests.support.audit_reports import finding

ROOT = default_file().parent.parent
MESSAGES = "public.messages"


def _with_absolute_paths() -> str:
    """The text of sql/access.yaml with absolute paths, for a copy in another directory."""
    return default_file().read_text().replace("statements/", f"{default_file().parent}/statements/")


@pytest.fixture(scope="module")
def places() -> SourceIndex:
    return SourceIndex(load(default_file()))


@pytest.mark.parametrize(
    ("rule", "name", "action", "file", "starts"),
    [
        (AuditRule.leak, MESSAGES, "select body", "objects/access/messages.sql", "create policy "),
        (AuditRule.missing, MESSAGES, "insert", "objects/access/messages.sql", "create policy "),
        (AuditRule.leak, MESSAGES, "update content", "objects/access/messages.sql", "create policy "),
        (AuditRule.leak, MESSAGES, "delete", "objects/access/messages.sql", "create policy "),
        (AuditRule.leak, "storage.objects", "select", "objects/storage/attachments.sql", "create policy "),
        (AuditRule.privilege, MESSAGES, "authenticated truncate", "objects/access/messages.sql", "grant "),
        (
            AuditRule.row_security,
            MESSAGES,
            "off",
            "migrations/20260123000300_messages.sql",
            "alter table ",
        ),
        (
            AuditRule.leak,
            "public.send_message(uuid, text, jsonb)",
            "call",
            "objects/functions/send_message.sql",
            "create or replace function ",
        ),
        (
            AuditRule.privilege,
            "public.send_message(uuid, text, jsonb)",
            "execute",
            "objects/functions/send_message.sql",
            "grant execute on function ",
        ),
        (AuditRule.bucket, "bucket attachments", "public", "objects/storage/attachments.sql", "insert into "),
        (
            AuditRule.publication,
            "publication supabase_realtime",
            "x",
            "objects/realtime/publication.sql",
            "do $$",
        ),
        (AuditRule.unlisted, "public.nowhere", "privileges", "access.yaml", "tables:"),
        (AuditRule.role, "authenticator", "becomes postgres", "access.yaml", "api:"),
        (AuditRule.leak, "storage.buckets", "insert", "access.yaml", "  storage.buckets:"),
    ],
)
def test_a_finding_is_located_at_the_deciding_statement(
    places: SourceIndex, rule: AuditRule, name: str, action: str, file: str, starts: str
) -> None:
    place = places.place_of(finding(rule, name, action))
    assert place.file == f"sql/{file}"
    assert (ROOT / place.file).read_text().splitlines()[place.line - 1].startswith(starts)


def test_each_command_has_its_own_policy(places: SourceIndex) -> None:
    lines = {
        places.place_of(finding(name=MESSAGES, action=each)).line for each in ("select", "insert", "update")
    }
    assert len(lines) == 3


def test_a_doubt_is_located_like_a_finding(places: SourceIndex) -> None:
    assert places.place_of(finding(AuditRule.invalid, MESSAGES)) == places.place_of(finding(name=MESSAGES))


def test_the_last_of_several_statements_counts(tmp_path: Path) -> None:
    (tmp_path / "objects" / "access").mkdir(parents=True)
    policy = "create policy open on notes for select using (true);\n"
    (tmp_path / "objects" / "access" / "a.sql").write_text(f"-- Notes.\n{policy}\n{policy}")
    (tmp_path / "objects" / "access" / "b.sql").write_text(
        '-- Odd.\nCREATE POLICY "x on y" ON "No.Tes" AS\nRESTRICTIVE;'
    )
    access = tmp_path / "access.yaml"
    access.write_text(_with_absolute_paths())
    places = SourceIndex(load(access))
    assert places.place_of(finding(name="public.notes")).line == 4
    assert places.place_of(finding(name="public.No.Tes")).line == 2


@pytest.mark.parametrize(
    ("statement", "rule", "name", "action"),
    [
        ('create policy "for select" on /* a */ S . notes for select', AuditRule.leak, "s.notes", "select"),
        ("create policy a on notes as permissive for all to b", AuditRule.leak, "public.notes", "delete"),
        ("create policy a on notes to b", AuditRule.leak, "public.notes", "insert"),
        (
            "ALTER TABLE IF EXISTS ONLY notes FORCE ROW LEVEL SECURITY",
            AuditRule.row_security,
            "public.notes",
            "x",
        ),
        ("create unlogged table if not exists notes (a int)", AuditRule.unlisted, "public.notes", "x"),
        ("create or replace recursive view notes (a) as select 1", AuditRule.unlisted, "public.notes", "x"),
        ("create or replace function s.f(a text default ')')", AuditRule.definer, "s.f(text)", "x"),
        ("grant select (a, b) on other, notes to c", AuditRule.privilege, "public.notes", "c select"),
        (
            "revoke all on function s.g(int), s.f(a text) from c",
            AuditRule.privilege,
            "s.f(text)",
            "c execute",
        ),
        ("grant usage on schema s to c", AuditRule.privilege, "s", "c usage"),
        ("create schema if not exists s", AuditRule.unlisted, "s", "usage"),
        (
            "insert into storage.buckets (id) values ('a'), ('it''s')",
            AuditRule.bucket,
            "bucket it's",
            "public",
        ),
        ("update storage.buckets set name = 'b' where id = 'a'", AuditRule.bucket, "bucket a", "public"),
        ('alter publication "P" add table notes', AuditRule.publication, "publication P", "x"),
    ],
)
def test_a_statement_is_found_however_it_is_written(
    tmp_path: Path, statement: str, rule: AuditRule, name: str, action: str
) -> None:
    (tmp_path / "objects" / "access").mkdir(parents=True)
    (tmp_path / "objects" / "access" / "a.sql").write_text(f"-- One.\n\n{statement};\n")
    access = tmp_path / "access.yaml"
    access.write_text(_with_absolute_paths())

    place = SourceIndex(load(access)).place_of(finding(rule, name, action))

    assert (place.file.rpartition("/")[2], place.line) == ("a.sql", 3)


def test_if_migrate_refuses_the_files_the_location_is_the_access_file(tmp_path: Path) -> None:
    (tmp_path / "objects").mkdir()
    (tmp_path / "objects" / "stray.sql").write_text("select 1;")
    access = tmp_path / "access.yaml"
    access.write_text(_with_absolute_paths())
    assert SourceIndex(load(access)).place_of(finding(name=MESSAGES)).file == "access.yaml"
