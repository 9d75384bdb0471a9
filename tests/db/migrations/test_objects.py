"""Objects follow their files: an object that its file no longer defines is named and dropped."""

from __future__ import annotations

import pytest

from chatctl.errors import Invalid
from tests.support.sqlfiles import (
    TABLE,
    SqlFiles,
    function,
    functions,
    may,
    names,
    policies,
    policy,
    run,
    states,
    views,
)
from tests.support.world import Database


def test_everything_defined_by_a_deleted_file_is_named_and_dropped(
    bare_database: Database, files: SqlFiles
) -> None:
    files.version(2, "revoke all on public.t from anon, authenticated;")
    files.object("functions/f.sql", function("s.f", "a int default 1"))
    files.object(
        "triggers/t.sql",
        "create or replace function s.noop() returns trigger language plpgsql as 'begin return new; end';\n"
        "create or replace trigger noop before insert on public.t for each row execute function s.noop();\n",
    )
    files.object("views/v.sql", "create or replace view s.v as select s.f(1) as a;\n")
    files.object(
        "access/t.sql",
        policy('"of one, with a comma"', using="s.f(a)") + "grant select on public.t to authenticated;",
    )
    with bare_database.connect() as conn:
        run(conn, files)
        assert may(conn, "select")
        for path in ("functions/f.sql", "triggers/t.sql", "views/v.sql", "access/t.sql"):
            files.remove(path)
        assert {state for name, state in states(conn, files).items() if "step" not in name} == {"gone"}

        ran = run(conn, files)

        assert sorted(ran.drops) == [
            "drop function if exists s.f(a int)",
            "drop function if exists s.noop()",
            'drop policy if exists "of one, with a comma" on public.t',
            "drop trigger if exists noop on public.t",
            "drop view if exists s.v",
            "revoke select on public.t from authenticated",
        ]
        assert all(it.removed for it in ran.plans[0].obsolete)
        assert sorted(ran.paths) == ["-f.sql", "-t.sql", "-t.sql", "-v.sql"]
        assert functions(conn) == policies(conn) == views(conn) == []
        assert not may(conn, "select")
        assert run(conn, files).steps == []


def test_a_dry_run_names_objects_to_drop_and_drops_nothing(bare_database: Database, files: SqlFiles) -> None:
    files.object("access/t.sql", policy("p"))
    with bare_database.connect() as conn:
        run(conn, files)
        files.remove("access/t.sql")

        assert run(conn, files, dry_run=True).drops == ["drop policy if exists p on public.t"]
        assert policies(conn) == ["p"]
        assert states(conn, files)["t.sql"] == "gone"


@pytest.mark.parametrize("to", ["functions/renamed.sql", "triggers/f.sql", "functions/other.sql"])
def test_an_object_moved_to_another_file_is_not_dropped(
    bare_database: Database, files: SqlFiles, to: str
) -> None:
    files.object("functions/f.sql", function("s.f"))
    files.object("functions/other.sql", function("s.other"))
    with bare_database.connect() as conn:
        run(conn, files)
        oids = names(conn, "select oid from pg_proc where proname = 'f'")
        files.remove("functions/f.sql")
        files.object(to, (function("s.other") if to.endswith("other.sql") else "") + function("s.f"))

        ran = run(conn, files)

        assert ran.drops == []
        assert [it.moved for it in ran.plans[0].obsolete] == [True]
        assert names(conn, "select oid from pg_proc where proname = 'f'") == oids
        assert set(states(conn, files).values()) == {"applied"}


@pytest.mark.parametrize(
    ("before", "after", "left"),
    [
        ("s.f(a int)", "s.f(a bigint)", ["s.f(bigint)"]),
        ("s.f(a int)", "s.f(a int, b int default 1)", ["s.f(integer,integer)"]),
        ("f(a int)", "f(a text)", ["f(text)"]),
        ('s."f"(a int)', 's."f"(a text)', ["s.f(text)"]),
        ('s."F (x"(a int)', 's."F (x"(a text)', ['s."F (x"(text)']),
        ("s.f(a int default 1, b text default 'x, y)')", "s.f(b text)", ["s.f(text)"]),
        ('s.f("default" int, b numeric(10, 2) = 1)', "s.f()", ["s.f()"]),
        ("s.f(a timestamptz)", "s.f(a timestamp with time zone)", ["s.f(timestamp with time zone)"]),
        ("s.f(a int[])", "S.F(a pg_catalog.int4[])", ["s.f(integer[])"]),
        ("public.f(a int)", "f(a integer)", ["f(integer)"]),
    ],
)
def test_a_changed_signature_leaves_no_old_function_behind(
    bare_database: Database, files: SqlFiles, before: str, after: str, left: list[str]
) -> None:
    def define(head: str) -> str:
        return f"create or replace function {head} returns boolean language sql as 'select true';\n"

    with bare_database.connect() as conn:
        files.object("functions/f.sql", define(before))
        run(conn, files)
        files.object("functions/f.sql", define(after))

        run(conn, files)

        assert functions(conn) == left
        assert set(states(conn, files).values()) == {"applied"}


