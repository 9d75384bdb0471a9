"""The moderation log is append-only, and tampering by the owner of its table shows."""

from __future__ import annotations

import json
from pathlib import Path
from threading import Thread

import psycopg
import pytest

from chatctl.db.connection import Connection
from chatctl.errors import Invalid
from chatctl.services.moderation import log, logexport
from chatctl.services.moderation.log import LogFilter
from tests.support.world import World

ROWS = 8


@pytest.fixture
def logged(world: World) -> Connection:
    """A connection to a database whose log has eight rows."""
    for number in range(ROWS):
        world.operator.execute(
            "select moderation.log_read('message show', '{}', '{}', 'ann', %s)", (f"reason {number}",)
        )
    return world.operator


def tamper(conn: Connection, *statements: str) -> None:
    """Run statements as the owner of the table, who can disable its triggers."""
    with conn.transaction():
        conn.execute("alter table private.moderation_log disable trigger user")
        conn.execute("alter table private.moderation_log drop constraint moderation_log_one_successor")
        conn.execute("alter table private.moderation_log alter column id drop identity")
        for statement in statements:
            conn.execute(statement.encode())
        conn.execute("alter table private.moderation_log enable trigger user")


def problems(conn: Connection) -> list[tuple[int, str]]:
    return [(found.id, found.problem) for found in log.verify(conn)[1]]


def test_an_untouched_log_is_intact(logged: Connection) -> None:
    assert log.verify(logged) == (ROWS, [])


