"""``chatctl audit-rls``: inconclusive audits, --only and --mutate."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chatctl.cli.app import run
from chatctl.cli.commands.audit_rls import heartbeat
from chatctl.services.audit.trials import batch
from tests.support.world import Database

TABLE = "public.organizations"
SEND = "public.send_message(uuid, text, jsonb)"


def test_infinite_recursion_in_policies_is_exit_9(
    database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    with database.connect() as conn:
        conn.execute(
            """
            create policy loop on conversation_participants for select to authenticated using (
              exists (
                select from conversation_participants mine
                where mine.conversation_id = conversation_participants.conversation_id
                  and mine.user_id = (select private.current_user_id())
              )
            )
            """
        )
    code = run(["audit-rls", "--only", "public.conversation_participants", "--db-url", database.url])
    assert code == 9
    assert "42P17" in capsys.readouterr().out


def test_a_locked_table_is_exit_9_and_named(database: Database, capsys: pytest.CaptureFixture[str]) -> None:
    with database.connect() as holder, holder.transaction():
        holder.execute("lock table organizations in access exclusive mode")
        assert run(["audit-rls", "--db-url", database.url]) == 9
    assert "55P03" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--only", "public.send_message"], 3, f"did you mean {SEND}?"),
        (["--mutate", "--format", "html"], 2, "cannot be combined"),
        (["--mutate", "--on-existing-data"], 2, "cannot be combined with --on-existing-data"),
        (["--sample", "5"], 2, "--sample requires --on-existing-data"),
        (["--sample", "0", "--on-existing-data"], 2, "--sample must be at least 1, not '0'"),
    ],
)
def test_invalid_arguments_are_explained(
    database: Database, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, message: str
) -> None:
    assert run(["audit-rls", "--db-url", database.url, *arguments]) == code
    assert message in capsys.readouterr().err


def test_a_policy_that_never_ends_is_exit_9_and_progress_names_the_probe(
    database: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for limit in ("CALL_SECONDS", "PROBE_SECONDS", "STATEMENT_BUDGET", "AUDIT_BUDGET"):
        monkeypatch.setattr(batch, limit, 1)
    monkeypatch.setattr(heartbeat, "_SECONDS", 0.1)
    with database.connect() as conn:
        conn.execute(
            "create policy endless on organizations for select to authenticated "
            "using (id = (select private.current_user_id()) or 0 = (select count(*) from "
            "generate_series(1, 1000000) a, generate_series(1, 1000000) b where a > length(id::text)))"
        )
    words = ["--only", TABLE, "--only", "nobody", "--only", "select"]
    assert run(["audit-rls", *words, "--db-url", database.url]) == 9
    output = capsys.readouterr()
    assert f"nobody: select of all rows, {TABLE}, " in output.out
    assert f" s: {TABLE}: select" in output.err


def test_the_report_can_be_limited_to_an_identity_and_a_command(
    database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--only", TABLE, "--only", "sender", "--only", "select"]
    assert run(["audit-rls", *words, "--db-url", database.url, "--format", "json"]) == 0
    cells = json.loads(capsys.readouterr().out)["cells"]
    assert {(cell["identity"], cell["object"], cell["command"]) for cell in cells} == {
        ("sender", TABLE, "select")
    }


def test_the_schema_of_the_file_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["audit-rls", "schema"]) == 0
    assert "identities" in json.loads(capsys.readouterr().out)["properties"]


@pytest.mark.parametrize(
    ("flags", "code", "message"),
    [([], 2, "needs --yes"), (["--mutate", "--yes"], 4, "a production database is never mutated")],
)
def test_production_asks_for_confirmation_and_its_rules_are_never_mutated(
    database: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    flags: list[str],
    code: int,
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("chatctl.yaml").write_text(
        f"targets:\n  live:\n    db_url: {database.url}\n    environment: production\n"
    )
    assert run(["audit-rls", "--target", "live", "--only", TABLE, *flags]) == code
    assert message in capsys.readouterr().err


@pytest.mark.slow
def test_broken_rules_of_one_table_are_detected(
    database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["audit-rls", "--mutate", "--only", TABLE, "--db-url", database.url, "-o", "json"]) == 0
    score = json.loads(capsys.readouterr().out)
    assert score["score"] == 1.0
    assert score["counts"]["killed"] > 10


def test_on_an_empty_database_nothing_is_tested(
    database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["audit-rls", "--on-existing-data", "--db-url", database.url]) == 9
    assert "no user of this database was found for an identity of access.yaml" in capsys.readouterr().err
