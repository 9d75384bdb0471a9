"""``chatctl migrate drift`` as people and CI use it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chatctl.cli.app import run
from tests.support.world import Database

HOLES = """
alter table messages disable row level security;
create policy open on storage.objects for select to anon using (true);
drop index messages_page;
"""


@pytest.fixture
def drifted(database: Database) -> Database:
    with database.connect() as conn:
        conn.execute(HOLES.encode())
    return database


def test_no_drift_is_one_line_and_exit_0(database: Database, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["migrate", "drift", "--db-url", database.url]) == 0

    output = capsys.readouterr()
    assert output.out == "no drift: the database matches sql/\n"
    assert "applying sql/ to an embedded PostgreSQL 18" in output.err


def test_drift_is_exit_7_and_readable(drifted: Database, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["migrate", "drift", "--db-url", drifted.url, "-o", "table"]) == 7

    output = capsys.readouterr()
    head, table, index, policy = output.out.split("\n\n")
    assert [line.split()[:2] for line in head.splitlines()] == [
        ["STATE", "KIND"], ["changed", "table"], ["missing", "index"], ["extra", "policy"],
    ]  # fmt: skip
    assert table.splitlines()[0] == "changed table public.messages"
    assert "  -row-level security: on\n  +row-level security: off\n" in table
    assert index.splitlines()[1].startswith("  -CREATE INDEX messages_page ON public.messages")
    assert policy.splitlines()[1:] == ["  +permissive for select", "  +to anon", "  +using (true)"]
    assert "3 differences" in output.err
    assert "chatctl migrate status" in output.err
    assert "chatctl migrate new NAME" in output.err


def test_the_json_output_is_one_complete_document(
    drifted: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["migrate", "drift", "--db-url", drifted.url, "-o", "json", "-q"]) == 7

    output = capsys.readouterr()
    assert output.err == ""
    document = json.loads(output.out)
    assert (document["postgresql"], document["replayed_on"]) == (18, 18)
    policy = document["differences"][2]
    assert policy.pop("diff").startswith("--- sql/\n+++ database\n")
    assert policy == {
        "kind": "policy",
        "name": "open on storage.objects",
        "state": "extra",
        "want": None,
        "have": "permissive for select\nto anon\nusing (true)",
    }


def test_drift_in_objects_is_repaired_by_reapplying_them(
    database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    with database.connect() as conn:
        conn.execute("alter function private.is_trusted() volatile")

    assert run(["migrate", "drift", "--db-url", database.url, "-o", "id"]) == 7

    output = capsys.readouterr()
    assert output.out == "private.is_trusted()\n"
    assert "chatctl migrate --reapply" in output.err


def test_a_directory_without_migrations_is_exit_3(
    database: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["migrate", "drift", "--db-url", database.url, "--directory", str(tmp_path)]) == 3
    assert "migrations/" in capsys.readouterr().err


def test_the_help_shows_examples(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["migrate", "drift", "--help"]) == 0
    assert "chatctl migrate drift --target production" in capsys.readouterr().out
