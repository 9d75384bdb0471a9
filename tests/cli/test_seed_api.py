"""``chatctl seed`` with the API of a project (the contract server) in addition to its database."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.types.json import Jsonb

from chatctl.services.seed.people import PASSWORD, PASSWORD_HASH
from tests.cli.conftest import Result
from tests.support.contract import SECRET_KEY, Project, Stored
from tests.support.contract_server import serving
from tests.support.world import Database

Chatctl = Callable[..., Result]
TYPES = {
    "image/jpeg", "image/png", "image/gif", "image/webp", "application/pdf", "application/msword",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "application/vnd.ms-excel",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}  # fmt: skip


class Rows(dict[str, dict[str, Any]]):
    """A mapping of the contract server that also stores its values in a table of Auth."""

    def __init__(self, database: Database, table: str, key: str, generated: str) -> None:
        super().__init__()
        self._table, self._key, self._generated = (
            sql.Identifier("auth", table),
            sql.Identifier(key),
            generated,
        )
        self._database = database

    def __setitem__(self, id: str, row: dict[str, Any]) -> None:
        super().__setitem__(id, row)
        stored = {name: value for name, value in row.items() if name != self._generated}
        statement = sql.SQL("insert into {} ({}) values ({})").format(
            self._table,
            sql.SQL(", ").join(map(sql.Identifier, stored)),
            sql.SQL(", ").join(sql.Placeholder() * len(stored)),
        )
        self._execute(statement, [Jsonb(it) if isinstance(it, dict) else it for it in stored.values()])

    def __delitem__(self, id: str) -> None:
        super().__delitem__(id)
        self._execute(sql.SQL("delete from {} where {} = %s").format(self._table, self._key), [id])

    def _execute(self, statement: sql.Composed, values: list[Any]) -> None:
        url = self._database.server.url_for("supabase_admin", self._database.name)
        with psycopg.connect(url, autocommit=True) as conn:
            conn.execute("set role supabase_auth_admin")
            conn.execute(statement, values)


class Objects(dict[str, Stored]):
    """A mapping of the contract server that also stores a row for each object in the database."""

    def __init__(self, database: Database) -> None:
        super().__init__()
        self._database = database

    def __setitem__(self, name: str, stored: Stored) -> None:
        super().__setitem__(name, stored)
        with self._database.connect() as conn:
            conn.execute("insert into storage.objects (bucket_id, name) values ('attachments', %s)", (name,))

    def __delitem__(self, name: str) -> None:
        super().__delitem__(name)
        with self._database.connect() as conn, conn.transaction():
            conn.execute("set local storage.allow_delete_query = 'true'")
            conn.execute("delete from storage.objects where name = %s", (name,))


@pytest.fixture
def project(database: Database) -> Iterator[Project]:
    served = Project(
        passwords={PASSWORD_HASH: PASSWORD},
        buckets={"attachments": TYPES},
        users=Rows(database, "users", "id", "confirmed_at"),
        identities=Rows(database, "identities", "user_id", "email"),
        objects=Objects(database),
    )
    with serving(served) as project:
        yield project


@pytest.fixture
def loader(database: Database) -> Iterator[str]:
    """The URL of a role that may write to the backend's tables but only read those of Auth."""
    with psycopg.connect(database.server.url_for("supabase_admin", database.name), autocommit=True) as admin:
        admin.execute(
            """
            create role loader login bypassrls;
            grant usage on schema public, private, storage, auth to loader;
            grant all on all tables in schema public, private, storage to loader;
            grant select on all tables in schema auth to loader;
            grant execute on all functions in schema private to loader;
            grant set on parameter session_replication_role to loader;
            """
        )
        yield database.server.url_for("loader", database.name)
        admin.execute("drop owned by loader; drop role loader")


@pytest.fixture
def target(project: Project, database: Database, tmp_path: Path) -> str:
    """A target of chatctl.yaml with database, API and key."""
    keys = f"api_url: {project.url}, secret_key: {SECRET_KEY}"
    (tmp_path / "chatctl.yaml").write_text(
        f"targets:\n  all: {{db_url: {json.dumps(database.url)}, {keys}}}\n"
        f"  api: {{{keys}, environment: staging}}\n"
    )
    return "all"


