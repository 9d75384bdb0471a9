"""``chatctl audit-rls`` as people and CI run it."""

from __future__ import annotations

import json

import pytest

from chatctl.cli.app import run
from tests.world import Database

TABLE = "public.organizations"


def test_clean_is_one_line_and_exit_0(database: Database, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["audit-rls", "--only", TABLE, "--db-url", database.url]) == 0
    said = capsys.readouterr()
    assert said.out.startswith("0 findings, 0 invalid, 0 vacuous")
    assert said.out.count("\n") == 1
    assert "all rolled back" in said.err


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
            "create policy broken on organizations for select to authenticated using (1 / length('') = 1)"
        )
    code = run(["audit-rls", "--only", TABLE, "--db-url", database.url])
    assert code == 9
    assert "INVALID" in capsys.readouterr().out


def test_a_target_that_is_not_local_needs_yes(capsys: pytest.CaptureFixture[str]) -> None:
    code = run(["audit-rls", "--db-url", "postgresql://postgres@db.example.test/postgres"])
    assert code != 0
    assert "example.test" in capsys.readouterr().err


def test_a_wrong_file_is_exit_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["audit-rls", "--access", "nowhere.yaml"]) == 2
    assert "nowhere.yaml" in capsys.readouterr().err
