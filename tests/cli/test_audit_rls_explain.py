"""``chatctl audit-rls --explain``: what decides one cell."""

from __future__ import annotations

import json

import pytest

from chatctl.cli.app import run
from tests.support.world import Database

TABLE = "public.organizations"
SEND = "public.send_message(uuid, text, jsonb)"


@pytest.mark.parametrize(
    ("cell", "explanation"),
    [
        (f"both:{TABLE}:select", "ALLOWED"),
        (f"nobody:{TABLE}:select", "no row that a policy allows"),
        (f"nobody:{TABLE}:delete", "a missing privilege"),
        (f"sender:{SEND}:execute", "insert public.messages"),
    ],
)
def test_a_cell_is_explained(
    database: Database, capsys: pytest.CaptureFixture[str], cell: str, explanation: str
) -> None:
    assert run(["audit-rls", "--explain", cell, "--db-url", database.url]) == 0
    assert explanation in capsys.readouterr().out


def test_explain_names_the_deciding_policy_and_the_result_without_it(
    database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        run(["audit-rls", "--explain", f"both:{TABLE}:select", "--db-url", database.url, "-o", "json"]) == 0
    )
    explained = json.loads(capsys.readouterr().out)
    assert [policy["without"] for policy in explained["policies"]] == [0]
    assert explained["through"] > 0
    assert explained["policies"][0]["place"]["file"] == "sql/objects/access/organizations.sql"


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["sender:select"], 2, "identity:object:command"),
        ([f"sender:{TABLE}:read"], 2, "read is not one of select"),
        ([f"sendr:{TABLE}:select"], 3, "did you mean sender?"),
        ([f"sender:{TABLE}:select", "--mutate"], 2, "cannot be combined"),
    ],
)
def test_an_invalid_cell_is_refused_with_the_reason(
    database: Database, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, message: str
) -> None:
    assert run(["audit-rls", "--db-url", database.url, "--explain", *arguments]) == code
    assert message in capsys.readouterr().err
