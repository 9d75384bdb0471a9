"""``chatctl operator`` as the owner of a project runs it."""

from __future__ import annotations

import json

import pytest

from chatctl.cli.app import run
from tests.support.operator_roles import login_role
from tests.support.world import Database


def operator(database: Database, *arguments: str) -> int:
    return run(["operator", *arguments, "--db-url", database.url])


def test_a_role_is_granted_listed_and_revoked(database: Database, capsys: pytest.CaptureFixture[str]) -> None:
    with login_role(database, "ann o'brien ") as role:
        assert operator(database, "grant", role, "--reason", "on call", "-y") == 0
        assert capsys.readouterr().out == "operator.grant: 1 done, action 1\n"
        assert operator(database, "list", "-o", "json") == 0
        assert json.loads(capsys.readouterr().out) == [
            {"name": role, "can_log_in": True, "missing": [], "surplus": []}
        ]
        assert run(["hold", "list", "-q", "--db-url", database.server.url_for(role, database.name)]) == 0
        capsys.readouterr()
        assert operator(database, "grant", role, "--reason", "on call", "-y", "-o", "json") == 0
        assert json.loads(capsys.readouterr().out)["noop"] == 1
        assert operator(database, "revoke", role, "--reason", "left", "-y") == 0
        assert run(["hold", "list", "-q", "--db-url", database.server.url_for(role, database.name)]) == 4
        capsys.readouterr()
        assert operator(database, "list", "-o", "json") == 0
        output = capsys.readouterr()
        assert json.loads(output.out) == []
        assert "no role can act as an operator" in output.err


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("grant", "anon", "--reason", "x", "-y"), 4),
        (("grant", "authenticator", "--reason", "x", "-y"), 4),
        (("grant", "postgres", "--reason", "x", "-y"), 4),
        (("grant", "nobody", "--reason", "x", "-y"), 3),
        (("revoke", "nobody", "--reason", "x", "-y"), 3),
        (("grant", "", "--reason", "x", "-y"), 2),
        (("grant", "nobody", "--reason", " ", "-y"), 2),
        (("grant", "nobody"), 2),
        (("list", "someone"), 2),
    ],
)
def test_what_is_refused(
    database: Database, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], code: int
) -> None:
    assert operator(database, *arguments) == code
    assert capsys.readouterr().out == ""


def test_the_audit_of_the_access_rules_stays_clean(
    database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    with login_role(database) as role:
        assert operator(database, "grant", role, "--reason", "on call", "-y") == 0
        assert run(["audit-rls", "--only", "public.organizations", "--db-url", database.url]) == 0
