"""A schema of 200 tables and 12 identities: limited memory, and about a minute."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest
import yaml

from chatctl.services.audit.access import load
from chatctl.services.audit.run import audit
from tests.support.world import Database

TABLES = 200
PEOPLE = 11
MOST_MEGABYTES = 400

TABLE = """
create table app.t{n} (id uuid primary key default gen_random_uuid(), owner uuid not null, body text);
alter table app.t{n} enable row level security;
create policy own on app.t{n} for all to authenticated
using (owner = (select app.me())) with check (owner = (select app.me()));
create index on app.t{n} (owner);
revoke all on app.t{n} from anon, authenticated;
grant select, delete, insert (id, owner, body), update (body) on app.t{n} to authenticated;
"""
SCHEMA = """
create schema app;
grant usage on schema app to authenticated;
create function app.me() returns uuid language sql stable set search_path = ''
return nullif(current_setting('request.jwt.claims', true)::jsonb ->> 'sub', '')::uuid;
revoke execute on function app.me() from public, anon;
grant execute on function app.me() to authenticated;
"""


@pytest.fixture
def pg_version() -> int:
    """One version is enough: it is about size."""
    return 18


def declared(path: Path) -> Path:
    """An access.yaml for all tables, and its fixture: two rows of each table."""
    owned = "this.owner = actor"
    table = {
        "key": ["id"],
        "select": owned,
        "insert": {
            "values": {"id": "id('new')", "owner": "select actor union select id('p1')", "body": "'x'"},
            "unless": "this.owner is null",
            "allow": owned,
            "oracle": "an id is a client's own to choose, and is no secret",
        },
        "update": {"body": [{"set": "'y'", "allow": owned}]},
        "delete": owned,
    }
    rows = "".join(
        f"insert into app.t{n} values (id('a{n}'), id('p1'), 'a'), (id('b{n}'), id('p2'), 'b');\n"
        for n in range(TABLES)
    )
    (path / "fixture.sql").write_text(rows)
    people = {f"p{n}": {"user": f"p{n}", "says": "somebody"} for n in range(1, PEOPLE + 1)}
    document = {
        "fixture": "fixture.sql",
        "api": {
            "roles": ["anon", "authenticated"], "granted": ["authenticated"], "trusted": ["service_role"],
            "search_path": "app",
        },
        "schemas": {
            "app": "exposed", "public": "platform", "graphql_public": "platform", "auth": "platform",
            "storage": "storage", "realtime": "storage", "extensions": "platform",
        },
        "denials": ["42501"],
        "identities": {**people, "anon": {"role": "anon", "says": "nobody"}},
        "tables": {f"app.t{n}": table for n in range(TABLES)},
        "functions": {
            "app.me()": {
                "allow": "role <> 'anon'", "call": {}, "returns": {"value": "result", "rows": "select actor"},
            }
        },
    }  # fmt: skip
    (path / "access.yaml").write_text(yaml.safe_dump(document))
    return path / "access.yaml"


@pytest.mark.slow
def test_two_hundred_tables_and_twelve_identities_are_audited(
    bare_database: Database, tmp_path: Path
) -> None:
    access = load(declared(tmp_path))
    with bare_database.connect() as conn:
        conn.execute((SCHEMA + "".join(TABLE.format(n=n) for n in range(TABLES))).encode())
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        report = audit(conn, access)
    assert {finding.rule for finding in report.findings} <= {"lint"}
    assert (report.invalid, report.vacuous) == ((), ())
    assert (report.identities, report.tables) == (12, TABLES)
    assert report.probes > 20_000
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024 < MOST_MEGABYTES