def test_overloads_are_distinguished_however_their_types_are_spelled(
    bare_database: Database, files: SqlFiles
) -> None:
    with bare_database.connect() as conn:
        conn.execute(
            "create schema s; create function s.f(text) returns int language sql as 'select 1'"
        )  # defined in no file
        files.version(1, TABLE)
        files.object("functions/f.sql", function("s.f", "b int") + function("s.f", "a timestamptz"))
        run(conn, files)
        files.object(
            "functions/f.sql", function("s.f", "b bigint") + function("s.f", "a timestamp with time zone")
        )

        run(conn, files)

        assert functions(conn) == ["s.f(bigint)", "s.f(text)", "s.f(timestamp with time zone)"]


def test_a_parameter_is_renamed(bare_database: Database, files: SqlFiles) -> None:
    """`create or replace` alone cannot do that."""
    with bare_database.connect() as conn:
        files.object("functions/f.sql", function("s.f", "a int"))
        run(conn, files)
        files.object("functions/f.sql", function("s.f", "b int"))
        run(conn, files)

        assert functions(conn) == ["s.f(integer)"]


def test_an_object_that_becomes_another_kind_is_kept(bare_database: Database, files: SqlFiles) -> None:
    files.object("views/v.sql", "create or replace view public.v as select 1 as a;")
    files.object("views/w.sql", "create or replace view public.w as select 1 as a;")
    files.object("functions/f.sql", function("s.f"))
    with bare_database.connect() as conn:
        run(conn, files)
        files.version(
            2,
            "drop view public.v;\ncreate table public.v (id int);\n"
            "alter table public.v enable row level security;",
        )
        files.remove("views/v.sql")
        files.object(
            "views/w.sql",
            "drop view if exists public.w;\ncreate materialized view public.w as select 1 as a;",
        )
        files.object(
            "functions/f.sql",
            "drop routine if exists s.f();\ncreate procedure s.f() language sql as 'select 1';",
        )

        run(conn, files)

        assert names(
            conn, "select relkind::text from pg_class where relname in ('v', 'w') order by relname"
        ) == ["r", "m"]
        assert names(conn, "select prokind::text from pg_proc where proname = 'f'") == ["p"]


@pytest.mark.parametrize(
    ("removed", "stays"),
    [
        ("select on public.t", "select on public.t"),
        ("select on table public.t", "select on public.t"),
        ("select on all tables in schema public", "select on public.t"),
        ("select on public.t", "select on table PUBLIC.T"),
        ("select, insert on t", "select (id) on public.t"),
    ],
)
def test_a_removed_grant_is_revoked_and_grants_of_another_file_stay(
    bare_database: Database, files: SqlFiles, removed: str, stays: str
) -> None:
    files.version(2, "revoke all on public.t from anon, authenticated;")
    files.object(
        "access/gone.sql", f"grant {removed} to authenticated;\ngrant update on public.t to authenticated;"
    )
    files.object("access/stays.sql", f"grant {stays} to authenticated;")
    with bare_database.connect() as conn:
        run(conn, files)
        assert may(conn, "update")
        files.remove("access/gone.sql")

        run(conn, files)

        assert names(conn, "select has_column_privilege('authenticated', 'public.t', 'id', 'select')") == [
            True
        ]
        assert not may(conn, "update")
        assert not may(conn, "insert")


def test_a_narrowed_grant_revokes_only_the_difference(bare_database: Database, files: SqlFiles) -> None:
    files.version(2, "revoke all on public.t from anon, authenticated;")
    files.object("access/t.sql", "grant select, insert on public.t to authenticated;")
    with bare_database.connect() as conn:
        run(conn, files)
        files.object("access/t.sql", "grant select (id) on public.t to authenticated;")

        run(conn, files)

        assert names(
            conn,
            "select has_column_privilege('authenticated', 'public.t', c, 'select') "
            "from unnest(array['id', 'a']) as c",
        ) == [True, False]
        assert not may(conn, "insert")


@pytest.mark.parametrize(
    ("before", "after", "left"),
    [("p", "q", ["q"]), ('"p"', "p", ["p"]), ("p", '"p"', ["p"]), ("P", "p", ["p"]), ("p", '"P"', ["P"])],
)
def test_a_renamed_policy_keeps_the_new_one(
    bare_database: Database, files: SqlFiles, before: str, after: str, left: list[str]
) -> None:
    with bare_database.connect() as conn:
        files.object("access/t.sql", policy(before))
        run(conn, files)
        files.object("access/t.sql", policy(after, on="t"))

        run(conn, files)

        assert policies(conn) == left
        assert set(states(conn, files).values()) == {"applied"}


def test_a_name_truncated_by_postgresql_is_the_same_name(bare_database: Database, files: SqlFiles) -> None:
    name = '"those who take part in a conversation may read all of the messages in it"'
    files.object("access/t.sql", policy(name))
    with bare_database.connect() as conn:
        run(conn, files)

        assert set(states(conn, files).values()) == {"applied"}
        files.version(2, "select 1;")
        assert run(conn, files).paths == ["20260101000002_step.sql"]


