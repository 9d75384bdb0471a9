"""Deferred constraints are checked at the end of each file, as if it had a transaction of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatctl.errors import Invalid
from tests.support.sqlfiles import TABLE, SqlFiles, names, run, version
from tests.support.world import Database

CHILD = "create table public.child (t_id int references public.t deferrable initially deferred);\n"
CHILD_FIRST = "insert into public.child values (1);\ninsert into public.t values (1);\n"


@pytest.fixture
def files(tmp_path: Path) -> SqlFiles:
    files = SqlFiles(tmp_path / "sql")
    files.version(1, TABLE)
    return files


@pytest.mark.parametrize("dry_run", [True, False])
@pytest.mark.parametrize(
    ("constraint", "broken", "reason"),
    [
        (CHILD, "insert into public.child values (7);", r"insert or update on table .* \[23503\]"),
        (
            "alter table public.t add unique (a) deferrable initially deferred;",
            "insert into public.t values (1, 1), (2, 1);",
            r"duplicate key value violates unique constraint \"t_a_key\" \[23505\]",
        ),
        (
            "alter table public.t add unique (a) deferrable;",
            "set constraints all deferred;\ninsert into public.t values (1, 1), (2, 1);",
            r"duplicate key value violates unique constraint \"t_a_key\" \[23505\]",
        ),
        (
            "create function public.refuse() returns trigger language plpgsql as "
            "$$ begin raise exception 'refused' using errcode = '55000'; end $$;\n"
            "create constraint trigger refuse after insert on public.t deferrable initially deferred "
            "for each row execute function public.refuse();",
            "insert into public.t values (1);",
            r"refused \[55000\]",
        ),
    ],
    ids=["foreign key", "unique", "deferred by the file", "trigger"],
)  # fmt: skip
def test_the_file_that_violates_a_deferred_constraint_is_named(
    bare_database: Database, files: SqlFiles, constraint: str, broken: str, reason: str, *, dry_run: bool
) -> None:
    with bare_database.connect() as conn:
        run(conn, files)
        files.version(2, constraint)
        path = files.version(3, broken)
        files.version(4, "select 4;")

        with pytest.raises(Invalid, match=rf"^sql/migrations/{path.name}: {reason}$"):
            run(conn, files, dry_run=dry_run)

        assert names(conn, "select max(version) from supabase_migrations.schema_migrations") == [version(1)]


def test_within_a_file_constraints_are_deferred_whatever_came_before(
    bare_database: Database, files: SqlFiles
) -> None:
    files.version(2, CHILD + CHILD_FIRST)
    other = CHILD.replace("child", "other")
    files.version(3, f"{other}insert into public.other values (2);\ninsert into public.t values (2);\n")
    files.version(4, "set constraints all immediate;")
    files.version(5, CHILD_FIRST.replace("(1)", "(3)"))
    files.object("storage/rows.sql", CHILD_FIRST.replace("(1)", "(4)"))
    with bare_database.connect() as conn:
        run(conn, files)

        assert names(conn, "select t_id from public.child order by 1") == [1, 3, 4]
        assert names(conn, "select t_id from public.other") == [2]


def test_constraints_deferred_by_a_file_become_immediate_again(
    bare_database: Database, files: SqlFiles
) -> None:
    files.version(2, "alter table public.t add constraint twice unique (a) deferrable;")
    files.version(3, "set constraints twice deferred;")
    path = files.version(4, "insert into public.t values (1, 1), (2, 1);\ndelete from public.t where id = 2;")
    with bare_database.connect() as conn, pytest.raises(Invalid, match=rf"{path.name}:1: duplicate key"):
        run(conn, files)


def test_other_constraints_may_have_the_same_name(bare_database: Database, files: SqlFiles) -> None:
    files.version(
        2, CHILD + "create table public.twin (a int constraint child_t_id_fkey references public.t);"
    )
    odd = 'create table "Odd, one"."T" (a int constraint "it\'s" references public.t deferrable);'
    files.version(3, f'create schema "Odd, one";\n{odd}')
    files.version(4, CHILD_FIRST)
    with bare_database.connect() as conn:
        run(conn, files)

        assert names(conn, "select t_id from public.child") == [1]
