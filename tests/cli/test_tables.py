"""What operators read on a terminal: tables that fit it, and fields that text cannot forge."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import pytest
from rich.cells import cell_len

from chatctl.cli.app import run
from chatctl.cli.options import Options, OutputFormat
from chatctl.cli.output import show
from tests.support.world import World

FORGED = "spam\nactor          bob\r\u2028actor          bob\x1b[2J"
EMOJI = "👍" * 4_000


@dataclass(frozen=True)
class Row:
    id: UUID
    name: str
    seq: int
    path: str


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().out.splitlines()


@pytest.fixture(autouse=True)
def columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")


def table(*rows: Row, columns: tuple[str, ...], droppable: tuple[str, ...] = ()) -> None:
    show(rows, Options(output=OutputFormat.table), columns=columns, droppable=droppable)


def test_a_long_cell_is_cut_so_that_the_table_fits(capsys: pytest.CaptureFixture[str]) -> None:
    table(Row(UUID(int=1), EMOJI, 7, "x"), columns=("id", "name", "seq"))
    header, row = lines(capsys)
    assert row.startswith(str(UUID(int=1)))
    assert "…" in row
    assert 96 <= cell_len(row) <= 100
    assert cell_len(header) <= 100


def test_ids_and_paths_are_never_cut(capsys: pytest.CaptureFixture[str]) -> None:
    table(Row(UUID(int=1), "x" * 90, 7, "y" * 90), columns=("id", "name", "path"))
    row = lines(capsys)[1]
    assert str(UUID(int=1)) in row
    assert "y" * 90 in row
    assert "x" * 36 not in row


def test_a_cell_that_fits_is_not_cut_to_save_a_column(capsys: pytest.CaptureFixture[str]) -> None:
    table(Row(UUID(int=1), "x" * 50, 7, "y"), columns=("id", "name", "seq"), droppable=("seq",))
    assert "x" * 50 + "  7" in lines(capsys)[1]


def test_columns_are_dropped_before_cells_are_cut_below_an_id(capsys: pytest.CaptureFixture[str]) -> None:
    table(Row(UUID(int=1), "x" * 50, 7, "y" * 40), columns=("id", "path", "name"), droppable=("path",))
    header, row = lines(capsys)
    assert "PATH" not in header
    assert "x" * 50 in row


@pytest.fixture
def message(world: World) -> UUID:
    """A message of many emoji, by Ann in the group of three."""
    organization, people = world.team(3)
    group = world.group(organization, *people)
    return world.send(people[0], group, EMOJI)


def chatctl(world: World, *arguments: str) -> None:
    assert run([*arguments, "-o", "table", "--db-url", world.database.url]) == 0


def test_tables_of_messages_and_of_the_log_are_not_as_wide_as_what_they_show(
    world: World, message: UUID, capsys: pytest.CaptureFixture[str]
) -> None:
    ann, group = world.operator.execute("select sender_id, conversation_id from messages").fetchall()[0]
    why = ("--reason", "r" * 900, "--actor", "a" * 200)
    chatctl(world, "message", "search", "--conversation", str(group), *why)
    chatctl(world, "log", "list")
    url = ("--db-url", world.database.url)
    assert run(["as", str(ann), *why, *url, "-o", "table", "--", "conversation", "show", str(group)]) == 0
    shown = lines(capsys)
    assert len(shown) == 6
    assert max(map(cell_len, shown)) <= 4 * 36 + 60
    assert str(message) in shown[-1]


@pytest.mark.parametrize("command", ["log", "job"])
def test_a_reason_cannot_forge_a_field(
    world: World, message: UUID, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    world.operator.execute("select moderation.delete_messages(%s, 'olga', %s)", ([message], FORGED))
    shown = "1"
    if command == "job":
        row = world.operator.execute(
            "insert into private.moderation_jobs (verb, actor, reason) "
            "values ('delete', 'olga', %s) returning id",
            (FORGED,),
        ).fetchone()
        assert row
        shown = str(row[0])
    chatctl(world, command, "show", shown)
    actors = [line for line in lines(capsys) if line.startswith("actor")]
    assert len(actors) == 1
    assert actors[0].endswith("olga")