def test_an_object_with_dependents_is_not_dropped_and_neither_is_anything_else(
    bare_database: Database, files: SqlFiles
) -> None:
    files.object("functions/f.sql", function("s.f", "a int"))
    files.object("functions/g.sql", function("s.g"))
    files.object("access/t.sql", policy("p", using="s.f(a)"))
    with bare_database.connect() as conn:
        run(conn, files)
        files.remove("functions/f.sql")
        files.remove("functions/g.sql")
        files.version(2, "create table public.never ();")

        with pytest.raises(
            Invalid, match=r"access/t\.sql:2: function s\.f\(integer\) does not exist"
        ) as refused:
            run(conn, files)

        assert "create policy p on public.t" in str(refused.value.hint)
        assert functions(conn) == ["s.f(integer)", "s.g()"]
        assert names(conn, "select to_regclass('public.never')") == [None]
        assert policies(conn) == ["p"]


@pytest.mark.parametrize("after", ["a bigint", "a int, b int default 1"])
@pytest.mark.parametrize("reapply", [False, True])
def test_a_function_changes_its_signature_under_a_policy_of_another_file(
    bare_database: Database, files: SqlFiles, after: str, *, reapply: bool
) -> None:
    files.object("functions/f.sql", function("s.f", "a int"))
    files.object("access/t.sql", policy("p", using="s.f(a)"))
    with bare_database.connect() as conn:
        run(conn, files)
        files.object("functions/f.sql", function("s.f", after))

        run(conn, files, reapply=reapply)

        assert len(functions(conn)) == 1
        assert policies(conn) == ["p"]


def test_dependents_are_dropped_before_what_they_need(bare_database: Database, files: SqlFiles) -> None:
    # The order by name, by path and by time of application is the opposite.
    files.object("views/a.sql", "create or replace view s.a as select 1 as x;")
    files.object("views/b.sql", "create or replace view s.b as select * from s.a;")
    files.object("views/c.sql", "create or replace view s.c as select * from s.b;")
    with bare_database.connect() as conn:
        run(conn, files)
        files.object("views/a.sql", "create or replace view s.a as select 1 as x; -- applied last")
        run(conn, files)
        for name in "abc":
            files.remove(f"views/{name}.sql")

        run(conn, files)

        assert views(conn) == []


def test_the_drop_statement_given_in_the_file_is_run(bare_database: Database, files: SqlFiles) -> None:
    files.object(
        "realtime/p.sql",
        "-- chatctl:drop alter publication supabase_realtime drop table public.t;\n"
        "do $$ begin alter publication supabase_realtime add table public.t; end $$;\n",
    )
    published = "select tablename from pg_publication_tables where pubname = 'supabase_realtime'"
    with bare_database.connect() as conn:
        run(conn, files)
        assert names(conn, published) == ["t"]
        files.remove("realtime/p.sql")

        assert run(conn, files).drops == ["alter publication supabase_realtime drop table public.t"]
        assert names(conn, published) == []


def test_changing_the_drop_comment_drops_nothing(bare_database: Database, files: SqlFiles) -> None:
    text = "-- chatctl:drop drop table if exists {}\ncreate table if not exists public.kept (a int);\n"
    files.object("storage/kept.sql", text.format("kept"))
    with bare_database.connect() as conn:
        run(conn, files)
        conn.execute("insert into public.kept values (1)")
        files.object("storage/kept.sql", text.format("public.kept"))

        run(conn, files)

        assert names(conn, "select a from public.kept") == [1]


def test_a_drop_statement_that_postgresql_refuses_is_shown(bare_database: Database, files: SqlFiles) -> None:
    files.object("storage/x.sql", "-- chatctl:drop drop tabel x\nselect 1;\n")
    files.object("access/t.sql", "grant select on public.t to authenticated with grant option;")
    with bare_database.connect() as conn:
        run(conn, files)
        files.remove("storage/x.sql")
        with pytest.raises(
            Invalid, match=r'cannot run: drop tabel x: syntax error at or near "tabel" \[42601\]'
        ):
            run(conn, files)

        files.object("storage/x.sql", "-- chatctl:drop drop tabel x\nselect 1;\n")
        files.remove("access/t.sql")
        conn.execute("set role authenticated; grant select on public.t to anon; reset role")
        with pytest.raises(Invalid, match=r"cannot run: revoke .*: dependent privileges exist"):
            run(conn, files)


def test_objects_that_cannot_be_dropped_stay_and_are_named(bare_database: Database, files: SqlFiles) -> None:
    files.object("storage/row.sql", "create table if not exists public.kept (a int);")
    with bare_database.connect() as conn:
        run(conn, files)
        files.remove("storage/row.sql")

        ran = run(conn, files)

        (it,) = ran.plans[0].obsolete
        assert (it.path, it.drops, it.removed, it.moved) == ("objects/storage/row.sql", [], True, False)
        assert names(conn, "select to_regclass('public.kept')::text") == ["kept"]
        assert run(conn, files).steps == []
