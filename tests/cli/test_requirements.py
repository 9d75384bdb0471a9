"""Databases that a command cannot use: without the backend, and without Supabase."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatctl.cli.app import run
from chatctl.db.connection import connect
from chatctl.db.requirements import require_supabase
from chatctl.errors import Invalid
from chatctl.local.postgres.server import Server
from tests.db.audit.test_transaction import ROWS, RULES
from tests.support import small_audit
from tests.support.platform import empty_database
from tests.support.world import Database

ALL = [
    ["seed"], ["seed", "perf", "--dry-run"], ["seed", "verify"], ["seed", "clean"], ["loadtest"],
    ["audit-rls"], ["audit-rls", "--mutate"], ["audit-rls", "--on-existing-data"],
    ["audit-rls", "--explain", "sender:public.messages:update"],
]  # fmt: skip


@pytest.fixture
def plain_database(server: Server) -> Iterator[Database]:
    with empty_database(server) as database:
        yield database


def failure(
    capsys: pytest.CaptureFixture[str], arguments: list[str], url: str
) -> tuple[int, str, str | None]:
    """The exit code, the message and the hint of a command that fails."""
    code = run([*arguments, "--db-url", url, "-q", "-o", "json"])
    error = json.loads(capsys.readouterr().err)["error"]
    assert error["exit"] == code
    return code, error["message"], error["hint"]


@pytest.mark.parametrize("arguments", ALL, ids=" ".join)
def test_a_database_without_the_backend_is_exit_3(
    bare_database: Database, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert failure(capsys, arguments, bare_database.url) == (
        3,
        "the backend is not installed in this database",
        "run `chatctl migrate` first",
    )


@pytest.mark.parametrize("arguments", [["migrate"], ["migrate", "--dry-run"], *ALL[5:]], ids=" ".join)
def test_a_database_that_is_not_of_supabase_is_exit_2(
    plain_database: Database, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert failure(capsys, arguments, plain_database.url) == (
        2,
        "this is not a Supabase database: schema auth is missing",
        "`chatctl local up` starts one",
    )


def test_everything_that_is_missing_is_named(server: Server, plain_database: Database) -> None:
    with (
        connect(server.url_for("supabase_admin", plain_database.name)) as admin,
        admin.transaction(force_rollback=True),
    ):
        admin.execute("alter role authenticator rename to other")
        with pytest.raises(Invalid, match=r"database: schema auth and role authenticator are missing$"):
            require_supabase(admin)


def test_a_missing_role_of_another_access_yaml_is_exit_2(
    database: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = small_audit.written(tmp_path, RULES, ROWS)
    path.write_text(path.read_text().replace("signs_in: authenticator", "signs_in: gateway"))
    assert failure(capsys, ["audit-rls", "--access", str(path)], database.url) == (
        2,
        "access.yaml: api names roles that do not exist in this database: gateway",
        None,
    )
