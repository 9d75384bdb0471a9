"""Supabase Lite on a database with sql/platform, and vice versa."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from psycopg.conninfo import conninfo_to_dict

from chatctl.db.roles import act_as
from chatctl.local.postgres import platform
from chatctl.local.postgres.server import Server
from tests.support.platform import columns, empty_database, value
from tests.support.world import Database

DENO = Path(sys.prefix) / "bin" / "deno"
LITE = "@supabase/lite@0.10.0"
UNREACHABLE = re.compile(
    "error sending request|timed out|dns error|connect|Failed to (?:fetch|load)|proxy", re.I
)

# Runs all SQL of Lite, prints the statements that fail, and signs a user up and in.
BOOTSTRAP = """
import { App, getStorageSchemaSql, splitSqlStatements } from "@supabase/lite";
import { createPostgresConnection } from "@supabase/lite/postgres";

const postgresOptions = { ...JSON.parse(Deno.args[0]), max: 1, onnotice: () => {} };
const connection = createPostgresConnection({ url: "postgresql://localhost/", postgresOptions });
connection.rlsState = "active"; // or Lite grants the API roles everything in every schema with policies
const app = new App({
  connection,
  auth: { enabled: true, jwt_secret: "s".repeat(40) },
  db: { migrations: { enabled: false } }, // or it takes supabase_migrations for its own
});
await app.ensureSystemSchema();

const failed = [];
for (const sql of splitSqlStatements([connection.config.baseSchema, getStorageSchemaSql()].join("\\n"))) {
  await connection.exec(sql).catch((error) => failed.push(`${error.code} ${error.message}`));
}
const post = async (path, body) => {
  const headers = { "Content-Type": "application/json" };
  const request = new Request("http://lite" + path, { method: "POST", headers, body: JSON.stringify(body) });
  return (await app.fetch(request)).status;
};
const ann = { email: "Ann@Example.test", password: "correct horse battery" };
const signedUp = await post("/auth/v1/signup", ann);
const signedIn = await post("/auth/v1/token?grant_type=password", ann);
console.log(JSON.stringify({ failed, signedUp, signedIn }));
await connection.close();
"""


@pytest.fixture(scope="module")
def lite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with Lite installed."""
    if not DENO.exists():
        pytest.skip("the extra `local` with Deno is not installed")
    directory = tmp_path_factory.mktemp("lite")
    (directory / "package.json").write_text('{"type": "module"}')
    (directory / "deno.json").write_text('{"nodeModulesDir": "auto"}')
    (directory / "bootstrap.js").write_text(BOOTSTRAP)
    command = [str(DENO), "install", "--quiet", f"npm:{LITE}", "npm:postgres@^3.4.8"]
    done = subprocess.run(
        command, cwd=directory, env=deno_environment(), capture_output=True, text=True, check=False
    )
    if done.returncode and UNREACHABLE.search(done.stderr):
        pytest.skip(f"npm cannot be reached: {done.stderr.strip().splitlines()[-1]}")
    assert done.returncode == 0, done.stderr
    return directory


def deno_environment() -> dict[str, str]:
    return {**os.environ, "DO_NOT_TRACK": "1", "DENO_NO_UPDATE_CHECK": "1", "NO_COLOR": "1"}


def run_lite(directory: Path, database: Database, role: str) -> dict[str, Any]:
    where = conninfo_to_dict(database.server.url_for(role, database.name))
    options = {"host": where["host"], "port": where["port"], "user": role, "database": database.name}
    command = [str(DENO), "run", "--allow-all", "bootstrap.js", json.dumps(options)]
    done = subprocess.run(
        command, cwd=directory, env=deno_environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return report


def test_lite_as_postgres_runs_on_the_platform_and_changes_nothing(
    lite: Path, bare_database: Database
) -> None:
    before = columns(bare_database)
    report = run_lite(lite, bare_database, "postgres")
    assert (report["signedUp"], report["signedIn"]) == (200, 200)
    # It skips what it may not do: replacing functions, adding indexes of its own.
    assert {failure.split()[0] for failure in report["failed"]} <= {"42501", "42883"}
    assert columns(bare_database) == before
    with bare_database.connect("authenticator") as conn, conn.transaction():
        user = uuid4()
        act_as(conn, "authenticated", {"sub": str(user)})
        assert value(conn, "select auth.uid()") == user


def test_lite_as_superuser_runs_on_the_platform_without_an_error(lite: Path, bare_database: Database) -> None:
    before = columns(bare_database)
    report = run_lite(lite, bare_database, "supabase_admin")
    assert report == {"failed": [], "signedUp": 200, "signedIn": 200}
    assert columns(bare_database) == before


def test_the_platform_completes_a_database_set_up_by_lite(
    lite: Path, server: Server, bare_database: Database
) -> None:
    with empty_database(server) as database:
        assert run_lite(lite, database, "supabase_admin")["failed"] == []
        platform.apply(server.url_for("supabase_admin", database.name))
        by_platform, by_lite = columns(bare_database), columns(database)
        # A generated column keeps its type: character varying there, text here.
        del by_platform["auth.identities", "email"], by_lite["auth.identities", "email"]
        assert by_lite == by_platform
        with database.connect() as conn:
            conn.execute("delete from auth.users")
        report = run_lite(lite, database, "postgres")
        assert (report["signedUp"], report["signedIn"]) == (200, 200)
        with database.connect("authenticator") as conn, conn.transaction():
            user = uuid4()
            act_as(conn, "authenticated", {"sub": str(user)})
            assert value(conn, "select auth.uid()") == user
