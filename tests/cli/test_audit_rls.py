"""``chatctl audit-rls`` as people and CI use it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from chatctl.cli.app import run
from chatctl.services.audit.formats import FILES, ReportFormat
from tests.support.world import Database

TABLE = "public.organizations"


@pytest.fixture
def audit_leaking_database(database: Database) -> Callable[..., int]:
    """Audit one table that everybody can read."""
    with database.connect() as conn:
        conn.execute("create policy open on organizations for select to authenticated using (true)")
    return lambda *more: run(["audit-rls", "--only", TABLE, "--db-url", database.url, *more])


def test_a_clean_audit_is_one_line_and_exit_0(database: Database, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["audit-rls", "--only", TABLE, "--db-url", database.url]) == 0
    output = capsys.readouterr()
    assert output.out.startswith("0 findings, 0 invalid, 0 vacuous")
    assert output.out.count("\n") == 1
    assert "all rolled back" in output.err


def test_a_finding_is_exit_7_with_sql_to_paste(
    database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    with database.connect() as conn:
        conn.execute("create policy open on organizations for select to authenticated using (true)")
    assert run(["audit-rls", "--only", TABLE, "--db-url", database.url, "-o", "json"]) == 7
    document = json.loads(capsys.readouterr().out)
    (leak,) = (each for each in document["findings"] if each["id"] == f"leak:{TABLE}:select")
    assert "nobody" in leak["identities"]
    assert leak["sql"].startswith("begin;")
    assert leak["sql"].endswith("rollback;")


def test_a_probe_that_proves_nothing_is_exit_9(
    database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    with database.connect() as conn:
        conn.execute(
            "create policy broken on organizations for select to authenticated "
            "using (id = (select private.current_user_id()) or 1 / (length(id::text) - 36) = 1)"
        )
    code = run(["audit-rls", "--only", TABLE, "--db-url", database.url])
    assert code == 9
    assert "INVALID" in capsys.readouterr().out


def test_a_target_that_is_not_local_needs_yes(capsys: pytest.CaptureFixture[str]) -> None:
    code = run(["audit-rls", "--db-url", "postgresql://postgres@db.example.test/postgres"])
    assert code != 0
    assert "example.test" in capsys.readouterr().err


def test_an_invalid_access_file_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["audit-rls", "--access", "nowhere.yaml"]) == 3
    assert "nowhere.yaml" in capsys.readouterr().err


def test_a_directory_gets_a_file_of_every_format(
    audit_leaking_database: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert audit_leaking_database("--report", str(tmp_path / "new" / "reports")) == 7
    assert {file.name for file in (tmp_path / "new" / "reports").iterdir()} == set(FILES.values())
    output = capsys.readouterr()
    assert output.out.startswith("LEAK ")
    assert "audit.sarif" in output.err


def test_a_format_without_a_file_name_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["audit-rls", "--format", "html=", "--db-url", "postgresql://postgres@127.0.0.1:1/x"]) == 2
    assert "the name of a file is missing after =" in capsys.readouterr().err


def test_one_format_goes_to_its_file_and_another_to_stdout(
    audit_leaking_database: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "a=b.xml"
    assert audit_leaking_database("--format", f"junit={file}", "--format", "sarif") == 7
    assert json.loads(capsys.readouterr().out)["version"] == "2.1.0"
    cases = ET.parse(file).findall("testsuite/testcase")  # noqa: S314 - ours
    assert [case.find("failure") is not None for case in cases].count(True) > 0


def test_github_gets_annotations_and_the_step_summary(
    audit_leaking_database: Callable[..., int],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    (tmp_path / "summary.md").write_text("before\n")
    assert audit_leaking_database("--format", "github") == 7
    assert "::error file=sql/objects/access/organizations.sql,line=" in capsys.readouterr().out
    summary = (tmp_path / "summary.md").read_text()
    assert summary.startswith("before\n## ")
    assert TABLE in summary


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--format", "pdf"], "--format pdf is unknown; choose one of text, json"),
        (["--format", "html=nowhere/a.html"], "nowhere is not a directory"),
        (["--format", "html", "--format", "sarif"], "html and sarif both write to stdout"),
        (["--format", "json", "-o", "json"], "both write to stdout"),
        (["--baseline", "new.yaml", "--update-baseline"], "requires --reason and --owner"),
        (["--update-baseline"], "needs --baseline FILE"),
        (["--reason", "x"], "require --update-baseline"),
        (["--explain", "sender:select"], "identity:object:command"),
        (["--baseline", "b.yaml", "--update-baseline", "--expires", "soon"], "--expires soon"),
        (["--baseline", "b.yaml", "--update-baseline", "--expires", "2001-01-01"], "is in the past"),
    ],
)
def test_a_wrong_option_is_exit_2_before_anything_runs(
    capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert run(["audit-rls", "--db-url", "postgresql://postgres@127.0.0.1:1/none", *arguments]) == 2
    assert message in capsys.readouterr().err


def test_accepted_findings_are_exit_0_until_they_are_fixed(
    audit_leaking_database: Callable[..., int],
    database: Database,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    baseline = tmp_path / "accepted.yaml"
    update = ("--baseline", str(baseline), "--update-baseline")
    assert audit_leaking_database(*update) == 2
    assert "--reason and --owner" in capsys.readouterr().err
    assert not baseline.exists()
    assert audit_leaking_database(*update, "--reason", "until #12", "--owner", "ann") == 0
    until = datetime.now(UTC).date() + timedelta(days=90)
    assert f"expires: {until}" in baseline.read_text()
    capsys.readouterr()

    assert audit_leaking_database("--baseline", str(baseline)) == 0
    output = capsys.readouterr().out
    assert output.startswith(f"0 findings, 0 invalid, 0 vacuous, 7 accepted until {until}: ")

    with database.connect() as conn:
        conn.execute("drop policy open on organizations")
    assert audit_leaking_database("--baseline", str(baseline)) == 7
    assert "no longer found" in capsys.readouterr().out
    assert audit_leaking_database(*update) == 0
    assert baseline.read_text().endswith("[]\n")


def test_output_json_is_the_json_report(
    audit_leaking_database: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    audit_leaking_database("--format", ReportFormat.json)
    report = json.loads(capsys.readouterr().out)
    audit_leaking_database("-o", "json")
    output = json.loads(capsys.readouterr().out)
    assert output == report
    assert {cell["object"] for cell in output["cells"]} == {TABLE}
    assert output["verdict"] == "findings"


def test_ids_and_csv_have_a_line_for_each_finding(
    audit_leaking_database: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    audit_leaking_database("-o", "json")
    findings = json.loads(capsys.readouterr().out)["findings"]
    audit_leaking_database("-o", "id")
    assert capsys.readouterr().out.splitlines() == [each["id"] for each in findings]
    audit_leaking_database("-o", "csv")
    header, *rows = csv.reader(io.StringIO(capsys.readouterr().out))
    assert header == ["id", "rule", "object", "action", "message", "sql", "identities", "probes"]
    assert [row[0] for row in rows] == [each["id"] for each in findings]
