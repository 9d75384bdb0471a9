"""Objects are applied after their dependencies, and reapplied after something dropped them."""

from __future__ import annotations

from typing import Any

import pytest

from chatctl.errors import Invalid
from chatctl.services import migrations
from tests.support.sqlfiles import (
    TABLE,
    SqlFiles,
    function,
    functions,
    may,
    policies,
    policy,
    run,
    states,
    views,
)
from tests.support.world import Database


def test_objects_dropped_by_a_version_are_reapplied(bare_database: Database, files: SqlFiles) -> None:
    files.object("functions/f.sql", function("s.f"))
    files.object("views/v.sql", "create or replace view s.v as select * from public.t;")
    files.object(
        "triggers/t.sql",
        "create or replace trigger quiet before update on public.t "
        "for each row execute function suppress_redundant_updates_trigger();",
    )
    files.object("access/t.sql", policy("p", using="s.f()"))
    with bare_database.connect() as conn:
        run(conn, files)
        files.version(2, "drop view s.v;\ndrop table public.t;\n" + TABLE)

        ran = run(conn, files)

        assert ran.paths == ["20260101000002_step.sql", "v.sql", "t.sql", "t.sql"]
        assert policies(conn) == ["p"]
        assert set(states(conn, files).values()) == {"applied"}


@pytest.mark.parametrize(
    ("arguments", "returns"),
    [("a int", "int"), ("a int, b int default 1", "boolean"), ("a bigint", "boolean")],
)
def test_objects_dropped_by_a_cascade_in_one_file_are_reapplied_from_the_others(
    bare_database: Database, files: SqlFiles, arguments: str, returns: str
) -> None:
    files.object("functions/f.sql", function("s.f", "a int"))
    files.object("views/v.sql", "create or replace view s.v as select s.f(1) as x;")
    files.object("access/t.sql", policy("p", using="s.f(a)::text <> 'x'"))
    with bare_database.connect() as conn:
        run(conn, files)
        changed = function(
            "s.f",
            arguments,
            body=f"select 1::{returns}" if returns == "int" else "select true",
            returns=returns,
        )
        files.object("functions/f.sql", f"drop function if exists s.f(int) cascade;\n{changed}")

        run(conn, files)

        assert len(functions(conn)) == 1
        assert (policies(conn), views(conn)) == (["p"], ["v"])
        assert set(states(conn, files).values()) == {"applied"}


def test_privileges_removed_by_a_version_are_granted_again(bare_database: Database, files: SqlFiles) -> None:
    files.object(
        "access/t.sql",
        "revoke all on public.t from anon, authenticated;\ngrant select on public.t to authenticated;",
    )
    with bare_database.connect() as conn:
        run(conn, files)
        assert not may(conn, "insert")
        # The default privileges of Supabase grant access to the new table to everybody.
        files.version(2, "drop table public.t;\n" + TABLE)

        run(conn, files)

        assert may(conn, "select")
        assert not may(conn, "insert")


def test_objects_dropped_by_hand_are_detected_and_reapplied(bare_database: Database, files: SqlFiles) -> None:
    files.object("access/t.sql", policy("p"))
    files.object("views/v.sql", "create or replace view s.v as select 1 as a;")
    with bare_database.connect() as conn:
        run(conn, files)
        conn.execute("drop policy p on public.t")

        assert states(conn, files) == {
            "20260101000001_step.sql": "applied",
            "v.sql": "applied",
            "t.sql": "lost",
        }
        assert run(conn, files).paths == ["t.sql"]
        assert policies(conn) == ["p"]
        assert run(conn, files, reapply=True).paths == ["v.sql", "t.sql"]


@pytest.mark.parametrize("name", ["s.f", "f"])
@pytest.mark.parametrize(
    ("language", "body", "reason"),
    [
        ("sql", "select a from missing", r'relation "missing" does not exist \[42P01\]'),
        ("sql", "select absent from public.t", r'column "absent" does not exist \[42703\]'),
        ("plpgsql", "begin retrun 1; end", r'syntax error at or near "retrun" \[42601\]'),
    ],
)
def test_a_body_that_names_a_missing_object_is_refused_with_its_file(
    bare_database: Database, files: SqlFiles, name: str, language: str, body: str, reason: str
) -> None:
    files.object("functions/e.sql", function("s.e"))
    files.object("functions/f.sql", f"create function {name}() returns int language {language} as '{body}';")
    with bare_database.connect() as conn:
        with pytest.raises(Invalid, match=rf"^sql/objects/functions/f\.sql: {reason}"):
            run(conn, files)
        assert functions(conn) == []


def test_names_without_schema_resolve_in_any_order(bare_database: Database, files: SqlFiles) -> None:
    files.object("functions/a.sql", function("calls_c", body="select c()") + function("public.b"))
    files.object(
        "functions/z.sql", "create or replace function c() returns boolean language sql as 'select b()';"
    )
    files.object("views/a.sql", "create or replace view public.a as select * from z;")
    files.object("views/m.sql", "create or replace view public.m as select * from a;")
    files.object("views/z.sql", "create or replace view public.z as select 1 as x;")
    with bare_database.connect() as conn:
        run(conn, files)
        assert sorted(views(conn)) == ["a", "m", "z"]

        # A column that one file needs and another adds.
        files.object("views/z.sql", "create or replace view public.z as select 1 as x, 2 as y;")
        files.object("views/a.sql", "create or replace view public.a as select x, y from z;")
        run(conn, files)

        assert set(states(conn, files).values()) == {"applied"}


def test_objects_that_need_an_undefined_object_are_refused_with_file_and_line(
    bare_database: Database, files: SqlFiles
) -> None:
    files.object("views/a.sql", "-- why\n\ncreate view public.a as\nselect * from b;")
    files.object("views/b.sql", "create view public.b as select * from a;")
    with bare_database.connect() as conn:
        with pytest.raises(
            Invalid, match=r'^sql/objects/views/a\.sql:4: relation "b" does not exist \[42P01\]'
        ):
            run(conn, files)
        assert views(conn) == []


def test_no_reader_sees_a_table_without_its_policy_during_a_reapply(
    bare_database: Database, files: SqlFiles
) -> None:
    files.object("access/t.sql", policy("p") + policy("q"))
    files.object("views/v.sql", "create or replace view s.v as select 1 as a;")
    observed: list[list[Any]] = []
    with bare_database.connect() as conn, bare_database.connect() as reader:
        run(conn, files)
        files.object("access/t.sql", policy("p") + policy("r"))
        files.remove("views/v.sql")

        def look(_: object) -> None:
            assert conn.info.transaction_status.name == "INTRANS"
            observed.append([*policies(reader), *views(reader)])

        migrations.migrate(conn, directory=files.directory, on=migrations.Callbacks(step=look))

        assert observed == [["p", "q", "v"]] * 3
        assert policies(reader) == ["p", "r"]
        assert views(reader) == []