def test_users_created_by_the_api_equal_those_created_by_sql(
    chatctl: Chatctl, project: Project, target: str, database: Database, server: Any
) -> None:
    by_api = chatctl("seed", "--users", "api", "--target", target, "-o", "json")
    chatctl("seed", "clean", "--db-url", database.url)
    by_sql = chatctl("seed", "--users", "sql", "--db-url", database.url, "-o", "json")

    assert by_api.exit_code == by_sql.exit_code == 0, by_api.stderr + by_sql.stderr
    assert "users with the Auth Admin API" in by_api.stderr
    assert project.count("POST /auth/v1/admin/users") == 60
    assert by_api.document["fingerprint"] == by_sql.document["fingerprint"]


def test_every_file_of_a_message_is_uploaded_once(chatctl: Chatctl, project: Project, target: str) -> None:
    first = chatctl("seed", "--target", target, "-o", "json")
    del project.objects[next(iter(project.objects))]
    second = chatctl("seed", "--target", target, "-o", "json")

    assert first.exit_code == second.exit_code == 0, first.stderr
    assert first.document["files"] == len(project.objects) > 50
    assert second.document["files"] == 1
    assert project.users == {}


def test_verify_signs_in_once_per_organization(chatctl: Chatctl, project: Project, target: str) -> None:
    chatctl("seed", "--users", "api", "--target", target)
    well = chatctl("seed", "verify", "--target", target, "-o", "json")
    project.passwords.clear()
    locked = chatctl("seed", "verify", "--target", target, "-o", "json")

    assert well.exit_code == 0, well.stdout
    assert "sign-in" in well.document["worlds"][0]["checks"]
    assert project.count("POST /auth/v1/token") == 6
    assert locked.exit_code == 7
    assert {it["check"] for it in locked.document["worlds"][0]["differences"]} == {"sign-in"}
    assert SECRET_KEY not in well.stderr + well.stdout + locked.stderr + locked.stdout


def test_without_a_database_only_the_users_are_created_and_the_rest_follows_later(
    chatctl: Chatctl, project: Project, target: str
) -> None:
    first_run = chatctl("seed", "--target", "api")
    users = chatctl("seed", "--target", "api", "--yes")
    all_of_it = chatctl("seed", "--users", "api", "--target", target, "-o", "json")

    assert first_run.exit_code == 2
    assert "needs --yes" in first_run.stderr
    assert users.exit_code == 6
    assert "60 users of demo; everything else needs db_url" in users.stderr
    assert all_of_it.exit_code == 0, all_of_it.stderr
    assert project.count("POST /auth/v1/admin/users") == 60


def test_clean_deletes_files_from_the_bucket(chatctl: Chatctl, project: Project, target: str) -> None:
    chatctl("seed", "--target", target)
    project.objects["other/chat/x/1_a.png"] = Stored(b"x", "image/png", "")
    cleaned = chatctl("seed", "clean", "--target", target, "-o", "json")

    assert cleaned.exit_code == 0, cleaned.stderr
    assert list(project.objects) == ["other/chat/x/1_a.png"]


def test_users_of_the_api_are_deleted_by_the_api_if_the_role_may_not(
    chatctl: Chatctl, project: Project, target: str, loader: str, tmp_path: Path, database: Database
) -> None:
    config = tmp_path / "chatctl.yaml"
    config.write_text(config.read_text().replace(json.dumps(database.url), json.dumps(loader)))
    seeded = chatctl("seed", "--target", target, "-o", "json")
    tried = chatctl("seed", "clean", "--dry-run", "--target", target, "-o", "json")
    user_count = len(project.users)
    cleaned = chatctl("seed", "clean", "--target", target, "-o", "json")

    assert seeded.exit_code == tried.exit_code == cleaned.exit_code == 0, seeded.stderr + cleaned.stderr
    assert "users with the Auth Admin API" in seeded.stderr
    assert user_count == 60
    assert (project.users, project.identities, project.objects) == ({}, {}, {})
    assert tried.document["worlds"][0]["removed"] == cleaned.document["worlds"][0]["removed"]
    assert "no world is seeded here" in chatctl("seed", "verify", "--target", target).stdout


def test_a_wrong_key_is_refused_and_nothing_is_seeded(
    chatctl: Chatctl, project: Project, target: str, tmp_path: Path, database: Database
) -> None:
    config = tmp_path / "chatctl.yaml"
    config.write_text(config.read_text().replace(SECRET_KEY, "sb_secret_wrong"))

    refused = chatctl("seed", "--users", "api", "--target", target)

    assert refused.exit_code == 4
    assert "sb_secret_wrong" not in refused.stderr + refused.stdout
    assert chatctl("seed", "verify", "--db-url", database.url).stdout == "no world is seeded here\n"