@pytest.mark.parametrize(
    "statement",
    [
        "update private.moderation_log set reason = 'other'",
        "delete from private.moderation_log",
        "truncate private.moderation_log",
    ],
)
def test_the_log_is_append_only_for_its_owner(logged: Connection, statement: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        logged.execute(statement.encode())


@pytest.mark.parametrize("column", ["reason = 'other'", "actor = 'ben'", "at = at - interval '1 day'",
                                    "ticket = 'T-9'", "details = '{}'", "targets = '{}'",
                                    "database_role = 'nobody'", "client = null"])  # fmt: skip
def test_a_changed_row_is_found(logged: Connection, column: str) -> None:
    tamper(logged, f"update private.moderation_log set {column} where id = 4")
    assert problems(logged) == [(4, "changed")]


def test_a_row_that_was_changed_and_hashed_again_is_found(logged: Connection) -> None:
    tamper(
        logged,
        "update private.moderation_log set reason = 'other' where id = 4",
        "update private.moderation_log l set hash = private.moderation_log_hash(l) where id = 4",
    )
    assert problems(logged) == [(4, "changed")]


@pytest.mark.parametrize("number", [1, 4, ROWS])
def test_a_missing_row_is_found(logged: Connection, number: int) -> None:
    tamper(logged, f"delete from private.moderation_log where id = {number}")
    assert problems(logged) == [(number, "missing")]


def test_an_inserted_row_is_found(logged: Connection) -> None:
    tamper(
        logged,
        "insert into private.moderation_log "
        "(id, actor, action, target_type, target_id, reason, previous_hash, hash) "
        "select 100, actor, action, target_type, target_id, 'never', previous_hash, hash "
        "from private.moderation_log where id = 4",
        "update private.moderation_log l set hash = private.moderation_log_hash(l) where id = 100",
    )
    assert problems(logged) == [(100, "inserted")]


def test_swapped_rows_are_found(logged: Connection) -> None:
    tamper(
        logged,
        "update private.moderation_log set id = 1000 where id = 3",
        "update private.moderation_log set id = 3 where id = 6",
        "update private.moderation_log set id = 6 where id = 1000",
    )
    assert problems(logged) == [(3, "swapped"), (6, "swapped")]


def test_a_row_with_other_bounds_of_its_targets_is_found(logged: Connection) -> None:
    logged.execute("select moderation.log_read('user show', '{message:1,message:2}', '{}', 'ann', 'last')")
    assert log.verify(logged) == (ROWS + 1, [])
    tamper(
        logged,
        f"update private.moderation_log set targets = '[0:1]={{message:1,message:2}}' where id = {ROWS + 1}",
    )
    assert problems(logged) == [(ROWS + 1, "changed")]


@pytest.mark.parametrize("head", ["", "update private.moderation_log_head set log_id = 100"])
def test_a_renumbered_last_row_is_found(logged: Connection, head: str) -> None:
    tamper(logged, f"update private.moderation_log set id = 100 where id = {ROWS}", *filter(None, [head]))
    assert problems(logged) == [(100, "changed")]


def test_rows_that_were_all_renumbered_are_found(logged: Connection) -> None:
    tamper(
        logged,
        "update private.moderation_log set id = id + 100",
        "update private.moderation_log_head set log_id = log_id + 100",
    )
    assert problems(logged) == [(number + 100, "changed") for number in range(1, ROWS + 1)]


def test_another_number_in_the_head_is_found(logged: Connection) -> None:
    tamper(logged, "update private.moderation_log_head set log_id = 100")
    assert problems(logged) == [(ROWS, "renumbered")]


def test_an_export_proves_that_the_whole_chain_was_rewritten(logged: Connection, tmp_path: Path) -> None:
    file = tmp_path / "log.ndjson"
    assert logexport.write(logged, file)[0] == ROWS
    tamper(
        logged,
        """
        do $$
        declare entry private.moderation_log; last bytea := '\\x';
        begin
          for entry in select * from private.moderation_log order by id loop
            entry.reason := case entry.id when 4 then 'other' else entry.reason end;
            entry.previous_hash := last;
            last := private.moderation_log_hash(entry);
            update private.moderation_log
            set reason = entry.reason, previous_hash = entry.previous_hash, hash = last where id = entry.id;
          end loop;
          update private.moderation_log_head set hash = last;
        end $$
        """,
    )
    rows, broken = log.verify(logged)
    assert (rows, broken) == (ROWS, [])
    found = logexport.compared(logged, logexport.read(file), broken)
    assert [(each.id, each.problem) for each in found] == [(n, "changed") for n in range(4, ROWS + 1)]


HASHES_NOTHING = (
    "create or replace function private.moderation_log_hash(p_entry private.moderation_log) returns bytea "
    "language sql immutable as $$ select p_entry.hash $$"
)


@pytest.mark.parametrize("column", ["reason = 'other'", "actor = 'ben'", "at = at - interval '1 second'",
                                    "ticket = 'T-9'", "details = '{}'", "targets = '{user:1}'",
                                    "database_role = 'nobody'", "client = null", "job_id = gen_random_uuid()",
                                    "organization_id = gen_random_uuid()", "target_id = '7'"])  # fmt: skip
def test_an_export_shows_a_change_that_a_replaced_hash_function_hides(
    logged: Connection, tmp_path: Path, column: str
) -> None:
    file = tmp_path / "log.ndjson"
    logexport.write(logged, file)
    tamper(logged, HASHES_NOTHING, f"update private.moderation_log set {column} where id = 4")
    assert problems(logged) == []
    found = logexport.compared(logged, logexport.read(file), [])
    assert [(each.id, each.problem) for each in found] == [(4, "changed")]


def test_an_export_shows_that_the_newest_rows_were_cut_off(logged: Connection, tmp_path: Path) -> None:
    file = tmp_path / "log.ndjson"
    logexport.write(logged, file)
    tamper(
        logged,
        f"delete from private.moderation_log where id = {ROWS}",
        "update private.moderation_log_head h set log_id = l.id, hash = l.hash "
        f"from private.moderation_log l where l.id = {ROWS - 1}",
    )
    assert problems(logged) == []
    found = logexport.compared(logged, logexport.read(file), [])
    assert [(each.id, each.problem) for each in found] == [(ROWS, "missing")]


def test_an_export_of_a_session_in_another_time_zone_is_the_same(logged: Connection, tmp_path: Path) -> None:
    file = tmp_path / "log.ndjson"
    logged.execute("set timezone = 'Asia/Kolkata'")
    logexport.write(logged, file)
    logged.execute("set timezone = 'America/Lima'")
    logged.execute("select moderation.log_read('message show', '{}', '{}', 'ann', 'after the export')")
    assert logexport.compared(logged, logexport.read(file), []) == []


@pytest.mark.parametrize(
    "damage", ["no json", '{"id": 1}', "[]", '{"id": 1, "previous_hash": "x", "hash": "y"}']
)
def test_a_file_that_is_not_an_export_is_named_with_its_line(tmp_path: Path, damage: str) -> None:
    file = tmp_path / "log.ndjson"
    file.write_text(f"{damage}\n")
    with pytest.raises(Invalid, match=r"log\.ndjson, line 1"):
        logexport.read(file)


def test_an_export_is_complete(logged: Connection, tmp_path: Path) -> None:
    file = tmp_path / "log.ndjson"
    logexport.write(logged, file)
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    assert [row["id"] for row in rows] == list(range(1, ROWS + 1))
    assert [row["reason"] for row in rows] == [f"reason {number}" for number in range(ROWS)]


def test_parallel_writers_make_one_chain(world: World) -> None:
    def write() -> None:
        with world.database.connect() as conn:
            for _ in range(10):
                conn.execute("select moderation.log_read('message show', '{}', '{}', 'ann', 'parallel')")

    writers = [Thread(target=write) for _ in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert log.verify(world.operator) == (80, [])


def test_rows_that_an_earlier_release_wrote_are_part_of_the_chain(world: World) -> None:
    world.operator.execute("select private.set_limit('edit', 60, '1 minute', 'ann', 'a busy week')")
    assert log.verify(world.operator) == (1, [])
    assert [entry.action for entry in log.entries(world.operator, LogFilter(action="limit"), count=5)] == [
        "limit.change"
    ]


def test_the_rows_of_a_ticket(world: World) -> None:
    for ticket in ("T-1", "T-2", None):
        world.operator.execute("select private.log_act('x', '{a:1}', 'olga', 'reason', %s)", (ticket,))
    rows = log.entries(world.operator, LogFilter(ticket="T-2"), count=5)
    assert [entry.ticket for entry in rows] == ["T-2"]


def test_the_log_names_the_user_of_a_pseudonym(world: World) -> None:
    ann = world.user("ann")
    pseudonym = world.fact("select private.log_pseudonym(%s)", ann)
    for targets in (["message:1", pseudonym], ["user:" + "-" * 36, "user:", "x" * 41]):
        world.operator.execute("select private.log_act('x', %s, 'olga', 'reason', null)", (targets,))
    assert [entry.user_id for entry in log.entries(world.operator, LogFilter(), count=5)] == [None, ann]


def test_a_page_of_the_log_does_not_read_all_pseudonyms(world: World) -> None:
    with world.operator.transaction():
        world.operator.execute("set local enable_seqscan = off")
        plan = world.operator.execute("explain select user_id from moderation.log").fetchall()
    assert any("log_pseudonyms_pkey" in line for (line,) in plan), plan
